//! Changing the guarantee, and the marks where a tunable changed.

use super::App;
use super::command::Command;
use super::keymap::Action;
use super::message::{Sentence, Tone};
use super::permitted::may_tune;
use crate::model::{SchedulerStatus, Tunables};

/// The steps of the keys, in percent. 0 is strict priority, under which the watchdog may end the scheduler: that is for
/// `dualq-top set` alone.
const STEPS: std::ops::RangeInclusive<u8> = 1..=10;
const STEP: u8 = 5;

impl App {
    /// Asks for the next multiple of five percent.
    pub(super) fn change_guarantee(&mut self, up: bool) -> Option<Command> {
        if self.is_changing() {
            return None;
        }
        let Some(scheduler) = self.session.snapshot.as_ref().map(|s| &s.scheduler) else {
            self.say(Tone::Refused, "The kernel's state is not known yet.");
            return None;
        };
        if let Err(why) = may_tune(scheduler) {
            self.say(Tone::Refused, why);
            return None;
        }
        let now = self
            .session
            .tunables
            .map_or(10, |now| now.guarantee_percent);
        let mut steps = STEPS.map(|step| step * STEP);
        let next = if up {
            steps.find(|percent| *percent > now)
        } else {
            steps.rfind(|percent| *percent < now)
        };
        if next.is_none() {
            let text = if up {
                "BATCH keeps half of a contended CPU at most."
            } else {
                "For less than 5 %: `dualq-top set guarantee=N`; 0 is strict priority."
            };
            self.say(Tone::Note, text);
        }
        next.map(Command::Guarantee)
    }

    pub(super) fn tuned(&mut self, result: Result<Tunables, String>) {
        let now = match result {
            Ok(now) => now,
            Err(why) => return self.say(Tone::Refused, why),
        };
        self.note_tunables(now);
        self.session.tuned = true;
        if let Some(snapshot) = &mut self.session.snapshot {
            put(now, &mut snapshot.scheduler);
        }
        let percent = now.guarantee_percent;
        let sentence = Sentence::from(format!("BATCH keeps {percent} % of a contended CPU; "));
        let sentence = sentence.key(Action::GuaranteeDown).text(" less, ");
        self.say(Tone::Done, sentence.key(Action::GuaranteeUp).text(" more."));
    }

    /// Whoever changed a tunable, it is marked.
    pub(super) fn sees_tunables(&mut self, scheduler: &mut SchedulerStatus) {
        let changed = std::mem::take(&mut self.session.tuned);
        if let (true, Some(now)) = (changed, self.session.tunables) {
            put(now, scheduler);
        }
        if let Some(now) = scheduler.tunables {
            self.note_tunables(now);
        }
    }

    fn note_tunables(&mut self, now: Tunables) {
        let before = self.session.tunables.replace(now);
        if let Some(label) = before.and_then(|before| now.change_from(&before)) {
            self.mark(label);
        }
    }
}

fn put(now: Tunables, scheduler: &mut SchedulerStatus) {
    scheduler.tunables = Some(now);
    scheduler.guarantee_percent = Some(now.guarantee_percent);
}
