//! Rates from cumulative counters: what happened between two snapshots, per second.

use std::ops::{Add, Mul};
use std::time::Duration;

use super::waits::{WaitSummary, Window};
use crate::model::{ActiveScheduler, CpuCounters, NoWaits, Process, ProcessId, Queue, Snapshot};

/// One measure of both queues, in the unit of the field that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pair {
    /// The value of PRIORITY.
    pub priority: f32,
    /// The value of BATCH.
    pub batch: f32,
}

impl Pair {
    /// Returns the value of one queue.
    #[must_use]
    pub fn of(self, queue: Queue) -> f32 {
        match queue {
            Queue::Priority => self.priority,
            Queue::Batch => self.batch,
        }
    }

    /// Returns the sum of both queues.
    #[must_use]
    pub fn sum(self) -> f32 {
        self.priority + self.batch
    }

    /// The part that is PRIORITY's, 0 to 1; `None` where there is nothing to divide.
    #[must_use]
    pub fn share(self) -> Option<f32> {
        (self.sum() > 0.0).then(|| self.priority / self.sum())
    }
}

/// The rates per second of one CPU, or of all CPUs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Tasks that became runnable, per second.
    pub enqueued: Pair,
    /// Dispatches per second.
    pub dispatched: Pair,
    /// CPU time, in CPUs: 1.0 is one CPU's whole time.
    pub cpu_time: Pair,
    /// Time that was not idle, of any task, in CPUs.
    pub busy: f32,
    /// Dispatches per second from BATCH that were made only because of the guarantee.
    pub rescues: f32,
}

impl Add for Pair {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            priority: self.priority + other.priority,
            batch: self.batch + other.batch,
        }
    }
}

impl Mul<f32> for Pair {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        Self {
            priority: self.priority * by,
            batch: self.batch * by,
        }
    }
}

impl Add for Rates {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            enqueued: self.enqueued + other.enqueued,
            dispatched: self.dispatched + other.dispatched,
            cpu_time: self.cpu_time + other.cpu_time,
            busy: self.busy + other.busy,
            rescues: self.rescues + other.rescues,
        }
    }
}

impl Mul<f32> for Rates {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        Self {
            enqueued: self.enqueued * by,
            dispatched: self.dispatched * by,
            cpu_time: self.cpu_time * by,
            busy: self.busy * by,
            rescues: self.rescues * by,
        }
    }
}

/// Why there are no rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// One snapshot is not enough.
    First,
    /// Our scheduler does not run.
    NotAttached,
    /// The kernel is changing schedulers.
    Transition,
    /// The counters cannot be read.
    Unreadable,
    /// The counters were reset: the scheduler was attached again.
    Restarted,
}

impl Missing {
    /// Returns the reason as it stands on the screen.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::First => "measuring: rates follow with the next tick",
            Self::NotAttached => "dualq is not attached: nothing is counted",
            Self::Transition => "the kernel is changing schedulers: counters pause",
            Self::Unreadable => "cannot read dualq's counters",
            Self::Restarted => "attached again: counters were reset",
        }
    }
}

/// The tolerance between the attachment's age and the clock.
const SLACK: Duration = Duration::from_millis(1500);

/// The rates of one tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Of all CPUs.
    pub total: Rates,
    /// As in [`Snapshot::cpus`]; `None` for a CPU without counters.
    pub cpus: Vec<Option<Rates>>,
}

impl Tick {
    /// Returns the rates of some CPUs together, by their indexes; `None` if none has counters.
    #[must_use]
    pub fn sum(&self, cpus: &[usize]) -> Option<Rates> {
        cpus.iter()
            .filter_map(|&cpu| *self.cpus.get(cpu)?)
            .reduce(|a, b| a + b)
    }
}

/// The values of the previous snapshot that rates are computed from.
#[derive(Debug, Default)]
pub struct Tracker {
    before: Option<Before>,
    waits: Window,
}

#[derive(Debug)]
struct Before {
    at: Duration,
    attached: Option<Duration>,
    counters: Vec<(u32, Option<CpuCounters>)>,
    cpu_times: CpuTimes,
}

/// The CPU time of each process, in order of ids.
#[derive(Debug, Default)]
struct CpuTimes(Vec<(ProcessId, Duration)>);

impl CpuTimes {
    fn of(processes: &[Process]) -> Self {
        let mut times: Vec<_> = processes.iter().map(|p| (p.id, p.cpu_time)).collect();
        // They are seen in this order; a recording may have another.
        if !times.is_sorted() {
            times.sort_unstable();
        }
        Self(times)
    }

    /// `next` is where it is looked for first, and then the place behind: from one tick to the
    /// next, most processes stand where they stood.
    fn get(&self, id: ProcessId, next: &mut usize) -> Option<Duration> {
        if self.0.get(*next).is_none_or(|(known, _)| *known != id) {
            *next = self.0.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        }
        let (_, time) = self.0.get(*next)?;
        *next += 1;
        Some(*time)
    }
}

/// Computes the rates of one more snapshot.
#[derive(Debug)]
pub struct Measured {
    /// The time since the snapshot before.
    pub elapsed: Option<Duration>,
    /// The rates of the CPUs, or why there are none.
    pub tick: Result<Tick, Missing>,
    /// For each process its share of one CPU in percent; `None` where it was not there before.
    pub process_percent: Vec<Option<f32>>,
    /// The waits of the last seconds, or why there are none.
    pub waits: Result<WaitSummary, NoWaits>,
}

impl Default for Measured {
    fn default() -> Self {
        Self {
            elapsed: None,
            tick: Err(Missing::First),
            process_percent: Vec::new(),
            waits: Ok(WaitSummary::default()),
        }
    }
}

impl Tracker {
    /// Computes the rates between the snapshot before and this one.
    pub fn measure(&mut self, now: &Snapshot) -> Measured {
        let elapsed = self
            .before
            .as_ref()
            .and_then(|before| now.at.checked_sub(before.at))
            .filter(|elapsed| !elapsed.is_zero());
        let mut next = 0;
        let measured = Measured {
            elapsed,
            tick: self.tick(now, elapsed),
            process_percent: now
                .processes
                .iter()
                .map(|process| self.percent(process, elapsed, &mut next))
                .collect(),
            waits: self.waits.measure(now),
        };
        self.before = Some(Before {
            at: now.at,
            attached: now.scheduler.attached,
            counters: now
                .cpus
                .iter()
                .map(|cpu| (cpu.number, cpu.counters))
                .collect(),
            cpu_times: CpuTimes::of(&now.processes),
        });
        measured
    }

    fn percent(
        &self,
        process: &Process,
        elapsed: Option<Duration>,
        next: &mut usize,
    ) -> Option<f32> {
        let before = self.before.as_ref()?.cpu_times.get(process.id, next)?;
        // A sum over threads may step back by a tick when one ends: that is no time, not negative.
        let used = process.cpu_time.saturating_sub(before);
        Some(100.0 * used.as_secs_f32() / elapsed?.as_secs_f32())
    }

    fn tick(&self, now: &Snapshot, elapsed: Option<Duration>) -> Result<Tick, Missing> {
        match now.scheduler.active {
            ActiveScheduler::Dualq => {}
            ActiveScheduler::Transition => return Err(Missing::Transition),
            ActiveScheduler::KernelDefault
            | ActiveScheduler::Other(_)
            | ActiveScheduler::Unsupported => {
                return Err(Missing::NotAttached);
            }
        }
        if now.cpus.iter().all(|cpu| cpu.counters.is_none()) {
            return Err(Missing::Unreadable);
        }
        let (Some(before), Some(elapsed)) = (&self.before, elapsed) else {
            return Err(Missing::First);
        };
        // An attachment that is younger than it would be by now is another one, with counters from 0.
        let reattached = match (before.attached, now.scheduler.attached) {
            (Some(then), Some(attached)) => attached + SLACK < then + elapsed,
            (None, Some(_)) => true,
            _ => false,
        };
        if reattached {
            return Err(Missing::Restarted);
        }
        let seconds = elapsed.as_secs_f64();
        let mut cpus = Vec::with_capacity(now.cpus.len());
        for cpu in &now.cpus {
            let then = before
                .counters
                .iter()
                .find(|(number, _)| *number == cpu.number);
            cpus.push(match (then, cpu.counters) {
                (Some((_, Some(then))), Some(counters)) => {
                    let rates = difference(then, &counters, seconds);
                    Some(Rates {
                        busy: cpu.busy_percent.unwrap_or(0.0) / 100.0,
                        ..rates.ok_or(Missing::Restarted)?
                    })
                }
                _ => None,
            });
        }
        if cpus.iter().all(Option::is_none) {
            return Err(Missing::First);
        }
        let total = cpus.iter().flatten().fold(Rates::default(), |a, b| a + *b);
        Ok(Tick { total, cpus })
    }
}

/// The rates between two readings; `None` if one of the counters went back.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn difference(then: &CpuCounters, now: &CpuCounters, seconds: f64) -> Option<Rates> {
    let rate = |then: u64, now: u64| {
        now.checked_sub(then)
            .map(|count| (count as f64 / seconds) as f32)
    };
    let pair = |priority: Option<f32>, batch: Option<f32>| {
        Some(Pair {
            priority: priority?,
            batch: batch?,
        })
    };
    Some(Rates {
        enqueued: pair(
            rate(then.priority_enq, now.priority_enq),
            rate(then.batch_enq, now.batch_enq),
        )?,
        dispatched: pair(
            rate(then.priority_dis, now.priority_dis),
            rate(then.batch_dis, now.batch_dis),
        )?,
        cpu_time: pair(
            rate(then.priority_ns, now.priority_ns),
            rate(then.batch_ns, now.batch_ns),
        )? * 1e-9,
        busy: 0.0,
        rescues: rate(then.rescues, now.rescues)?,
    })
}
