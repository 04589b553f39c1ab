use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Membership, Queue};

/// A process for as long as it lives: ids are used again, the pair with the start time is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessId {
    /// The thread group's id (tgid), what users call the process id.
    pub pid: u32,
    /// Field 22 of `/proc/PID/stat`: ticks (10 ms) after boot.
    pub start_ticks: u64,
}

/// One process (thread group) as seen at one tick, or one of its threads where these are shown.
/// Its texts are shared from tick to tick: a snapshot of thousands copies none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub id: ProcessId,
    /// For a thread: its process. Its own id and start are in `id`.
    pub thread_of: Option<ProcessId>,
    /// The parent's process id; 0 for those without one.
    pub parent: u32,
    /// The owner's name, or the number where it has none.
    pub user: Arc<str>,
    /// The kernel's letter: R running, S sleeping, D in the disk, Z zombie, …
    pub state: char,
    pub threads: u32,
    /// User and system time of all threads since the process started.
    pub cpu_time: Duration,
    /// The short name (`comm`), scrubbed.
    pub name: Arc<str>,
    /// The command line with single spaces, scrubbed; for a kernel thread its name.
    pub command: Arc<str>,
    pub kernel_thread: bool,
    /// Which queue the kernel's map puts it in; `None` while our scheduler's map cannot be read.
    pub queue: Option<Queue>,
    /// How it came into PRIORITY; `None` for those that are not in it.
    pub membership: Option<Membership>,
    /// One of this program's own processes: always served first, never a member.
    pub own: bool,
}

impl Process {
    /// The process that this is, or is a thread of: what a move or a signal is about.
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
