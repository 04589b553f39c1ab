//! The changing values of one process, as a reader returns them.

use std::time::Duration;

use crate::model::ProcessId;

/// PF_KTHREAD and PF_WQ_WORKER, include/linux/sched.h
const KERNEL_THREAD: u32 = 0x0020_0000;
const QUEUE_WORKER: u32 = 0x20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessSample<'a> {
    pub id: ProcessId,
    /// The parent's process id, or 0 if there is no parent.
    pub parent: u32,
    /// The owner's user id; `None` if the reader does not know it.
    pub uid: Option<u32>,
    pub threads: u32,
    pub flags: u32,
    /// The kernel's letter for the state: see proc(5).
    pub state: char,
    /// CPU time of all threads, including threads that have ended.
    pub cpu_time: Duration,
    /// True if a thread was just ending: the CPU time may be wrong by that thread's.
    pub uncertain: bool,
    /// The kernel's number of its policy.
    pub policy: u32,
    /// A number that grows with each exec; 0 if the reader does not know it.
    pub execs: u32,
    /// The command name (`comm`): any bytes except zero.
    pub comm: &'a [u8],
}

impl ProcessSample<'_> {
    pub fn is_kernel_thread(&self) -> bool {
        self.flags & KERNEL_THREAD != 0
    }

    /// True for a work queue's thread: `/proc` appends its current work to the name.
    pub fn is_queue_worker(&self) -> bool {
        self.flags & QUEUE_WORKER != 0
    }
}

/// Returns a work queue thread's name without its current work: `kworker/0:1` of `kworker/0:1-events`. A
/// name that comes from the queue (`kworker/R-mld`) is kept.
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
