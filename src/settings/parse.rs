//! Parses the text of the file into settings, or into the first fault in it.

use std::time::Duration;

use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::{Entry, entries, quoted};
use super::fault::{TextFault, nearest};
use super::keys;
use super::values::Settings;
use crate::sys::text::scrub;
use crate::tui::app::order::SortKey;

/// The names of all settings.
pub const NAMES: [&str; 10] = [
    "theme",
    "ascii",
    "interval",
    "columns",
    "sort",
    "inverted",
    "batch-guarantee",
    "batch-order",
    "watchdog",
    "keys",
];

/// The range of the interval, in seconds.
const INTERVALS: std::ops::RangeInclusive<f64> = 0.25..=10.0;

/// Parses a file. The remedy says what is expected of one that is not TOML.
///
/// # Errors
/// The first fault.
pub(crate) fn table<'a>(bytes: &'a [u8], remedy: &str) -> Result<Spanned<DeTable<'a>>, TextFault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        TextFault::new(
            error.valid_up_to(),
            "not UTF-8: save the file in this encoding",
        )
    })?;
    DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = scrub(error.message().as_bytes());
        TextFault::new(at, format!("not TOML ({message}): {remedy}"))
    })
}

impl Settings {
    /// # Errors
    /// The first fault.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, TextFault> {
        let table = table(bytes, "write name = value")?;
        let mut settings = Self::default();
        for entry in entries(table.get_ref()) {
            settings.set(&entry)?;
        }
        Ok(settings)
    }

    fn set(&mut self, entry: &Entry<'_>) -> Result<(), TextFault> {
        let preferences = &mut self.preferences;
        match entry.name {
            "theme" => self.theme = Some(word(entry)?),
            "ascii" => self.ascii = Some(yes_or_no(entry)?),
            "interval" => preferences.interval = interval(entry)?,
            "columns" => preferences.columns = columns(entry)?,
            "sort" => preferences.sort = column(entry.name, entry.value)?,
            "inverted" => preferences.inverted = yes_or_no(entry)?,
            "batch-guarantee" => self.batch_guarantee = Some(whole(entry, 0..=50, "percent")?),
            "batch-order" => self.batch_order = Some(word(entry)?),
            "watchdog" => self.watchdog = Some(whole(entry, 1..=30, "seconds")?),
            "keys" => {
                let DeValue::Table(table) = entry.value.get_ref() else {
                    return Err(wants(entry, "a table: [keys], and below it action = key"));
                };
                preferences.keymap = keys::parse(table, preferences.keymap.clone())?;
            }
            other => {
                let near = nearest(other, NAMES);
                let other = quoted(other);
                return Err(TextFault::new(
                    entry.at,
                    format!("unknown setting {other}: did you mean \"{near}\"?"),
                ));
            }
        }
        Ok(())
    }
}

fn wants(entry: &Entry<'_>, what: &str) -> TextFault {
    TextFault::new(
        entry.value.span().start,
        format!("invalid value of {}: expected {what}", entry.name),
    )
}

/// Reads one of the words that the command line accepts as well.
fn word<T: ValueEnum>(entry: &Entry<'_>) -> Result<T, TextFault> {
    let known: Vec<String> = T::value_variants()
        .iter()
        .filter_map(T::to_possible_value)
        .map(|value| format!("\"{}\"", value.get_name()))
        .collect();
    let wants = || wants(entry, &format!("one of {}", known.join(", ")));
    match entry.value.get_ref() {
        DeValue::String(word) => T::from_str(word, false).map_err(|_| wants()),
        _ => Err(wants()),
    }
}

fn yes_or_no(entry: &Entry<'_>) -> Result<bool, TextFault> {
    match entry.value.get_ref() {
        DeValue::Boolean(value) => Ok(*value),
        _ => Err(wants(entry, "true or false, without quotes")),
    }
}

fn whole(
    entry: &Entry<'_>,
    range: std::ops::RangeInclusive<u8>,
    unit: &str,
) -> Result<u8, TextFault> {
    let number = match entry.value.get_ref() {
        DeValue::Integer(number) => u8::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            let (from, to) = (range.start(), range.end());
            wants(
                entry,
                &format!("a whole number from {from} to {to} ({unit})"),
            )
        })
}

fn interval(entry: &Entry<'_>) -> Result<Duration, TextFault> {
    let seconds: Option<f64> = match entry.value.get_ref() {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    };
    seconds
        .filter(|seconds| INTERVALS.contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| {
            let (from, to) = (INTERVALS.start(), INTERVALS.end());
            wants(entry, &format!("a number from {from} to {to} (seconds)"))
        })
}

fn columns(entry: &Entry<'_>) -> Result<Vec<SortKey>, TextFault> {
    let DeValue::Array(names) = entry.value.get_ref() else {
        return Err(wants(
            entry,
            "a list of columns: [\"PID\", \"CPU%\", \"COMMAND\"]",
        ));
    };
    if names.is_empty() {
        return Err(wants(entry, "at least one column"));
    }
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let column = column(entry.name, name)?;
        if columns.contains(&column) {
            return Err(TextFault::new(
                name.span().start,
                format!("the column {} is named twice: leave one out", column.name()),
            ));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn column(setting: &str, value: &Spanned<DeValue<'_>>) -> Result<SortKey, TextFault> {
    let at = value.span().start;
    let DeValue::String(name) = value.get_ref() else {
        return Err(TextFault::new(
            at,
            format!("invalid value of {setting}: expected names of columns in quotes, \"CPU%\""),
        ));
    };
    SortKey::ALL
        .into_iter()
        .find(|column| column.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            let near = nearest(name, SortKey::ALL.map(SortKey::name));
            let name = quoted(name);
            TextFault::new(
                at,
                format!("unknown column {name}: did you mean \"{near}\"?"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_file_holds_it_is_refused_or_read() {
        // Every cut of the sample, and every one of its bytes replaced by something else.
        let sample = include_bytes!("../../assets/config.toml");
        let uncommented: Vec<u8> = sample
            .iter()
            .copied()
            .filter(|byte| *byte != b'#')
            .collect();
        for end in (0..uncommented.len()).step_by(7) {
            let _ = Settings::parse(&uncommented[..end]);
        }
        for (at, other) in (0..uncommented.len()).zip(b"[]{}=\"'\\\0\xff\n1.".iter().cycle()) {
            let mut changed = uncommented.clone();
            changed[at] = *other;
            let _ = Settings::parse(&changed);
        }
        assert!(Settings::parse(&b"[".repeat(60_000)).is_err());
    }
}
