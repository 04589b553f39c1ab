//! The job that a process of the load gets.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The job that a worker reads from stdin.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct WorkerJob {
    /// The process that it ends with.
    pub parent: u32,
    /// Its maximum duration.
    pub seconds: u64,
    /// The number of the frame's threads.
    pub threads: u32,
    /// CPU time of a frame on each thread; `None` lets the frame measure what the machine gives.
    pub work: Option<Duration>,
}
