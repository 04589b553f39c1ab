//! Limits for events from a file, so that no later arithmetic overflows and memory stays bounded.

use std::time::Duration;

use super::wire::What;
use crate::model::{CpuCounters, DemoReading, DemoStatus, Histogram, Snapshot};

/// Maximum number of processes and threads in one snapshot. The kernel's limit on ids is 4 million.
pub const MOST_PROCESSES: usize = 1 << 18;
/// The dashboard knows the last hundred.
const MOST_CHANGES: usize = 1 << 10;
const MOST_CPUS: usize = 1 << 13;
/// Maximum number of processes with waits: members and the selected process.
const MOST_WATCHED: usize = 1 << 14;
const LONGEST_TEXT: usize = 1 << 13;
/// Three hundred years.
const LONGEST: Duration = Duration::from_secs(10_000_000_000);
/// The largest counter, except for nanoseconds.
const MOST_COUNTED: u64 = 1 << 50;
/// The largest sum of a counter over all CPUs.
const MOST_SUM: u128 = 1 << 62;

/// Checks an event from a file.
///
/// # Errors
/// The name of the first value that is out of range.
pub fn check(what: &What) -> Result<(), &'static str> {
    match what {
        What::Snapshot(snapshot) => check_snapshot(snapshot),
        What::Moves(moves) if moves.moves.len() + moves.refused.len() > MOST_PROCESSES => {
            Err("more moves than there can be")
        }
        What::Demo(DemoStatus::Runs(reading)) => check_reading(reading),
        What::Changes(changes) if changes.len() > MOST_CHANGES => Err("more changes than are kept"),
        What::Levelled(answers) if answers.len() > MOST_WATCHED => {
            Err("more levels than there can be")
        }
        _ => Ok(()),
    }
}

fn check_snapshot(snapshot: &Snapshot) -> Result<(), &'static str> {
    if snapshot.processes.len() > MOST_PROCESSES {
        return Err("more processes than there can be");
    }
    let texts_fit = snapshot.processes.iter().all(|process| {
        [&process.user[..], &process.name[..], &process.command[..]]
            .iter()
            .all(|text| text.len() <= LONGEST_TEXT)
    });
    if !texts_fit {
        return Err("a name longer than there can be");
    }
    if snapshot.cpus.len() > MOST_CPUS {
        return Err("more CPUs than there can be");
    }
    let counters = snapshot.cpus.iter().filter_map(|cpu| cpu.counters);
    if counters.map(|counters| sum(&counters)).sum::<u128>() > MOST_SUM {
        return Err("a counter that cannot be");
    }
    let scheduler = &snapshot.scheduler;
    let times = [
        scheduler.attached,
        scheduler.watchdog,
        scheduler.oldest_wait,
        Some(snapshot.at),
    ];
    let cpu_times = snapshot.processes.iter().map(|p| Some(p.cpu_time));
    if times
        .into_iter()
        .chain(cpu_times)
        .flatten()
        .any(|t| t > LONGEST)
    {
        return Err("a time that cannot be");
    }
    if let Ok(waits) = &snapshot.waits {
        let queues = [&waits.priority, &waits.batch];
        let kinds = queues.iter().flat_map(|q| [&q.wake, &q.requeue]);
        let of_processes = waits.processes.iter().flat_map(|p| [&p.wake, &p.requeue]);
        let all = kinds.map(|kind| &kind.histogram).chain(of_processes);
        let fits = |histogram: &Histogram| histogram.total() <= MOST_COUNTED;
        if waits.processes.len() > MOST_WATCHED || !all.into_iter().all(fits) {
            return Err("waits that cannot be");
        }
        let cost = waits.cost.unwrap_or_default();
        if cost.events > MOST_COUNTED || cost.ns > 1 << 60 {
            return Err("a cost that cannot be");
        }
    }
    Ok(())
}

fn check_reading(reading: &DemoReading) -> Result<(), &'static str> {
    if reading.at > LONGEST
        || reading.work > LONGEST
        || reading.last_frame > LONGEST
        || reading.hogs_cpu > LONGEST
    {
        return Err("a time that cannot be");
    }
    if reading.on_time > MOST_COUNTED || reading.missed > MOST_COUNTED {
        return Err("deadlines that cannot be");
    }
    Ok(())
}

fn sum(counters: &CpuCounters) -> u128 {
    let CpuCounters {
        priority_enq,
        priority_dis,
        batch_enq,
        batch_dis,
        priority_ns,
        batch_ns,
        rescues,
    } = *counters;
    let tasks = [priority_enq, priority_dis, batch_enq, batch_dis, rescues];
    let all = tasks.into_iter().chain([priority_ns, batch_ns]);
    all.map(u128::from).sum()
}
