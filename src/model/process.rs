use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Membership, Queue};

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
}

impl Process {
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
