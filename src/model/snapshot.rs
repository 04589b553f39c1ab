use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CpuCounters, Membership, NoWaits, Process, ProcessId, Queue, SchedulerStatus, Waits};

/// Everything seen at one tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When, on the monotonic clock (`CLOCK_MONOTONIC`); wall-clock changes do not touch it.
    pub at: Duration,
    pub host: Host,
    pub scheduler: SchedulerStatus,
    /// One for each possible CPU, in order of number.
    pub cpus: Vec<Cpu>,
    /// With the threads after the processes, where they are shown.
    pub processes: Vec<Process>,
    /// Threads that are too many to be read in a tick.
    pub threads_left_out: usize,
    /// How long tasks waited, or why that is not known. Shared, since readings of it are kept.
    pub waits: Result<Arc<Waits>, NoWaits>,
}

impl Snapshot {
    /// Notes where a process is now, with its threads.
    pub fn put(&mut self, id: ProcessId, queue: Queue) {
        for process in &mut self.processes {
            if process.process_id() == id {
                process.queue = Some(queue);
                process.membership = (queue == Queue::Priority).then_some(Membership::Chosen);
            }
        }
    }
}

/// The machine as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Host {
    /// The kernel's release, as `uname -r` prints it.
    pub kernel: String,
    /// Busy share of all online CPUs, 0 to 100.
    pub cpu_percent: f32,
    pub memory_used_bytes: u64,
    pub memory_total_bytes: u64,
    /// `/proc` hides some of the processes from this user (hidepid).
    #[serde(default)]
    pub processes_hidden: bool,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: [f64; 3],
}

/// One possible CPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    pub number: u32,
    pub online: bool,
    /// The first of the CPUs that share the last cache (LLC) with it, and its memory node; `None`
    /// where the kernel does not say.
    pub llc: Option<u32>,
    pub node: Option<u32>,
    /// Busy share as the kernel counts it, 0 to 100; `None` while offline.
    pub busy_percent: Option<f32>,
    /// `None` while our scheduler's counters cannot be read.
    pub counters: Option<CpuCounters>,
}
