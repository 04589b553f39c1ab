//! Formats how long tasks waited, for `stats`.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;

use crate::model::{ENOUGH_FOR_P50, ENOUGH_FOR_P99};
use crate::model::{KindWaits, NoWaits, QueueWaits, Waits};

/// The JSON output. Its keys are an interface: see docs/JSON.md.
#[derive(Serialize)]
pub struct Json {
    priority: Queue,
    batch: Queue,
    /// The cost of measuring; `null` if the kernel does not count it.
    cost: Option<Cost>,
}

#[derive(Serialize)]
struct Queue {
    wake: KindJson,
    requeue: KindJson,
}

#[derive(Serialize)]
struct KindJson {
    count: u64,
    /// The median; `null` if there are too few waits.
    p50_ns: Option<u64>,
    p99_ns: Option<u64>,
    /// The maximum since the last move, attach or detach; `null` if no task has waited since.
    max_ns: Option<u64>,
}

#[derive(Serialize)]
struct Cost {
    events: u64,
    ns: u64,
}

impl Json {
    pub fn of(waits: &Waits) -> Self {
        let queue = |queue: &QueueWaits| Queue {
            wake: kind(&queue.wake),
            requeue: kind(&queue.requeue),
        };
        Self {
            priority: queue(&waits.priority),
            batch: queue(&waits.batch),
            cost: waits.cost.map(|cost| Cost {
                events: cost.events,
                ns: cost.ns,
            }),
        }
    }
}

fn kind(waits: &KindWaits) -> KindJson {
    let count = waits.histogram.total();
    let percentile = |percent, enough| {
        let value = waits.histogram.percentile(percent);
        value.filter(|_| count >= enough)
    };
    KindJson {
        count,
        p50_ns: percentile(50, ENOUGH_FOR_P50),
        p99_ns: percentile(99, ENOUGH_FOR_P99),
        max_ns: (waits.max_ns > 0).then_some(waits.max_ns),
    }
}

/// ```text
/// waits in µs            count       p50       p99       max
/// PRIORITY woken          4711       8.1      14.2      31.0
/// ```
pub fn table(waits: Result<Waits, &NoWaits>) -> Result<String> {
    let waits = match waits {
        Ok(waits) => waits,
        Err(NoWaits::Unavailable(why)) => return Ok(format!("waits are not measured: {why}\n")),
        Err(NoWaits::Off | NoWaits::View) => return Ok("waits are not measured\n".to_owned()),
    };
    let mut out = String::new();
    writeln!(
        out,
        "{:<18}{:>12}{:>12}{:>12}{:>12}",
        "waits in µs", "count", "p50", "p99", "max"
    )?;
    for (name, waits) in [
        ("PRIORITY woken", &waits.priority.wake),
        ("PRIORITY preempted", &waits.priority.requeue),
        ("BATCH woken", &waits.batch.wake),
        ("BATCH preempted", &waits.batch.requeue),
    ] {
        let kind = kind(waits);
        write!(out, "{name:<18}{:>12}", kind.count)?;
        for ns in [kind.p50_ns, kind.p99_ns, kind.max_ns] {
            write!(out, "{:>12}", microseconds(ns))?;
        }
        writeln!(out)?;
    }
    Ok(out)
}

#[allow(clippy::cast_precision_loss)]
fn microseconds(ns: Option<u64>) -> String {
    ns.map_or_else(|| "-".to_owned(), |ns| format!("{:.1}", ns as f64 / 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p99_wants_two_hundred_waits() {
        let mut waits = KindWaits::default();
        waits.histogram.count(10_000, 199);
        assert_eq!(kind(&waits).p99_ns, None);
        assert!(kind(&waits).p50_ns.is_some());
        waits.histogram.count(10_000, 1);
        assert!(kind(&waits).p99_ns.is_some());
        assert_eq!(kind(&KindWaits::default()).max_ns, None);
    }

    #[test]
    fn the_table_says_why_there_is_none() {
        let why = NoWaits::Unavailable("no rights".to_owned());
        assert!(table(Err(&why)).unwrap().contains("no rights"));
        assert_eq!(table(Ok(Waits::default())).unwrap().lines().count(), 5);
    }
}
