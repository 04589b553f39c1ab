use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The two queues. On screen always in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Queue {
    Priority,
    Batch,
}

impl Queue {
    /// The other queue: what a toggle moves to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Priority => Self::Batch,
            Self::Batch => Self::Priority,
        }
    }

    /// The word on screen and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Priority => "PRIORITY",
            Self::Batch => "BATCH",
        }
    }
}

/// How a member came into PRIORITY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Membership {
    Chosen,
    /// And its children come too, those of the future at their birth.
    WithChildren,
    /// Through a parent, with which it leaves.
    ThroughParent,
}

/// Who decides which task runs, as the kernel says (`/sys/kernel/sched_ext`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Ruler {
    /// The kernel's own scheduler (EEVDF); on screen "kernel default".
    #[default]
    KernelDefault,
    /// Ours.
    Dualq,
    /// Another sched_ext scheduler, by the name in `root/ops`.
    Other(String),
    /// The kernel is enabling or disabling a scheduler: counters pause.
    Transition,
    /// This kernel has no sched_ext.
    Unsupported,
}

/// What this program may do to the scheduler that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// It attached the scheduler; quitting detaches it.
    Owner,
    /// Another process owns the scheduler; members can be changed, quitting leaves it running.
    Joined {
        /// The owner's process id; `None` where the scheduler was asked to stay.
        owner: Option<u32>,
    },
    /// Nothing can be changed; the sentence says why and what to do.
    View { reason: String },
}

/// Why the kernel ended our scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The kind in words, e.g. "a runnable task waited too long (watchdog)".
    pub kind: String,
    /// The kernel's reason and message, scrubbed; may be empty.
    pub reason: String,
    pub message: String,
    /// The kernel's dump of its queues and tasks at that moment, scrubbed, a line each; often empty.
    pub dump: Vec<String>,
    /// The kernel asks for the scheduler to be attached again.
    pub asks_restart: bool,
}

/// As one sentence, without its full stop: the kind, then what the kernel added.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.reason.is_empty() && !self.kind.contains(&self.reason) {
            write!(f, "; {}", self.reason)?;
        }
        let told = self.kind.contains(&self.message) || self.reason.contains(&self.message);
        if !told {
            write!(f, "; {}", self.message)?;
        }
        Ok(())
    }
}

/// The scheduler's side of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchedulerStatus {
    pub ruler: Ruler,
    pub role: Role,
    /// How long ours has been attached.
    pub attached: Option<Duration>,
    /// The share of CPU time that BATCH keeps, in percent (0 to 50).
    pub guarantee_percent: Option<u8>,
    /// The kernel ends the scheduler when a runnable task waits longer.
    pub watchdog: Option<Duration>,
    /// How long the oldest task in BATCH had waited when the scheduler looked last.
    pub oldest_wait: Option<Duration>,
    /// Entries of `priority_pids_map`.
    pub members: usize,
    /// Why it ended, if the kernel ended it.
    pub exit: Option<Exit>,
}

/// One CPU's counters since the scheduler was attached: tasks, and nanoseconds of CPU time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CpuCounters {
    pub priority_enq: u64,
    pub priority_dis: u64,
    pub batch_enq: u64,
    pub batch_dis: u64,
    pub priority_ns: u64,
    pub batch_ns: u64,
    /// Dispatches of BATCH made only because of the guarantee.
    pub rescues: u64,
}
