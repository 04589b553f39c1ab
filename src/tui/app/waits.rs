//! The waits that are shown, and switching the instrument.

use super::App;
use super::command::Command;
use super::keymap::Action;
use super::measure::waits::{WaitSummary, p99};
use super::message::{Sentence, Tone};
use crate::model::{NoWaits, ProcessId, Role};

impl App {
    /// The waits of the last seconds.
    ///
    /// # Errors
    /// With the reason why there are none.
    pub fn waits(&self) -> Result<&WaitSummary, &NoWaits> {
        self.session.measured.waits.as_ref()
    }

    /// The p99 of a process's wake-up waits, in nanoseconds, where it is looked at and has enough.
    #[must_use]
    pub fn wait_p99(&self, id: ProcessId) -> Option<u64> {
        let processes = &self.session.measured.waits.as_ref().ok()?.waits.processes;
        let at = processes
            .binary_search_by_key(&id, |process| process.id)
            .ok()?;
        p99(&processes.get(at)?.wake)
    }

    pub(super) fn switch_waits(&mut self) -> Option<Command> {
        let Some(snapshot) = &self.session.snapshot else {
            self.say(Tone::Refused, "The kernel's state is not known yet.");
            return None;
        };
        let on = match (&snapshot.scheduler.role, &snapshot.waits) {
            (Role::View { reason }, _) => {
                let why = format!("Cannot measure waits in view mode: {reason}");
                self.say(Tone::Refused, why);
                return None;
            }
            (Role::Joined { .. }, _) => {
                let why = "Another process owns the scheduler: turn measuring on or off there.";
                self.say(Tone::Refused, why);
                return None;
            }
            (Role::Owner, Err(NoWaits::Unavailable(why))) => {
                let why = format!("Cannot measure waits: {why}");
                self.say(Tone::Refused, why);
                return None;
            }
            (Role::Owner, waits) => waits.is_err(),
        };
        Some(Command::MeasureWaits(on))
    }

    pub(super) fn waits_switched(&mut self, result: Result<bool, String>) {
        match result {
            Ok(true) => self.say(Tone::Done, "Measuring waits."),
            Ok(false) => {
                let sentence = Sentence::from("No longer measuring waits; ");
                let sentence = sentence.key(Action::Waits).text(" turns it on.");
                self.say(Tone::Done, sentence);
            }
            Err(why) => self.say(Tone::Refused, why),
        }
    }
}
