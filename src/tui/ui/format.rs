//! Numbers for people, of a fixed width, so that nothing moves when they change.

use std::time::Duration;

/// A rate in five cells: `    0`, `  7.3`, `  940`, ` 1.2k`, `18.4k`, ` 184k`, ` 1.1M`.
#[must_use]
pub fn rate(value: f32) -> String {
    format!("{:>5}", short(value, 99.95))
}

/// A rate in four cells: `  0`, ` 7.3`, ` 940`, `1.2k`, ` 18k`, `184k`, `1.1M`.
#[must_use]
pub fn narrow_rate(value: f32) -> String {
    format!("{:>4}", short(value, 9.95))
}

/// With one decimal below `fine`, in units of a thousand.
fn short(value: f32, fine: f32) -> String {
    if !value.is_finite() || value < 0.0 {
        return "?".into();
    }
    if value < 0.05 {
        return "0".into();
    }
    let mut value = value;
    for unit in ["", "k", "M", "G", "T"] {
        // Below a thousand, tenths are of interest for single digits only.
        let tenths = if unit.is_empty() { 9.95 } else { fine };
        if value < tenths {
            return format!("{value:.1}{unit}");
        }
        if value < 999.5 {
            return format!("{value:.0}{unit}");
        }
        value /= 1000.0;
    }
    "lots".into()
}

/// A number without tenths, as short as it goes: `5k`.
#[must_use]
pub fn round(value: f32) -> String {
    short(value, 9.95).replace(".0", "")
}

/// CPU time per time, in at most ten cells.
#[must_use]
pub fn cpus(value: f32) -> String {
    let digits = if value < 99.995 { 2 } else { 1 };
    format!("{value:.digits$} CPUs")
}

/// A ratio to one in 13 cells, the colon always at the same place: `  1.7 : 1    `, `    1 : 2.4  `.
#[must_use]
pub fn ratio(priority: f32, batch: f32) -> String {
    let side = |value: f32| {
        if value < 9.95 {
            format!("{value:.1}")
        } else {
            short(value, 9.95)
        }
    };
    if priority <= 0.0 || batch <= 0.0 {
        let one = |value: f32| if value > 0.0 { "1" } else { "0" };
        return format!("{:>5} : {:<5}", one(priority), one(batch));
    }
    if priority >= batch {
        format!("{:>5} : {:<5}", side(priority / batch), "1")
    } else {
        format!("{:>5} : {:<5}", "1", side(batch / priority))
    }
}

/// Two shares of a hundred in nine cells, the colon always at the same place: ` 63 : 37 `.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn shares(priority: f32) -> String {
    let percent = (priority * 100.0).round().clamp(0.0, 100.0) as u8;
    format!("{percent:>3} : {:<3}", 100 - percent)
}

/// A time since something began, in its two largest units.
#[must_use]
pub fn since(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours:02}h"),
    }
}

/// CPU time as `ps` prints it, in eight cells: ` 1:02.33`, `12:34:56`.
#[must_use]
pub fn cpu_time(time: Duration) -> String {
    let seconds = time.as_secs();
    let text = if seconds < 3600 {
        format!(
            "{}:{:02}.{:02}",
            seconds / 60,
            seconds % 60,
            time.subsec_millis() / 10
        )
    } else if seconds < 100 * 3600 {
        format!(
            "{}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    } else {
        format!("{}h", seconds / 3600)
    };
    format!("{text:>8}")
}

/// The share of one CPU in six cells.
#[must_use]
pub fn percent(value: Option<f32>, missing: &str) -> String {
    match value {
        Some(value) if value < 9999.95 => format!("{value:>6.1}"),
        Some(value) => format!("{value:>6.0}"),
        None => format!("{missing:>6}"),
    }
}

/// A wait in seven cells, the unit always at the same place: ` 812 ns`, `41.9 µs`, ` 212 µs`, `1.24 s `.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn wait(ns: Option<u64>, missing: &str) -> String {
    let Some(ns) = ns else {
        return format!("{missing:>4}   ");
    };
    let mut value = ns as f64;
    for unit in ["ns", "µs", "ms"] {
        if value < 999.5 {
            return format!("{} {unit}", three_digits(value, unit == "ns"));
        }
        value /= 1000.0;
    }
    format!("{} s ", three_digits(value, false))
}

/// In four cells.
fn three_digits(value: f64, whole: bool) -> String {
    if value < 9.995 && !whole {
        format!("{value:>4.2}")
    } else if value < 99.95 && !whole {
        format!("{value:>4.1}")
    } else {
        format!("{:>4.0}", value.min(9999.0))
    }
}

/// Memory in units of 1024.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn bytes(value: u64) -> String {
    let mut value = value as f64;
    for unit in ["B", "K", "M", "G", "T"] {
        if value < 9.95 && unit != "B" {
            return format!("{value:.1}{unit}");
        }
        if value < 1023.5 {
            return format!("{value:.0}{unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.0}P")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::cast_precision_loss)]
    fn rates_never_change_their_width() {
        for exponent in 0..140 {
            for step in [1.0_f32, 1.7, 9.4, 9.949, 9.96, 9.995, 9.9999] {
                let value = step * 10_f32.powf(exponent as f32 / 10.0);
                if value < 9e14 {
                    assert_eq!(rate(value).len(), 5, "{value}");
                    assert_eq!(narrow_rate(value).len(), 4, "{value}");
                }
            }
        }
        assert_eq!(rate(0.0), "    0");
        assert_eq!(rate(7.25), "  7.2");
        assert_eq!(rate(940.4), "  940");
        assert_eq!(rate(18_400.0), "18.4k");
        assert_eq!(narrow_rate(18_400.0), " 18k");
        assert_eq!(rate(1_100_000.0), " 1.1M");
    }

    #[test]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn waits_never_change_their_width() {
        for exponent in 0..64 {
            for step in [1.0_f64, 1.7, 9.4, 9.949, 9.96, 9.995, 9.9999] {
                let ns = (step * 2_f64.powi(exponent)) as u64;
                assert_eq!(wait(Some(ns), "-").chars().count(), 7, "{ns}");
            }
        }
        assert_eq!(wait(Some(812), "-"), " 812 ns");
        assert_eq!(wait(Some(8_190), "-"), "8.19 µs");
        assert_eq!(wait(Some(41_900), "-"), "41.9 µs");
        assert_eq!(wait(Some(999_600), "-"), "1.00 ms");
        assert_eq!(wait(Some(1_240_000_000), "-"), "1.24 s ");
        assert_eq!(wait(None, "-"), "   -   ");
    }

    #[test]
    fn ratios_keep_their_colon_in_place() {
        for (priority, batch) in [
            (17.0, 10.0),
            (1.0, 2.44),
            (0.0, 5.0),
            (5.0, 0.0),
            (1e6, 1.0),
            (1.0, 1.0),
        ] {
            let text = ratio(priority, batch);
            assert_eq!((text.len(), text.find(':')), (13, Some(6)), "{text}");
        }
        assert_eq!(ratio(17.0, 10.0).trim(), "1.7 : 1");
        assert_eq!(ratio(1.0, 2.44).trim(), "1 : 2.4");
        assert_eq!(ratio(5.0, 0.0).trim(), "1 : 0");
        assert_eq!(shares(0.63).trim(), "63 : 37");
        assert_eq!(shares(1.0), "100 : 0  ");
    }

    #[test]
    fn times_and_sizes_read_well() {
        assert_eq!(since(Duration::from_secs(41)), "41s");
        assert_eq!(since(Duration::from_secs(761)), "12m41s");
        assert_eq!(since(Duration::from_secs(200_000)), "2d07h");
        assert_eq!(cpu_time(Duration::from_millis(62_330)), " 1:02.33");
        assert_eq!(bytes(3_300_000_000), "3.1G");
    }
}
