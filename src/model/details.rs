use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Policy, ProcessId};

/// The values of a process that are read only while a column shows them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The nice value of its first thread (-20 to 19); `None` if it was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nice: Option<i8>,
    /// The CPUs that its first thread may use, as the kernel lists them (`0-3,8`), or `all`; `None` if not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Arc<str>>,
    /// The systemd unit, or the last part of its cgroup's path, scrubbed; `None` if it was not read or has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Arc<str>>,
}

/// A choice of the values that are read only because the screen shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The nice values of all processes.
    pub nice: bool,
    /// The affinities of all processes.
    pub affinity: bool,
    /// The units of all processes.
    pub unit: bool,
    /// The process that the panel about one process shows.
    pub inspected: Option<ProcessId>,
}

/// The panel about one process: what is read of it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// The process.
    pub id: ProcessId,
    /// All of its details.
    pub details: Details,
    /// The path of its cgroup, scrubbed; `None` if it cannot be read.
    pub cgroup: Option<String>,
    /// The cause of its being in PRIORITY, according to `dualq-top log`: a key, a command, or a rule with its place.
    /// `None` if it is no member or the log does not say.
    pub cause: Option<String>,
    /// Its threads in order of ids, the first of them.
    pub threads: Vec<Thread>,
    /// Number of threads that are not in `threads`, because there are too many.
    pub left_out: usize,
}

/// A thread in the panel about its process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The thread's id.
    pub tid: u32,
    /// Its name, scrubbed.
    pub name: String,
    /// The kernel's letter, as for a process.
    pub state: char,
    /// The CPU that it used last.
    pub cpu: Option<u32>,
    /// Its nice value.
    pub nice: Option<i8>,
    /// Its policy.
    pub policy: Policy,
    /// Its CPU time since it started.
    pub cpu_time: Duration,
    /// Its waits since it started; `None` if the kernel does not count them.
    pub waited: Option<Waited>,
}

/// The time for which a thread was runnable without running, since it started (`/proc/PID/task/TID/schedstat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Waited {
    /// In nanoseconds.
    pub ns: u64,
    /// Number of times that it got a CPU.
    pub turns: u64,
}

impl Waited {
    /// Returns what came since an earlier reading; `None` if the counters went back.
    #[must_use]
    pub fn since(self, before: Self) -> Option<Self> {
        Some(Self {
            ns: self.ns.checked_sub(before.ns)?,
            turns: self.turns.checked_sub(before.turns)?,
        })
    }

    /// Returns the mean wait for a CPU in nanoseconds; `None` if it never got one.
    #[must_use]
    pub fn mean(self) -> Option<u64> {
        self.ns.checked_div(self.turns)
    }
}
