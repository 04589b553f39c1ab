//! One process as a reader saw it: what changes from tick to tick.

use std::time::Duration;

use crate::model::ProcessId;

/// PF_KTHREAD and PF_WQ_WORKER, include/linux/sched.h
const KERNEL_THREAD: u32 = 0x0020_0000;
const QUEUE_WORKER: u32 = 0x20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    pub id: ProcessId,
    /// The parent's process id; 0 for those without one.
    pub parent: u32,
    /// The owner; `None` where the reader does not say.
    pub uid: Option<u32>,
    pub threads: u32,
    pub flags: u32,
    /// The kernel's letter.
    pub state: char,
    /// All threads, those that have ended included.
    pub cpu_time: Duration,
    /// A thread was just ending: the time may be wrong by that thread's.
    pub uncertain: bool,
    /// Grows with each exec; 0 where the reader does not say.
    pub execs: u32,
    /// The short name: any bytes but zero.
    pub comm: &'a [u8],
}

impl Seen<'_> {
    pub fn is_kernel_thread(&self) -> bool {
        self.flags & KERNEL_THREAD != 0
    }

    /// Serves work queues: `/proc` appends to its name what it is doing at the moment.
    pub fn is_queue_worker(&self) -> bool {
        self.flags & QUEUE_WORKER != 0
    }
}

/// A work queue's thread without what it is doing: `kworker/0:1` of `kworker/0:1-events`. Those
/// named after their queue (`kworker/R-mld`) keep it.
pub fn without_work(name: &[u8]) -> &[u8] {
    const PREFIX: &[u8] = b"kworker/";
    match name.strip_prefix(PREFIX) {
        Some(rest) if !rest.starts_with(b"R-") => {
            let end = rest.iter().position(|&byte| b"-+".contains(&byte));
            &name[..end.map_or(name.len(), |end| PREFIX.len() + end)]
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_of_the_kernel_is_called_the_same_whatever_it_does() {
        assert_eq!(without_work(b"kworker/0:1-events"), b"kworker/0:1");
        assert_eq!(without_work(b"kworker/u8:2+flush-8:0"), b"kworker/u8:2");
        assert_eq!(without_work(b"kworker/1:0H"), b"kworker/1:0H");
        assert_eq!(without_work(b"kworker/R-mld"), b"kworker/R-mld");
        assert_eq!(without_work(b"a-b"), b"a-b");
    }
}
