//! The report on a scheduler that the kernel has ended: shown when it comes, and again on a key.

use super::App;
use super::command::{Command, Outcome};
use super::key::Key;
use super::keymap::Action;
use super::message::Tone;
use super::mode::Mode;
use crate::model::{ActiveScheduler, Exit};

impl App {
    /// Opens the report when there is a new one. Nobody who is typing is interrupted: it waits.
    pub(super) fn notice_exit(&mut self) {
        let exit = self.exit().cloned();
        if exit == self.session.reported {
            return;
        }
        match (exit, &self.view.mode) {
            (Some(exit), Mode::List | Mode::Report { .. }) => {
                self.session.reported = Some(exit);
                self.open_report();
            }
            (None, mode) => {
                self.session.reported = None;
                if matches!(mode, Mode::Report { .. }) {
                    self.view.mode = Mode::List;
                }
            }
            _ => {}
        }
    }

    /// Why the kernel ended our scheduler, unless it runs again.
    #[must_use]
    pub fn exit(&self) -> Option<&Exit> {
        let scheduler = &self.session.snapshot.as_ref()?.scheduler;
        scheduler
            .exit
            .as_ref()
            .filter(|_| scheduler.active != ActiveScheduler::Dualq)
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
        self.view.mode = Mode::Report { line: 0 };
    }

    pub(super) fn report_key(&mut self, key: Key) -> Option<Command> {
        match (self.view.keymap.action(key), &mut self.view.mode) {
            (Some(Action::Up), Mode::Report { line }) => *line = line.saturating_sub(1),
            (Some(Action::Down), Mode::Report { line }) => *line += 1,
            (Some(Action::PageUp), Mode::Report { line }) => *line = line.saturating_sub(10),
            (Some(Action::PageDown), Mode::Report { line }) => *line += 10,
            (Some(Action::First), Mode::Report { line }) => *line = 0,
            (Some(Action::Last), Mode::Report { line }) => *line = usize::MAX,
            (Some(Action::Scheduler), mode) => {
                *mode = Mode::List;
                return match self.replay_act(Action::Scheduler) {
                    Some(answer) => answer,
                    None => self.attach_or_detach(),
                };
            }
            (Some(Action::Suspend), _) => return Some(Command::Suspend),
            (Some(Action::Redraw), _) => return Some(Command::Redraw),
            _ if key == Key::Ctrl('c') => return Some(Command::Quit(Outcome::Quit)),
            // Any other key closes it and does nothing else.
            (_, mode) => *mode = Mode::List,
        }
        None
    }
}
