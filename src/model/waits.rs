use serde::{Deserialize, Serialize};

use super::{Histogram, ProcessId};

/// Number of waits from which a p99 means something.
pub const ENOUGH_FOR_P99: u64 = 200;
/// Number of waits from which a median means something.
pub const ENOUGH_FOR_P50: u64 = 20;

/// The goal of PRIORITY for the p99 of wake-up latency, in nanoseconds: it stays below.
pub const PRIORITY_GOAL_NS: u64 = 100_000;
/// The goal of BATCH for the p99 of wake-up latency, in nanoseconds: it stays below.
pub const BATCH_GOAL_NS: u64 = 1_000_000;

/// Waits of tasks for a CPU, cumulative since the instrument was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waits {
    /// The waits of PRIORITY.
    pub priority: QueueWaits,
    /// The waits of BATCH.
    pub batch: QueueWaits,
    /// Waits of single processes: members, and the selected process.
    pub processes: Vec<ProcessWaits>,
    /// Number of changes to the machine so far (moves, attaching, detaching). After each change a new
    /// comparison before and after begins, and the maxima are reset.
    pub event: u64,
    /// The cost of measuring; `None` if the kernel does not count run times.
    pub cost: Option<WaitCost>,
}

/// One queue's waits. Under another scheduler: the waits of members, and those of all other tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueWaits {
    /// From wake-up to running.
    pub wake: KindWaits,
    /// From preemption to running again.
    pub requeue: KindWaits,
}

/// One kind of wait: wake-up or requeue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KindWaits {
    /// The waits by length.
    pub histogram: Histogram,
    /// The longest wait since the last change, in nanoseconds; 0 if there was none.
    pub max_ns: u64,
}

/// The waits of one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessWaits {
    /// The process.
    pub id: ProcessId,
    /// From wake-up to running.
    pub wake: Histogram,
    /// From preemption to running again.
    pub requeue: Histogram,
}

/// The cost of the instrument itself, cumulative while the kernel counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WaitCost {
    /// Number of events that its programs handled.
    pub events: u64,
    /// CPU time of its programs, in nanoseconds.
    pub ns: u64,
}

/// The reason why there are no waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoWaits {
    /// No instrument is open here.
    View,
    /// Switched off.
    Off,
    /// The instrument could not be loaded, or its owner has none; the reason.
    Unavailable(String),
}

impl Waits {
    /// Returns what was counted after `earlier`. The maxima stay as they are.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            priority: self.priority.since(&earlier.priority),
            batch: self.batch.since(&earlier.batch),
            processes: self
                .processes
                .iter()
                .map(
                    |process| match earlier.processes.iter().find(|then| then.id == process.id) {
                        Some(then) => ProcessWaits {
                            id: process.id,
                            wake: process.wake.since(&then.wake),
                            requeue: process.requeue.since(&then.requeue),
                        },
                        None => process.clone(),
                    },
                )
                .collect(),
            event: self.event,
            cost: self.cost.map(|cost| {
                let then = earlier.cost.unwrap_or_default();
                WaitCost {
                    events: cost.events.saturating_sub(then.events),
                    ns: cost.ns.saturating_sub(then.ns),
                }
            }),
        }
    }
}

impl QueueWaits {
    fn since(&self, earlier: &Self) -> Self {
        let kind = |now: &KindWaits, then: &KindWaits| KindWaits {
            histogram: now.histogram.since(&then.histogram),
            max_ns: now.max_ns,
        };
        Self {
            wake: kind(&self.wake, &earlier.wake),
            requeue: kind(&self.requeue, &earlier.requeue),
        }
    }
}
