//! Decides what may be moved, signalled, attached and detached, and gives the reason if not.

use super::command::Pending;
use super::keymap::{Action, Keymap};
use super::message::Sentence;
use crate::model::{ActiveScheduler, Process, Queue, Role, SchedulerStatus};

/// The queue that a process is in, if it may be moved; else one sentence.
pub(super) fn may_move(
    process: &Process,
    scheduler: &SchedulerStatus,
    keymap: &Keymap,
) -> Result<Queue, String> {
    let title = process.title();
    if let Role::View { reason } = &scheduler.role {
        return Err(format!("Cannot move {title} in view mode: {reason}"));
    }
    if process.own {
        return Err(format!(
            "Cannot move {title}: it is part of dualq-top, and goes first."
        ));
    }
    if process.kernel_thread {
        return Err(format!("Cannot move {title}: it is a kernel thread."));
    }
    if process.has_ended() {
        return Err(ended(process));
    }
    if process.policy.goes_before_the_queues()
        && process.threads <= 1
        && process.queue != Some(Queue::Priority)
    {
        return Err(format!(
            "{title} is {}, which neither queue serves.",
            process.policy.name()
        ));
    }
    process.queue.ok_or_else(|| match &scheduler.active {
        ActiveScheduler::KernelDefault => {
            let x = keymap.key(Action::Scheduler);
            format!("{title} is in no queue: dualq is not attached, {x} attaches it.")
        }
        ActiveScheduler::Other(name) => {
            format!("{title} is in no queue: {name} is the active scheduler.")
        }
        ActiveScheduler::Transition => {
            "The kernel is changing schedulers: try again in a second.".into()
        }
        ActiveScheduler::Unsupported => "This kernel has no sched_ext: there are no queues.".into(),
        ActiveScheduler::Dualq => format!("Cannot move {title}: the kernel's map cannot be read."),
    })
}

/// Returns the request of `x`, or the reason why it is refused.
pub(super) fn may_change(scheduler: &SchedulerStatus) -> Result<Pending, Sentence> {
    let owned_by = |owner: &u32| {
        Sentence::from(format!("Process {owner} owns the scheduler: ")).key(Action::Scheduler)
    };
    if let Role::View { reason } = &scheduler.role {
        return Err(format!("Cannot change the scheduler in view mode: {reason}").into());
    }
    match (&scheduler.active, &scheduler.role) {
        (ActiveScheduler::Transition, _) => {
            Err("The kernel is changing schedulers: try again in a second.".into())
        }
        (ActiveScheduler::Unsupported, _) => Err("This kernel has no sched_ext.".into()),
        (ActiveScheduler::Other(name), _) => {
            let sentence = format!("{name} is active and never evicted: stop it first, then ");
            let sentence = Sentence::from(sentence).key(Action::Scheduler);
            Err(sentence.text(" attaches dualq."))
        }
        (ActiveScheduler::KernelDefault, Role::Joined { owner: Some(owner) }) => {
            Err(owned_by(owner).text(" there attaches it."))
        }
        (ActiveScheduler::KernelDefault, _) => Ok(Pending::Attach),
        (ActiveScheduler::Dualq, Role::Joined { owner: Some(owner) }) => {
            Err(owned_by(owner).text(" there detaches it."))
        }
        (ActiveScheduler::Dualq, _) => Ok(Pending::Detach),
    }
}

/// Why the tunables cannot be changed from here.
pub(super) fn may_tune(scheduler: &SchedulerStatus) -> Result<(), Sentence> {
    if let Role::View { reason } = &scheduler.role {
        return Err(format!("Cannot change the guarantee in view mode: {reason}").into());
    }
    match scheduler.active {
        ActiveScheduler::Dualq => Ok(()),
        ActiveScheduler::Transition => {
            Err("The kernel is changing schedulers: try again in a second.".into())
        }
        _ => {
            let sentence = Sentence::from("There is no guarantee while dualq is not attached: ");
            Err(sentence.key(Action::Scheduler).text(" attaches it."))
        }
    }
}

/// Why nothing can be traced from here.
pub(super) fn may_trace(scheduler: &SchedulerStatus) -> Result<(), Sentence> {
    if let Role::View { reason } = &scheduler.role {
        return Err(format!("Cannot trace in view mode: {reason}").into());
    }
    if scheduler.active == ActiveScheduler::Dualq {
        return Ok(());
    }
    let sentence = Sentence::from("Cannot trace: dualq is not attached, ");
    Err(sentence.key(Action::Scheduler).text(" attaches it."))
}

/// Why a process gets no signal from here.
pub(super) fn may_signal(process: &Process) -> Result<(), Sentence> {
    let title = process.title();
    if process.own {
        let sentence = Sentence::from(format!("{title} is part of dualq-top: "));
        return Err(sentence.key(Action::Quit).text(" quits."));
    }
    if process.kernel_thread {
        return Err(format!("{title} is a kernel thread, which ignores signals.").into());
    }
    if process.has_ended() {
        return Err(ended(process).into());
    }
    Ok(())
}

/// Describes a process that has ended and is still in the list.
fn ended(process: &Process) -> String {
    format!(
        "{} has ended: its parent, process {}, has yet to collect it.",
        process.title(),
        process.parent
    )
}
