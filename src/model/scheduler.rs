use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CgroupLimits, Tunables};

/// The two queues. Their names are in capitals on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Queue {
    /// The queue that is served first.
    Priority,
    /// The queue of all other tasks.
    Batch,
}

impl Queue {
    /// Returns the other queue, which a toggle moves to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Priority => Self::Batch,
            Self::Batch => Self::Priority,
        }
    }

    /// Returns the name for the screen and for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Priority => "PRIORITY",
            Self::Batch => "BATCH",
        }
    }
}

/// The level of a member for which none was chosen; levels are 0 to 255, and the higher one goes first.
pub const DEFAULT_LEVEL: u8 = 128;

/// The kind of membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Membership {
    /// Chosen without its children.
    Chosen,
    /// Chosen with its children. Future children join when they are created.
    WithChildren,
    /// Inherited from a parent; the child leaves PRIORITY with it.
    ThroughParent,
}

/// The active scheduler, according to `/sys/kernel/sched_ext`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ActiveScheduler {
    /// The kernel's own scheduler (EEVDF); on screen "kernel default".
    #[default]
    KernelDefault,
    /// The scheduler of this program.
    Dualq,
    /// Another sched_ext scheduler, with its name from `root/ops`.
    Other(String),
    /// The kernel is enabling or disabling a scheduler; counters pause.
    Transition,
    /// This kernel has no sched_ext.
    Unsupported,
}

/// The role of this program: its permissions on the active scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// This program attached the scheduler, and detaches it on exit.
    Owner,
    /// Another process owns the scheduler. Members can be changed; on exit it keeps running.
    Joined {
        /// The owner's process id; `None` if the scheduler was started with `--stay`.
        owner: Option<u32>,
    },
    /// Nothing can be changed.
    View {
        /// The cause and the remedy, as a sentence.
        reason: String,
    },
}

/// The reason why the kernel ended our scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The kind in words, e.g. "a runnable task waited too long (watchdog)".
    pub kind: String,
    /// The kernel's reason, scrubbed; may be empty.
    pub reason: String,
    /// The kernel's message, scrubbed; may be empty.
    pub message: String,
    /// The kernel's dump of queues and tasks at that moment, scrubbed, in lines; often empty.
    pub dump: Vec<String>,
    /// The kernel asks for the scheduler to be attached again.
    pub asks_restart: bool,
}

/// Formats the reason as one sentence without its full stop: the kind, then the kernel's text.
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

/// The scheduler's part of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchedulerStatus {
    /// The active scheduler.
    #[serde(rename = "ruler")]
    pub active: ActiveScheduler,
    /// The role of this program.
    pub role: Role,
    /// Time since our scheduler was attached.
    pub attached: Option<Duration>,
    /// The share of CPU time that BATCH keeps, in percent (0 to 50).
    pub guarantee_percent: Option<u8>,
    /// The tunables that hold, the guarantee among them; `None` while it cannot be read, and in old recordings.
    #[serde(default)]
    pub tunables: Option<Tunables>,
    /// The watchdog's limit: the kernel ejects the scheduler if a runnable task waits longer.
    pub watchdog: Option<Duration>,
    /// The wait of the oldest task in BATCH when the scheduler last checked.
    pub oldest_wait: Option<Duration>,
    /// The limits of cgroups that do not hold; `None` while ours does not run, and where it is not known.
    #[serde(default)]
    pub limits: Option<CgroupLimits>,
    /// Number of entries in `priority_pids_map`.
    pub members: usize,
    /// The reason, if the kernel ended the scheduler.
    pub exit: Option<Exit>,
}

/// One CPU's counters since the scheduler was attached: numbers of tasks, and nanoseconds of CPU time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CpuCounters {
    /// Tasks that became runnable in PRIORITY.
    pub priority_enq: u64,
    /// Dispatches from PRIORITY.
    pub priority_dis: u64,
    /// Tasks that became runnable in BATCH.
    pub batch_enq: u64,
    /// Dispatches from BATCH.
    pub batch_dis: u64,
    /// CPU time of PRIORITY, in nanoseconds.
    pub priority_ns: u64,
    /// CPU time of BATCH, in nanoseconds.
    pub batch_ns: u64,
    /// Dispatches from BATCH that were made only because of the guarantee.
    pub rescues: u64,
}
