//! One event: a task begins to run.

use crate::kernel::skeletons::dualq::types::trace_event;
use crate::sys::text::scrub;

/// Why a task runs: `enum reason` in src/bpf/trace.h, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It stood first in its queue.
    Queue,
    /// Its CPU was idle.
    Idle,
    /// It preempted a lesser task.
    Preempts,
    /// It is a member, and went ahead of a BATCH task that was dispatched and did not run yet.
    Overtakes,
    /// Nobody waited, and the task that ran was about to sleep.
    Follows,
    /// BATCH was owed its share.
    Guarantee,
    /// It had waited too long.
    Overdue,
    /// It runs for the rest of a slice in which it was preempted.
    Resumes,
    /// It ran before, and got another slice.
    Continues,
    /// It is a kernel thread of this CPU.
    Kernel,
}

impl Reason {
    const ALL: [Self; 10] = [
        Self::Queue,
        Self::Idle,
        Self::Preempts,
        Self::Overtakes,
        Self::Follows,
        Self::Guarantee,
        Self::Overdue,
        Self::Resumes,
        Self::Continues,
        Self::Kernel,
    ];

    /// Returns its words in a trace, which are an interface.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Queue => "first in its queue",
            Self::Idle => "idle CPU",
            Self::Preempts => "preempting",
            Self::Overtakes => "ahead of a dispatched BATCH task",
            Self::Follows => "follows the task that woke it",
            Self::Guarantee => "guarantee",
            Self::Overdue => "overdue",
            Self::Resumes => "rest of its slice",
            Self::Continues => "continues",
            Self::Kernel => "kernel thread",
        }
    }
}

/// The queue that a task belongs to: `enum class` in src/bpf/members.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TracedQueue {
    /// The task of a member.
    Priority,
    /// Any other task.
    Batch,
    /// A task of this program, which goes first.
    Own,
    /// A kernel thread of one CPU, which needs no queue.
    Kernel,
}

impl TracedQueue {
    /// Returns its name in a trace, which is an interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Priority => "PRIORITY",
            Self::Batch => "BATCH",
            Self::Own => "dualq-top",
            Self::Kernel => "kernel",
        }
    }
}

/// A task begins to run on a CPU. Times are in nanoseconds of the events' own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The time at which it begins.
    pub at: u64,
    /// The time at which the task before it left this CPU.
    pub free_since: u64,
    /// The time for which it had waited; `None` if that is not known, or if it did not wait.
    pub waited: Option<u64>,
    /// The slice that it was given.
    pub slice: u64,
    /// The task's id.
    pub thread: u32,
    /// The id of its process.
    pub pid: u32,
    /// Its queue.
    pub queue: TracedQueue,
    /// The level of a member.
    pub level: u8,
    /// Why it runs.
    pub reason: Reason,
    /// It came from the CPU's own queue of pinned tasks.
    pub pinned: bool,
    /// Its weight by its nice value: 100 is nice 0.
    pub weight: u32,
    /// Its name, scrubbed; empty if it only continues.
    pub name: String,
}

impl Event {
    /// Takes over what the kernel's side wrote; `None` if it has a class or a reason that is not known here.
    pub(super) fn of(written: &trace_event) -> Option<Self> {
        let name = written.comm.map(i8::cast_unsigned);
        let end = name.iter().position(|byte| *byte == 0);
        Some(Self {
            at: written.at,
            free_since: written.free_since,
            waited: Some(written.waited_ns).filter(|ns| *ns > 0),
            slice: written.slice_ns,
            thread: written.pid,
            pid: written.tgid,
            queue: match written.class {
                1 => TracedQueue::Priority,
                2 => TracedQueue::Batch,
                3 => TracedQueue::Own,
                4 => TracedQueue::Kernel,
                _ => return None,
            },
            level: written.level,
            reason: *Reason::ALL.get(usize::from(written.reason))?,
            pinned: written.pinned != 0,
            weight: written.weight,
            name: scrub(&name[..end.unwrap_or(name.len())]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_are_those_of_the_bpf_source_in_its_order() {
        let source = include_str!("../bpf/trace.h");
        let list = source.split("enum reason {").nth(1).unwrap();
        let list = list.split("};").next().unwrap();
        let there: Vec<String> = list
            .lines()
            .filter_map(|line| line.trim().strip_prefix("REASON_"))
            .map(|line| line.split(',').next().unwrap().to_lowercase())
            .collect();
        let here = Reason::ALL.map(|reason| format!("{reason:?}").to_lowercase());
        assert_eq!(there, here);
    }
}
