//! Attaching and detaching the scheduler, and what is said of the answer.

use super::App;
use super::command::{Command, Pending};
use super::keymap::Action;
use super::message::{Sentence, Tone};
use super::permitted::may_change;
use crate::model::ActiveScheduler;

impl App {
    pub(super) fn attach_or_detach(&mut self) -> Option<Command> {
        if self.is_changing() {
            return None;
        }
        let Some(snapshot) = self.session.snapshot.as_ref() else {
            self.say(Tone::Refused, "The kernel's state is not known yet.");
            return None;
        };
        let asks = match may_change(&snapshot.scheduler) {
            Ok(asks) => asks,
            Err(why) => {
                self.say(Tone::Refused, why);
                return None;
            }
        };
        self.session.pending = Some(asks);
        match asks {
            Pending::Attach => {
                self.say(Tone::Note, "Attaching dualq …");
                Some(Command::Attach)
            }
            Pending::Detach => {
                self.say(Tone::Note, "Switching to the kernel's scheduler …");
                Some(Command::Detach)
            }
        }
    }

    /// Is a change of schedulers under way? Then it says so. What is moved meanwhile could be lost:
    /// the members may be on their way from one scheduler's map to the next one's.
    pub(super) fn is_changing(&mut self) -> bool {
        if self.session.pending.is_some() {
            self.say(Tone::Note, "The previous change is still in progress.");
        }
        self.session.pending.is_some()
    }

    pub(super) fn scheduler_answered(&mut self, result: Result<(), String>) {
        let pending = self.session.pending.take();
        match (result, pending) {
            (Err(why), _) => self.say(Tone::Refused, why),
            (Ok(()), Some(Pending::Attach)) => {
                self.becomes_active(ActiveScheduler::Dualq);
                self.mark("dualq".into());
                self.compare_schedulers("kernel default → dualq");
                self.demo_begins_anew(None);
                self.say(Tone::Done, "dualq is attached.");
            }
            (Ok(()), Some(Pending::Detach)) => {
                self.becomes_active(ActiveScheduler::KernelDefault);
                self.mark("kernel default".into());
                self.compare_schedulers("dualq → kernel default");
                self.demo_begins_anew(None);
                let sentence = Sentence::from("The kernel's scheduler is active; ");
                let sentence = sentence.key(Action::Scheduler).text(" attaches dualq.");
                self.say(Tone::Done, sentence);
            }
            (Ok(()), None) => {}
        }
    }

    pub(super) fn restarted(&mut self, why: &str) {
        self.mark("restart".into());
        self.say(
            Tone::Note,
            format!("dualq was attached again: the kernel asked for a restart ({why})."),
        );
    }

    /// The answer comes after the kernel has said who rules. The last snapshot is older than that, and
    /// the next one may have been begun before: a second key would be taken by what they say.
    fn becomes_active(&mut self, active: ActiveScheduler) {
        if let Some(snapshot) = &mut self.session.snapshot {
            snapshot.scheduler.active = active.clone();
        }
        self.session.active_since = Some(active);
    }
}
