//! The data that passes between the folders: plain and owned, with units in the names or the types.
//! It may import: nothing.
//! It must never know: everything else.
//!
//! Counters are cumulative here, as the kernel keeps them. Rates are derived from two snapshots by
//! [`crate::tui::app`], which alone knows the one before.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod change;
mod demo;
mod details;
mod histogram;
mod identity;
mod limits;
mod process;
mod scheduler;
mod snapshot;
mod trace;
mod tunable;
mod waits;

pub use change::{Cause, Change};
pub use demo::{DemoEffect, DemoReading, DemoStatus};
pub use details::{Details, Inspected, Thread, Waited, Wanted};
pub use histogram::{BUCKETS, Histogram, bucket_of, lower_bound};
pub use identity::{Policy, ProcessId};
pub use limits::{CgroupLimits, LimitedCgroup};
pub use process::Process;
pub use scheduler::DEFAULT_LEVEL;
pub use scheduler::{ActiveScheduler, CpuCounters, Exit, Membership, Queue, Role, SchedulerStatus};
pub use snapshot::{Cpu, Host, Snapshot};
pub use trace::TRACE_COST;
pub use tunable::{Tunable, Tunables};
pub use waits::{
    BATCH_GOAL_NS, ENOUGH_FOR_P50, ENOUGH_FOR_P99, KindWaits, NoWaits, PRIORITY_GOAL_NS,
    ProcessWaits, QueueWaits, WaitCost, Waits,
};
