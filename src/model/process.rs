use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DEFAULT_LEVEL, Details, Membership, Policy, ProcessId, Queue};

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
    /// A member's level, 0 to 255; `None` if it is not a member, and in old recordings.
    #[serde(default)]
    pub level: Option<u8>,
    /// This program's own process: always served first, never a member.
    pub own: bool,
    /// The values that are read only while a column shows them; `None` while none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Arc<Details>>,
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

    /// Returns a member's level, if it is not the default.
    #[must_use]
    pub fn special_level(&self) -> Option<u8> {
        self.level.filter(|level| *level != DEFAULT_LEVEL)
    }

    /// Its name and its id, as messages call it.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} ({})", self.name, self.id.pid)
    }
}
