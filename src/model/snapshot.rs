use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    CpuCounters, DEFAULT_LEVEL, Inspected, Membership, NoWaits, Process, ProcessId, Queue,
    SchedulerStatus, Waits,
};

/// Everything that was read in one tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Time of the tick on the monotonic clock (`CLOCK_MONOTONIC`), which ignores wall-clock changes.
    pub at: Duration,
    /// The machine as a whole.
    pub host: Host,
    /// The scheduler's part.
    pub scheduler: SchedulerStatus,
    /// One entry per present CPU, in order of number; empty if the CPUs are unknown.
    pub cpus: Vec<Cpu>,
    /// The processes, then their threads if threads are shown.
    pub processes: Vec<Process>,
    /// Number of threads that there was no time to read in this tick.
    pub threads_left_out: usize,
    /// The waits of tasks, or the reason why they are not known. Shared, because history keeps readings of it.
    pub waits: Result<Arc<Waits>, NoWaits>,
    /// The process that the panel about one process shows, if it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspected: Option<Arc<Inspected>>,
}

impl Snapshot {
    /// Sets the queue of a process and of its threads.
    pub fn put(&mut self, id: ProcessId, queue: Queue) {
        for process in &mut self.processes {
            if process.process_id() == id {
                process.queue = Some(queue);
                process.membership = (queue == Queue::Priority).then_some(Membership::Chosen);
                process.level = (queue == Queue::Priority).then_some(DEFAULT_LEVEL);
            }
        }
    }

    /// Sets the level of a member and of its threads.
    pub fn put_on_level(&mut self, id: ProcessId, level: u8) {
        let rows = self.processes.iter_mut();
        for process in rows.filter(|process| process.process_id() == id) {
            process.level = process.membership.map(|_| level);
        }
    }
}

/// The machine as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Host {
    /// The kernel's release, as `uname -r` prints it.
    pub kernel: String,
    /// Busy share of all online CPUs, in percent (0 to 100); `None` if unknown, and at the first tick.
    pub cpu_percent: Option<f32>,
    /// Memory in use, in bytes.
    pub memory_used_bytes: u64,
    /// Memory of the machine, in bytes.
    pub memory_total_bytes: u64,
    /// True if `/proc` hides processes from this user (`hidepid`, proc(5)).
    #[serde(default)]
    pub processes_hidden: bool,
    /// Load averages over 1, 5 and 15 minutes; `None` where the kernel does not say.
    pub load: Option<[f64; 3]>,
    /// Share of the last ten seconds in which some task waited for a CPU, in percent (`some avg10` of
    /// `/proc/pressure/cpu`); `None` where the kernel does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure_percent: Option<f32>,
}

/// One of the CPUs that are present.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    /// The CPU's number.
    pub number: u32,
    /// True while the CPU is online.
    pub online: bool,
    /// The first CPU that shares the last-level cache with this one; `None` if the
    /// kernel does not publish it.
    pub llc: Option<u32>,
    /// Its memory node; `None` if the kernel does not publish it.
    pub node: Option<u32>,
    /// Busy share according to /proc/stat, in percent (0 to 100); `None` if the CPU is offline or the share unknown.
    pub busy_percent: Option<f32>,
    /// The scheduler's counters; `None` while they cannot be read.
    pub counters: Option<CpuCounters>,
}
