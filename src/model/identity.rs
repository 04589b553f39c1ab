use serde::{Deserialize, Serialize};

/// Identifies a process for its lifetime. The kernel reuses ids, but not with the same start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessId {
    /// Thread group id (tgid): the process id, in the words of users.
    pub pid: u32,
    /// Start time in ticks of 10 ms after boot: field 22 of `/proc/PID/stat`, see proc(5).
    pub start_ticks: u64,
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
