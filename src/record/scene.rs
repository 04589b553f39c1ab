//! Encodes a snapshot as the difference to the one before.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{
    Cpu, CpuCounters, Histogram, Host, Inspected, KindWaits, NoWaits, Process, ProcessId,
    ProcessWaits, QueueWaits, SchedulerStatus, Snapshot, WaitCost, Waits,
};

#[derive(Debug, Serialize, Deserialize)]
pub struct Change {
    at: Duration,
    host: Host,
    scheduler: SchedulerStatus,
    cpus: Cpus,
    processes: Vec<Step>,
    threads_left_out: usize,
    waits: WaitsChange,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inspected: Option<Arc<Inspected>>,
}

/// Steps that derive the list of processes from the one before, from front to end.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Step {
    /// This many processes are unchanged.
    #[serde(rename = "s")]
    Same(usize),
    /// This many processes are gone.
    #[serde(rename = "g")]
    Gone(usize),
    /// One process used this many more nanoseconds of CPU time.
    #[serde(rename = "r")]
    Ran(u64),
    /// The same, with a new state.
    #[serde(rename = "t")]
    Turned(char, u64),
    /// One process has changed in other ways.
    #[serde(rename = "p")]
    Put(Box<Process>),
    /// A process that was not at this place.
    #[serde(rename = "n")]
    New(Box<Process>),
}

#[derive(Debug, Serialize, Deserialize)]
enum Cpus {
    Whole(Vec<Cpu>),
    /// The CPUs, with the differences of their counters.
    Since(Vec<Cpu>),
}

#[derive(Debug, Serialize, Deserialize)]
enum WaitsChange {
    Whole(Result<Arc<Waits>, NoWaits>),
    /// The differences of the counters.
    Since(Waits),
}

/// The reason why a difference does not fit the snapshot before.
pub type Mismatch = &'static str;

impl Change {
    /// Returns the difference between one snapshot and the next.
    pub fn between(before: &Snapshot, now: &Snapshot) -> Self {
        Self {
            at: now.at,
            host: now.host.clone(),
            scheduler: now.scheduler.clone(),
            cpus: match cpus_since(&before.cpus, &now.cpus) {
                Some(since) => Cpus::Since(since),
                None => Cpus::Whole(now.cpus.clone()),
            },
            processes: steps(&before.processes, &now.processes),
            threads_left_out: now.threads_left_out,
            waits: waits_change(&before.waits, &now.waits),
            inspected: now.inspected.clone(),
        }
    }

    /// Returns the snapshot that results from this difference.
    pub fn apply(self, before: Snapshot, most: usize) -> Result<Snapshot, Mismatch> {
        let cpus = match self.cpus {
            Cpus::Whole(cpus) => cpus,
            Cpus::Since(since) => cpus_after(&before.cpus, since)?,
        };
        let waits = match (self.waits, before.waits) {
            (WaitsChange::Whole(waits), _) => waits,
            (WaitsChange::Since(since), Ok(before)) => Ok(Arc::new(waits_after(&before, since)?)),
            (WaitsChange::Since(_), Err(_)) => return Err("waits that follow none"),
        };
        Ok(Snapshot {
            at: self.at,
            host: self.host,
            scheduler: self.scheduler,
            cpus,
            processes: follow(self.processes, before.processes, most)?,
            threads_left_out: self.threads_left_out,
            waits,
            inspected: self.inspected,
        })
    }
}

fn steps(before: &[Process], now: &[Process]) -> Vec<Step> {
    let places = || {
        let places = before.iter().enumerate();
        places
            .map(|(place, process)| (process.id, place))
            .collect::<HashMap<ProcessId, usize>>()
    };
    // Needed only if processes came, ended or changed places: otherwise each is at the next place.
    let mut index = None;
    let mut steps = Vec::new();
    let mut at = 0;
    for process in now {
        let place = match before.get(at) {
            Some(next) if next.id == process.id => Some(at),
            _ => {
                let places = index.get_or_insert_with(places);
                places
                    .get(&process.id)
                    .copied()
                    .filter(|place| *place >= at)
            }
        };
        let Some(place) = place else {
            steps.push(Step::New(Box::new(process.clone())));
            continue;
        };
        if place > at {
            steps.push(Step::Gone(place - at));
        }
        at = place + 1;
        match step(&before[place], process) {
            Some(step) => steps.push(step),
            None => match steps.last_mut() {
                Some(Step::Same(count)) => *count += 1,
                _ => steps.push(Step::Same(1)),
            },
        }
    }
    steps
}

/// Returns `None` if nothing changed.
fn step(before: &Process, now: &Process) -> Option<Step> {
    if before == now {
        return None;
    }
    let ran = now
        .cpu_time
        .checked_sub(before.cpu_time)
        .and_then(|time| u64::try_from(time.as_nanos()).ok());
    if let Some(ran) = ran {
        let mut turned = before.clone();
        turned.cpu_time = now.cpu_time;
        turned.state = now.state;
        if turned == *now {
            return Some(if before.state == now.state {
                Step::Ran(ran)
            } else {
                Step::Turned(now.state, ran)
            });
        }
    }
    Some(Step::Put(Box::new(now.clone())))
}

fn follow(steps: Vec<Step>, before: Vec<Process>, most: usize) -> Result<Vec<Process>, Mismatch> {
    let mut before = VecDeque::from(before);
    let mut now = Vec::with_capacity(before.len());
    let missing = "a change of a process that is not there";
    for step in steps {
        match step {
            Step::Same(count) => {
                if count > before.len() {
                    return Err(missing);
                }
                now.extend(before.drain(..count));
            }
            Step::Gone(count) => {
                if count > before.len() {
                    return Err(missing);
                }
                before.drain(..count);
            }
            Step::Ran(ns) => now.push(ran(before.pop_front().ok_or(missing)?, ns)?),
            Step::Turned(state, ns) => {
                let mut process = ran(before.pop_front().ok_or(missing)?, ns)?;
                process.state = state;
                now.push(process);
            }
            Step::Put(process) => {
                before.pop_front().ok_or(missing)?;
                now.push(*process);
            }
            Step::New(process) => now.push(*process),
        }
        if now.len() > most {
            return Err("more processes than there can be");
        }
    }
    Ok(now)
}

fn ran(mut process: Process, ns: u64) -> Result<Process, Mismatch> {
    process.cpu_time = process
        .cpu_time
        .checked_add(Duration::from_nanos(ns))
        .ok_or("more CPU time than there can be")?;
    Ok(process)
}

/// Returns the same CPUs with the differences of their counters; `None` if a counter went back.
fn cpus_since(before: &[Cpu], now: &[Cpu]) -> Option<Vec<Cpu>> {
    if before.len() != now.len() {
        return None;
    }
    let pairs = before.iter().zip(now);
    pairs
        .map(|(before, now)| {
            let counters = match (before.counters, now.counters) {
                (Some(before), Some(now)) => Some(combine(now, before, u64::checked_sub)?),
                (Some(_), None) => return None,
                (None, now) => now,
            };
            Some(Cpu {
                counters,
                ..now.clone()
            })
        })
        .collect()
}

fn cpus_after(before: &[Cpu], since: Vec<Cpu>) -> Result<Vec<Cpu>, Mismatch> {
    if before.len() != since.len() {
        return Err("another number of CPUs than before");
    }
    let pairs = before.iter().zip(since);
    pairs
        .map(|(before, mut cpu)| {
            if let (Some(before), Some(since)) = (before.counters, cpu.counters) {
                let sum = combine(before, since, u64::checked_add);
                cpu.counters = Some(sum.ok_or("a counter that cannot be")?);
            }
            Ok(cpu)
        })
        .collect()
}

fn combine(
    a: CpuCounters,
    b: CpuCounters,
    with: impl Fn(u64, u64) -> Option<u64>,
) -> Option<CpuCounters> {
    Some(CpuCounters {
        priority_enq: with(a.priority_enq, b.priority_enq)?,
        priority_dis: with(a.priority_dis, b.priority_dis)?,
        batch_enq: with(a.batch_enq, b.batch_enq)?,
        batch_dis: with(a.batch_dis, b.batch_dis)?,
        priority_ns: with(a.priority_ns, b.priority_ns)?,
        batch_ns: with(a.batch_ns, b.batch_ns)?,
        rescues: with(a.rescues, b.rescues)?,
    })
}

fn waits_change(
    before: &Result<Arc<Waits>, NoWaits>,
    now: &Result<Arc<Waits>, NoWaits>,
) -> WaitsChange {
    if let (Ok(before), Ok(now)) = (before, now) {
        let since = now.since(before);
        // If counting began again, there is no difference.
        if waits_after(before, since.clone()).as_ref() == Ok(&**now) {
            return WaitsChange::Since(since);
        }
    }
    WaitsChange::Whole(now.clone())
}

fn waits_after(before: &Waits, since: Waits) -> Result<Waits, Mismatch> {
    let sum = |before: &Histogram, since: &Histogram| {
        let mut sum = before.clone();
        sum.add(since);
        sum
    };
    let kind = |before: &KindWaits, since: &KindWaits| KindWaits {
        histogram: sum(&before.histogram, &since.histogram),
        max_ns: since.max_ns,
    };
    let queue = |before: &QueueWaits, since: &QueueWaits| QueueWaits {
        wake: kind(&before.wake, &since.wake),
        requeue: kind(&before.requeue, &since.requeue),
    };
    let cost = match (before.cost, since.cost) {
        (Some(before), Some(since)) => {
            let add = |a: u64, b: u64| a.checked_add(b).ok_or("a cost that cannot be");
            Some(WaitCost {
                events: add(before.events, since.events)?,
                ns: add(before.ns, since.ns)?,
            })
        }
        (_, since) => since,
    };
    Ok(Waits {
        priority: queue(&before.priority, &since.priority),
        batch: queue(&before.batch, &since.batch),
        processes: since
            .processes
            .into_iter()
            .map(|process| {
                let then = before.processes.iter().find(|then| then.id == process.id);
                match then {
                    Some(then) => ProcessWaits {
                        id: process.id,
                        wake: sum(&then.wake, &process.wake),
                        requeue: sum(&then.requeue, &process.requeue),
                    },
                    None => process,
                }
            })
            .collect(),
        event: since.event,
        cost,
    })
}
