//! The options that the scheduler is loaded with.

use std::time::Duration;

use crate::model::Tunables;

/// The scheduler's options, fixed once it is loaded, except for the tunables.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The starting values of what may change later.
    pub tunables: Tunables,
    /// The watchdog ejects the scheduler when a runnable task waits longer: 1 to 30 s.
    pub timeout: Duration,
    /// Keeps the scheduler attached by pins after this process exits, until it is detached.
    pub stay: bool,
    /// Refuses to attach if a cgroup has a CPU limit.
    pub refuse_limits: bool,
    /// Orders BATCH first come, first served, instead of by weighted virtual time.
    pub batch_fifo: bool,
    /// PRIORITY first come, first served, instead of by weighted virtual time.
    pub priority_fifo: bool,
    /// Capacity of `priority_pids_map`: 1 to 1,000,000.
    pub capacity: u32,
    /// The state of the wait instrument at the start.
    pub waits: WaitsOption,
}

/// The state of the wait instrument at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsOption {
    /// The instrument measures from the start.
    FromTheStart,
    /// The instrument is loaded and can be turned on.
    Later,
    /// The instrument is not loaded, which saves a tenth of the start's time.
    Never,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tunables: Tunables::default(),
            timeout: Duration::from_secs(30),
            stay: false,
            refuse_limits: false,
            batch_fifo: false,
            priority_fifo: false,
            capacity: 10_000,
            waits: WaitsOption::FromTheStart,
        }
    }
}
