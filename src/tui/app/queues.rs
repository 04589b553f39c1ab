//! Handing the machine over, and what may be moved: what is refused, and what is said of the answer.

use super::App;
use super::command::{Command, Pending};
use super::keymap::{Action, Keymap};
use super::message::Tone;
use crate::model::{Process, Queue, Role, Ruler, SchedulerStatus};

/// How a process is called in messages.
pub(super) fn title(process: &Process) -> String {
    format!("{} ({})", process.name, process.id.pid)
}

impl App {
    pub(super) fn attach_or_detach(&mut self) -> Option<Command> {
        if self.is_changing() {
            return None;
        }
        let Some(snapshot) = self.snapshot.as_ref() else {
            self.say(Tone::Refused, "Nothing has been seen of the kernel yet.");
            return None;
        };
        let asks = match may_change(&snapshot.scheduler, &self.keymap) {
            Ok(asks) => asks,
            Err(why) => {
                self.say(Tone::Refused, why);
                return None;
            }
        };
        self.pending = Some(asks);
        match asks {
            Pending::Attach => {
                self.say(Tone::Note, "Attaching dualq …");
                Some(Command::Attach)
            }
            Pending::Detach => {
                self.say(
                    Tone::Note,
                    "Handing the machine to the kernel's scheduler …",
                );
                Some(Command::Detach)
            }
        }
    }

    /// Is a change of schedulers under way? Then it says so. What is moved meanwhile could be lost:
    /// the members may be on their way from one scheduler's map to the next one's.
    pub(super) fn is_changing(&mut self) -> bool {
        if self.pending.is_some() {
            self.say(Tone::Note, "The kernel is still at the last change.");
        }
        self.pending.is_some()
    }

    pub(super) fn scheduler_answered(&mut self, result: Result<(), String>) {
        let pending = self.pending.take();
        let x = self.keymap.key(Action::Scheduler);
        match (result, pending) {
            (Err(why), _) => self.say(Tone::Refused, why),
            (Ok(()), Some(Pending::Attach)) => {
                self.rules_now(Ruler::Dualq);
                self.mark("dualq".into());
                self.compare_schedulers("kernel default → dualq");
                self.demo_begins_anew(None);
                self.say(Tone::Done, "dualq is attached.");
            }
            (Ok(()), Some(Pending::Detach)) => {
                self.rules_now(Ruler::KernelDefault);
                self.mark("kernel default".into());
                self.compare_schedulers("dualq → kernel default");
                self.demo_begins_anew(None);
                self.say(
                    Tone::Done,
                    format!("The kernel default schedules; {x} attaches dualq."),
                );
            }
            (Ok(()), None) => {}
        }
    }

    pub(super) fn restarted(&mut self, why: &str) {
        self.mark("restart".into());
        self.say(
            Tone::Note,
            format!("dualq is attached again: the kernel asked for a restart ({why})."),
        );
    }

    /// The answer comes after the kernel has said who rules. The last snapshot is older than that, and
    /// the next one may have been begun before: a second key would be taken by what they say.
    fn rules_now(&mut self, ruler: Ruler) {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.scheduler.ruler = ruler.clone();
        }
        self.rules_since = Some(ruler);
    }
}

/// The queue that a process is in, if it may be moved; else one sentence.
pub(super) fn may_move(
    process: &Process,
    scheduler: &SchedulerStatus,
    keymap: &Keymap,
) -> Result<Queue, String> {
    let title = title(process);
    if let Role::View { reason } = &scheduler.role {
        return Err(format!("{title} cannot be moved in view mode: {reason}"));
    }
    if process.own {
        return Err(format!(
            "{title} is part of dualq-top and always served first: it cannot be moved."
        ));
    }
    if process.kernel_thread {
        return Err(format!(
            "{title} is a kernel thread: only processes can be moved."
        ));
    }
    process.queue.ok_or_else(|| match &scheduler.ruler {
        Ruler::KernelDefault => {
            let x = keymap.key(Action::Scheduler);
            format!("{title} is in no queue: dualq is not attached, {x} attaches it.")
        }
        Ruler::Other(name) => format!("{title} is in no queue: {name} schedules."),
        Ruler::Transition => "The kernel is changing schedulers: try again in a second.".into(),
        Ruler::Unsupported => "This kernel has no sched_ext: there are no queues.".into(),
        Ruler::Dualq => format!("{title}: the kernel's map cannot be read."),
    })
}

/// What `x` asks for, or why it may not.
fn may_change(scheduler: &SchedulerStatus, keymap: &Keymap) -> Result<Pending, String> {
    let x = keymap.key(Action::Scheduler);
    if let Role::View { reason } = &scheduler.role {
        return Err(format!("Nothing can be changed in view mode: {reason}"));
    }
    match (&scheduler.ruler, &scheduler.role) {
        (Ruler::Transition, _) => {
            Err("The kernel is changing schedulers: try again in a second.".into())
        }
        (Ruler::Unsupported, _) => Err("This kernel has no sched_ext.".into()),
        (Ruler::Other(name), _) => Err(format!(
            "{name} schedules and is never evicted: end it first, then {x} attaches dualq."
        )),
        (Ruler::KernelDefault, Role::Joined { owner: Some(owner) }) => Err(format!(
            "Process {owner} owns the scheduler: x there attaches it."
        )),
        (Ruler::KernelDefault, _) => Ok(Pending::Attach),
        (Ruler::Dualq, Role::Joined { owner: Some(owner) }) => Err(format!(
            "Process {owner} owns the scheduler: {x} there detaches it."
        )),
        (Ruler::Dualq, _) => Ok(Pending::Detach),
    }
}
