//! Refuses to move processes that no queue can serve: those that have ended, and those whose threads all
//! have a real-time policy.

use anyhow::{Result, bail};
use procfs::process::{Process, Stat};

use crate::model::Policy;
use crate::refusal::{Refusal, Status};
use crate::sys::text::scrub;

/// # Errors
/// A [`Refusal`] that says why moving it would change nothing. What cannot be read is not refused here.
pub fn check(pid: u32) -> Result<()> {
    let Ok(process) = Process::new(pid.cast_signed()) else {
        return Ok(());
    };
    let Ok(stat) = process.stat() else {
        return Ok(());
    };
    let name = scrub(stat.comm.as_bytes());
    // A process whose first thread ends before the others looks the same but for their number.
    if matches!(stat.state, 'Z' | 'X') && stat.num_threads <= 1 {
        bail!(Refusal::new(
            Status::NoSuchProcess,
            format!(
                "cannot move {name} ({pid}): it has ended; its parent, process {}, has yet to collect it",
                stat.ppid
            ),
        ));
    }
    let policy = of(&stat);
    if policy.goes_before_the_queues() && !any_is_served(&process) {
        bail!(Refusal::new(
            Status::BadArgument,
            format!(
                "cannot move {name} ({pid}): {}; chrt -o -p 0 {pid} makes it ordinary",
                unserved(policy)
            ),
        ));
    }
    Ok(())
}

/// Why no queue has it, as part of a sentence.
#[must_use]
pub fn unserved(policy: Policy) -> String {
    format!(
        "its policy is {}, which neither queue serves: the kernel runs it before both",
        policy.name()
    )
}

/// The policy of its first thread.
#[must_use]
pub fn policy(pid: u32) -> Policy {
    let stat = Process::new(pid.cast_signed()).and_then(|process| process.stat());
    stat.map_or(Policy::Other, |stat| of(&stat))
}

fn of(stat: &Stat) -> Policy {
    Policy::of(stat.policy.unwrap_or(0))
}

fn any_is_served(process: &Process) -> bool {
    let Ok(mut threads) = process.tasks() else {
        return false;
    };
    threads.any(|thread| {
        let stat = thread.and_then(|thread| thread.stat());
        stat.is_ok_and(|stat| !of(&stat).goes_before_the_queues())
    })
}
