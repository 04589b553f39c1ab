//! `stats --openmetrics`: the counters as text for a monitoring system, by the rules of OpenMetrics 1.0.

use std::fmt::Write;

use anyhow::Result;

use crate::model::{KindWaits, Waits};
use crate::scheduler::{Counter, Counters};

/// The upper bounds of a histogram's buckets: from 2^10 ns (1 µs) by four to 2^34 ns (17 s).
const FIRST: u32 = 10;
const STEP: u32 = 2;
const BOUNDS: u32 = 13;

/// The metrics of the scheduler as a whole.
pub struct State {
    pub members: usize,
    pub capacity: u32,
    pub guarantee_percent: Option<u32>,
}

/// One text with an end marker, as a textfile collector or a scrape reads it.
pub fn text(state: &State, counters: &Counters, waits: Option<&Waits>) -> Result<String> {
    let mut out = String::new();
    gauge(
        &mut out,
        "dualq_attached",
        "Whether dualq is the active scheduler.",
        1,
    )?;
    gauge(
        &mut out,
        "dualq_members",
        "Processes in PRIORITY.",
        state.members as u64,
    )?;
    gauge(
        &mut out,
        "dualq_members_limit",
        "How many processes PRIORITY has room for.",
        u64::from(state.capacity),
    )?;
    if let Some(percent) = state.guarantee_percent {
        head(
            &mut out,
            "dualq_batch_guarantee_ratio",
            "gauge",
            "Share of CPU time that BATCH keeps on a contended CPU.",
        )?;
        writeln!(
            out,
            "dualq_batch_guarantee_ratio {}",
            f64::from(percent) / 100.0
        )?;
    }
    for counter in Counter::ALL {
        of_each_cpu(&mut out, counters, counter)?;
    }
    if let Some(waits) = waits {
        histograms(&mut out, waits)?;
    }
    out.push_str("# EOF\n");
    Ok(out)
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> Result<()> {
    // The order that the standard asks for: type, unit, help.
    writeln!(out, "# TYPE {name} {kind}")?;
    if name.ends_with("_seconds") {
        writeln!(out, "# UNIT {name} seconds")?;
    }
    Ok(writeln!(out, "# HELP {name} {help}")?)
}

fn gauge(out: &mut String, name: &str, help: &str, value: u64) -> Result<()> {
    head(out, name, "gauge", help)?;
    Ok(writeln!(out, "{name} {value}")?)
}

/// A counter's name is its key in `stats --json`, times in seconds.
fn of_each_cpu(out: &mut String, counters: &Counters, counter: Counter) -> Result<()> {
    let key = counter.key();
    let time = key.strip_suffix("_ns");
    let name = time.map_or_else(
        || format!("dualq_{key}"),
        |key| format!("dualq_{key}_cpu_seconds"),
    );
    head(
        out,
        &name,
        "counter",
        &format!("`{key}` of `dualq-top stats --json`, by CPU."),
    )?;
    for cpu in 0..counters.possible_cpus() {
        let value = counters.of(cpu, counter);
        let value = if time.is_some() {
            seconds(value)
        } else {
            value.to_string()
        };
        writeln!(out, "{name}_total{{cpu=\"{cpu}\"}} {value}")?;
    }
    Ok(())
}

fn histograms(out: &mut String, waits: &Waits) -> Result<()> {
    let name = "dualq_wait_seconds";
    head(
        out,
        name,
        "histogram",
        "How long tasks waited for a CPU: after being woken, and after being preempted.",
    )?;
    for (queue, waits) in [("priority", &waits.priority), ("batch", &waits.batch)] {
        for (kind, waits) in [("wake", &waits.wake), ("requeue", &waits.requeue)] {
            let labels = format!("queue=\"{queue}\",kind=\"{kind}\"");
            histogram(out, name, &labels, waits)?;
        }
    }
    Ok(())
}

/// The instrument's own buckets are finer, and none of them crosses one of these bounds.
fn histogram(out: &mut String, name: &str, labels: &str, waits: &KindWaits) -> Result<()> {
    let columns = ((BOUNDS - 1) * STEP + 2) as usize;
    let octaves = waits.histogram.octaves(FIRST, columns);
    for bound in 0..BOUNDS {
        let below = octaves.iter().take((bound * STEP + 1) as usize);
        let (count, ns) = (below.sum::<u64>(), 1 << (FIRST + bound * STEP));
        writeln!(
            out,
            "{name}_bucket{{{labels},le=\"{}\"}} {count}",
            seconds(ns)
        )?;
    }
    // Without a count, which would ask for a sum: the instrument keeps none, and one made of its
    // buckets would be an estimate. The last bucket is the count.
    let total = waits.histogram.total();
    Ok(writeln!(
        out,
        "{name}_bucket{{{labels},le=\"+Inf\"}} {total}"
    )?)
}

/// Nanoseconds as seconds, with every digit.
fn seconds(ns: u64) -> String {
    let text = format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
    let text = text.trim_end_matches('0');
    // Not "1.": a fraction has digits.
    if text.ends_with('.') {
        format!("{text}0")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_of_waits_are_cumulative_and_in_seconds() {
        let mut waits = KindWaits::default();
        waits.histogram.count(500, 3);
        waits.histogram.count(1_000_000, 2);
        waits.histogram.count(60_000_000_000, 1);
        let mut out = String::new();
        histogram(&mut out, "w", "q=\"x\"", &waits).unwrap();
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], "w_bucket{q=\"x\",le=\"0.000001024\"} 3");
        assert_eq!(lines[4], "w_bucket{q=\"x\",le=\"0.000262144\"} 3");
        assert_eq!(lines[5], "w_bucket{q=\"x\",le=\"0.001048576\"} 5");
        assert_eq!(lines[12], "w_bucket{q=\"x\",le=\"17.179869184\"} 5");
        assert_eq!(lines[13], "w_bucket{q=\"x\",le=\"+Inf\"} 6");
        // OpenMetrics: a count only with a sum.
        assert_eq!(lines.len(), 14);
        assert_eq!(seconds(2_000_000_000), "2.0");
    }
}
