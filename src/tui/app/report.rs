//! The report on a scheduler that the kernel has ended: shown when it comes, and again on a key.

use super::command::{Command, Outcome};
use super::key::Key;
use super::keymap::Action;
use super::message::Tone;
use super::{App, Mode};
use crate::model::{Exit, Ruler};

impl App {
    /// Opens the report when there is a new one. Nobody who is typing is interrupted: it waits.
    pub(super) fn notice_exit(&mut self) {
        let exit = self.exit().cloned();
        if exit == self.reported {
            return;
        }
        match (exit, self.mode) {
            (Some(exit), Mode::List | Mode::Report) => {
                self.reported = Some(exit);
                self.open_report();
            }
            (None, mode) => {
                self.reported = None;
                if mode == Mode::Report {
                    self.mode = Mode::List;
                }
            }
            _ => {}
        }
    }

    /// Why the kernel ended our scheduler, unless it runs again.
    #[must_use]
    pub fn exit(&self) -> Option<&Exit> {
        let scheduler = &self.snapshot.as_ref()?.scheduler;
        scheduler
            .exit
            .as_ref()
            .filter(|_| scheduler.ruler != Ruler::Dualq)
    }

    pub(super) fn show_report(&mut self) {
        if self.exit().is_some() {
            self.open_report();
        } else {
            self.say(
                Tone::Note,
                "The kernel has not ended dualq: there is no report.",
            );
        }
    }

    fn open_report(&mut self) {
        self.mode = Mode::Report;
        self.report_line = 0;
    }

    pub(super) fn report_key(&mut self, key: Key) -> Option<Command> {
        match self.keymap.action(key) {
            Some(Action::Up) => self.report_line = self.report_line.saturating_sub(1),
            Some(Action::Down) => self.report_line += 1,
            Some(Action::PageUp) => self.report_line = self.report_line.saturating_sub(10),
            Some(Action::PageDown) => self.report_line += 10,
            Some(Action::First) => self.report_line = 0,
            Some(Action::Last) => self.report_line = usize::MAX,
            Some(Action::Scheduler) => {
                self.mode = Mode::List;
                return match self.replay_act(Action::Scheduler) {
                    Some(answer) => answer,
                    None => self.attach_or_detach(),
                };
            }
            Some(Action::Suspend) => return Some(Command::Suspend),
            Some(Action::Redraw) => return Some(Command::Redraw),
            _ if key == Key::Ctrl('c') => return Some(Command::Quit(Outcome::Quit)),
            // Any other key closes it and does nothing else.
            _ => self.mode = Mode::List,
        }
        None
    }

    /// The first line of the report in view.
    #[must_use]
    pub fn report_line(&self) -> usize {
        self.report_line
    }

    /// Says how many lines of the report there are beyond those that fit.
    pub fn limit_report(&mut self, last: usize) {
        self.report_line = self.report_line.min(last);
    }
}
