//! `stats --openmetrics` and `attach --metrics`: the counters as text for a monitoring system, by the rules of
//! OpenMetrics 1.0. docs/METRICS.md lists the names.

use std::fmt::Write;

use anyhow::Result;

use crate::model::{ActiveScheduler, KindWaits, Waits};
use crate::scheduler::{Counter, Counters, Handle, sysfs};

/// The type of the text, for HTTP.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper bounds of a histogram's buckets: from 2^10 ns (1 µs) by four to 2^34 ns (17 s).
const FIRST: u32 = 10;
const STEP: u32 = 2;
const BOUNDS: u32 = 13;

/// The content of `/sys/kernel/sched_ext/state` is one of these.
const STATES: [&str; 4] = ["enabling", "enabled", "disabling", "disabled"];

/// The metrics of the scheduler as a whole.
struct State {
    attached: bool,
    /// The kernel's word for it.
    kernel: String,
    members: usize,
    capacity: u32,
    guarantee_percent: u8,
}

/// Returns one text with an end marker, as a textfile collector or a scrape reads it.
///
/// # Errors
/// If the maps cannot be read.
pub fn of(handle: &Handle) -> Result<String> {
    let state = State {
        attached: sysfs::active_scheduler() == ActiveScheduler::Dualq,
        kernel: sysfs::state(),
        members: handle.members.entries()?.len(),
        capacity: handle.members.capacity(),
        guarantee_percent: handle.tunables()?.guarantee_percent,
    };
    let waits = match &handle.waits {
        Ok(reader) => reader.read(|_| None).ok(),
        Err(_) => None,
    };
    text(&state, &handle.counters()?, waits.as_ref())
}

fn text(state: &State, counters: &Counters, waits: Option<&Waits>) -> Result<String> {
    let mut out = String::new();
    let name = "dualq_build_info";
    head(&mut out, name, "gauge", "The version of dualq-top.")?;
    writeln!(out, "{name}{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
    gauge(
        &mut out,
        "dualq_attached",
        "Whether dualq is the active scheduler.",
        u64::from(state.attached),
    )?;
    let name = "dualq_sched_ext_state";
    head(
        &mut out,
        name,
        "gauge",
        "The kernel's state of sched_ext: 1 for the one that holds.",
    )?;
    for known in STATES {
        let holds = u8::from(state.kernel == known);
        writeln!(out, "{name}{{state=\"{known}\"}} {holds}")?;
    }
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
    let name = "dualq_batch_guarantee_ratio";
    let help = "Share of CPU time that BATCH keeps on a contended CPU.";
    head(&mut out, name, "gauge", help)?;
    writeln!(out, "{name} {}", f64::from(state.guarantee_percent) / 100.0)?;
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
#[path = "../../tests/support/openmetrics.rs"]
mod parser;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Two CPUs, and a wait of each kind.
    fn example() -> String {
        let mut waits = Waits::default();
        waits.priority.wake.histogram.count(5000, 3);
        waits.batch.requeue.histogram.count(4_000_000, 2);
        let state = State {
            attached: true,
            kernel: "enabled".to_owned(),
            members: 3,
            capacity: 10_000,
            guarantee_percent: 10,
        };
        text(&state, &Counters::example(2), Some(&waits)).unwrap()
    }

    #[test]
    #[allow(clippy::float_cmp)]
    fn the_text_keeps_the_rules_of_the_standard() {
        let families = parser::parse(&example()).unwrap();
        assert_eq!(families["dualq_members"].value(""), 3.0);
        assert_eq!(
            families["dualq_sched_ext_state"].value("state=\"enabled\""),
            1.0
        );
        assert_eq!(
            families["dualq_sched_ext_state"].value("state=\"disabled\""),
            0.0
        );
        assert_eq!(families["dualq_batch_guarantee_ratio"].value(""), 0.1);
        let waits = &families["dualq_wait_seconds"];
        assert_eq!(
            (waits.kind.as_str(), waits.samples.len()),
            ("histogram", 4 * 14)
        );
        assert_eq!(families["dualq_rescues"].kind, "counter");
    }

    /// The names in backquotes of docs/METRICS.md, and every word of the board's queries.
    #[test]
    fn document_and_board_name_exported_metrics_only() {
        let families = parser::parse(&example()).unwrap();
        let exported: BTreeSet<&str> = families.keys().map(String::as_str).collect();
        let document = include_str!("../../docs/METRICS.md");
        let documented: BTreeSet<&str> = document
            .split('`')
            .filter(|word| word.starts_with("dualq_"))
            .collect();
        assert_eq!(documented, exported);

        let samples: BTreeSet<&str> = families
            .values()
            .flat_map(|family| family.samples.iter().map(|sample| sample.name.as_str()))
            .collect();
        let board: serde_json::Value =
            serde_json::from_str(include_str!("../../assets/grafana.json")).unwrap();
        let mut queries = Vec::new();
        strings(&board, "expr", &mut queries);
        strings(&board, "query", &mut queries);
        let named: BTreeSet<&str> = queries
            .iter()
            .flat_map(|query| query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
            .filter(|word| word.starts_with("dualq_"))
            .collect();
        let unknown: Vec<_> = named.difference(&samples).collect();
        assert!(
            unknown.is_empty() && named.len() > 8,
            "{unknown:?} of {named:?}"
        );
    }

    /// Collects the strings that a key names, anywhere in the value.
    fn strings<'a>(value: &'a serde_json::Value, key: &str, found: &mut Vec<&'a str>) {
        match value {
            serde_json::Value::Object(map) => {
                for (name, value) in map {
                    if name == key {
                        found.extend(value.as_str());
                    }
                    strings(value, key, found);
                }
            }
            serde_json::Value::Array(values) => {
                for value in values {
                    strings(value, key, found);
                }
            }
            _ => {}
        }
    }

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
