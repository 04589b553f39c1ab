use serde::{Deserialize, Serialize};

use super::{Histogram, ProcessId};

/// A percentile of a hundred needs at least this many waits to mean something.
pub const ENOUGH_FOR_P99: u64 = 200;
/// A median is steady with fewer.
pub const ENOUGH_FOR_P50: u64 = 20;

/// The goals of the original tool, in nanoseconds: the p99 of wake-up waits stays below.
pub const PRIORITY_GOAL_NS: u64 = 100_000;
pub const BATCH_GOAL_NS: u64 = 1_000_000;

/// Waits, cumulative since the instrument was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waits {
    pub priority: QueueWaits,
    pub batch: QueueWaits,
    /// Of the processes looked at one by one: members, and the one under the cursor.
    pub processes: Vec<ProcessWaits>,
    /// What was done to the machine (moves, attaching, detaching), counted: where this number
    /// changes, a new "before and after" begins, and the maxima begin anew.
    pub event: u64,
    /// `None` where the kernel does not count run times.
    pub cost: Option<WaitCost>,
}

/// One queue's waits. Under another scheduler than ours: those of members, and of all others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueWaits {
    /// From being woken to running.
    pub wake: KindWaits,
    /// From being preempted to running again.
    pub requeue: KindWaits,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KindWaits {
    pub histogram: Histogram,
    /// The longest since the last event; 0 where there was none.
    pub max_ns: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessWaits {
    pub id: ProcessId,
    pub wake: Histogram,
    pub requeue: Histogram,
}

/// What the instrument itself took, cumulative while the kernel counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WaitCost {
    /// Events that its programs looked at.
    pub events: u64,
    pub ns: u64,
}

/// Why there are no waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoWaits {
    /// Nothing of the kernel's is open here.
    View,
    /// Switched off.
    Off,
    /// The instrument could not be loaded, or its owner has none: why.
    Unavailable(String),
}

impl Waits {
    /// What was counted after `earlier`; the maxima stay what they are.
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
