use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Details, Membership, Queue};

/// Identifies a process for its lifetime. The kernel reuses ids, but not with the same start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessId {
    /// Thread group id (tgid): the process id, in the words of users.
    pub pid: u32,
    /// Start time in ticks of 10 ms after boot: field 22 of `/proc/PID/stat`, see proc(5).
    pub start_ticks: u64,
}

/// A process (thread group) in one snapshot, or one of its threads if threads are shown. Its texts are
/// shared from tick to tick, so a snapshot of thousands of processes copies none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// The process's, or the thread's, id and start time.
    pub id: ProcessId,
    /// For a thread, its process; `id` has the thread's own id and start time.
    pub thread_of: Option<ProcessId>,
    /// The parent's process id, or 0 if there is no parent.
    pub parent: u32,
    /// The owner's name, or the user id if it has no name.
    pub user: Arc<str>,
    /// The kernel's letter: R running, S sleeping, D uninterruptible, Z zombie, …; see proc(5).
    pub state: char,
    /// Number of threads.
    pub threads: u32,
    /// The policy of its first thread; other threads may have another one.
    #[serde(default)]
    pub policy: Policy,
    /// User and system time of all threads since the process started.
    pub cpu_time: Duration,
    /// The command name (`comm`), scrubbed.
    pub name: Arc<str>,
    /// The command line with single spaces, scrubbed; the name if it is a kernel thread.
    pub command: Arc<str>,
    /// True for a kernel thread (`PF_KTHREAD`).
    pub kernel_thread: bool,
    /// The queue according to the kernel's map; `None` while the map cannot be read.
    pub queue: Option<Queue>,
    /// The kind of membership; `None` if it is not a member.
    pub membership: Option<Membership>,
    /// This program's own process: always served first, never a member.
    pub own: bool,
    /// The values that are read only while a column shows them; `None` while none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Arc<Details>>,
}

/// A scheduling policy (include/uapi/linux/sched.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Policy {
    /// SCHED_OTHER, and whatever is not known.
    #[default]
    Other,
    /// SCHED_FIFO
    Fifo,
    /// SCHED_RR
    RoundRobin,
    /// SCHED_DEADLINE
    Deadline,
    /// SCHED_BATCH
    Batch,
    /// SCHED_IDLE
    Idle,
}

impl Policy {
    /// Returns the policy with this number in the kernel.
    #[must_use]
    pub fn of(number: u32) -> Self {
        match number {
            1 => Self::Fifo,
            2 => Self::RoundRobin,
            3 => Self::Batch,
            5 => Self::Idle,
            6 => Self::Deadline,
            _ => Self::Other,
        }
    }

    /// Returns the name in sched(7), e.g. `SCHED_FIFO`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Other => "SCHED_OTHER",
            Self::Fifo => "SCHED_FIFO",
            Self::RoundRobin => "SCHED_RR",
            Self::Deadline => "SCHED_DEADLINE",
            Self::Batch => "SCHED_BATCH",
            Self::Idle => "SCHED_IDLE",
        }
    }

    /// Returns the name without its prefix: `FIFO`, `OTHER`; `RR` and `DEADLINE` alike.
    #[must_use]
    pub fn short(self) -> &'static str {
        self.name().trim_start_matches("SCHED_")
    }

    /// Returns true if the kernel runs such tasks before all of ours, so that neither queue serves them.
    #[must_use]
    pub fn goes_before_the_queues(self) -> bool {
        matches!(self, Self::Fifo | Self::RoundRobin | Self::Deadline)
    }

    /// Returns the word for the list, if no queue serves the policy.
    #[must_use]
    pub fn column(self) -> Option<&'static str> {
        self.goes_before_the_queues().then(|| self.short())
    }

    /// Describes how a member of this policy is treated, if PRIORITY ignores the policy.
    #[must_use]
    pub fn in_priority(self) -> Option<&'static str> {
        (self == Self::Idle).then_some(
            "its policy SCHED_IDLE counts in BATCH alone, where it has the smallest weight",
        )
    }
}

impl Process {
    /// Returns true if the process has ended and its parent has yet to collect it. A process whose first
    /// thread ended before the others still runs.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1 && self.thread_of.is_none()
    }

    /// Returns the process itself, or the process of a thread. Moves and signals apply to it.
    #[must_use]
    pub fn process_id(&self) -> ProcessId {
        self.thread_of.unwrap_or(self.id)
    }

    /// Its name and its id, as messages call it.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} ({})", self.name, self.id.pid)
    }
}
