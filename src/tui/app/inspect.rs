//! The panel about one process, and what must be read for it and for the optional columns.

use super::App;
use super::command::{Command, Outcome};
use super::key::Key;
use super::keymap::Action;
use super::measure::inspection::Inspection;
use super::message::Tone;
use super::mode::Mode;
use super::order::SortKey;
use crate::model::{Histogram, Inspected, Process, ProcessId, Wanted};

/// The content of the panel about one process.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// The process as it is in the snapshot.
    pub process: &'a Process,
    /// Share of one CPU in percent.
    pub cpu_percent: Option<f32>,
    /// Its wake-up waits in the last seconds; `None` if they are not measured.
    pub waits: Option<&'a Histogram>,
    /// The values that were read of it alone; `None` until then, and where a recording lacks it.
    pub known: Option<&'a Inspected>,
    /// The measurements since the panel was opened.
    pub measured: &'a Inspection,
}

impl App {
    pub(super) fn inspect(&mut self) {
        match self.acted_on().map(|process| process.id) {
            Some(id) => {
                self.view.inspected = Some(id);
                self.view.mode = Mode::Inspect { line: 0 };
            }
            None => self.say(Tone::Refused, "No process is selected."),
        }
    }

    pub(super) fn inspect_key(&mut self, key: Key) -> Option<Command> {
        let action = self.view.keymap.action(key);
        match (action, &mut self.view.mode) {
            (Some(Action::Up), Mode::Inspect { line }) => *line = line.saturating_sub(1),
            (Some(Action::Down), Mode::Inspect { line }) => *line += 1,
            (Some(Action::PageUp), Mode::Inspect { line }) => *line = line.saturating_sub(10),
            (Some(Action::PageDown), Mode::Inspect { line }) => *line += 10,
            (Some(Action::First), Mode::Inspect { line }) => *line = 0,
            (Some(Action::Step | Action::StepBack | Action::Pause), _) => {
                return action.and_then(|action| self.act(action));
            }
            (Some(Action::Suspend), _) => return Some(Command::Suspend),
            (Some(Action::Redraw), _) => return Some(Command::Redraw),
            _ if key == Key::Ctrl('c') => return Some(Command::Quit(Outcome::Quit)),
            // Any other key closes it and does nothing else.
            (_, mode) => *mode = Mode::List,
        }
        None
    }

    /// The panel about one process, while it is open; `None` also once the process has ended.
    #[must_use]
    pub fn panel(&self) -> Option<Panel<'_>> {
        let id = self.inspected()?;
        let processes = self.processes();
        let at = processes.iter().position(|process| process.id == id)?;
        let measured = &self.session.measured;
        let waits = measured.waits.as_ref().ok();
        let waits = waits.and_then(|summary| {
            let processes = &summary.waits.processes;
            let at = processes.binary_search_by_key(&id, |process| process.id);
            Some(&processes.get(at.ok()?)?.wake)
        });
        let known = self.session.snapshot.as_ref()?.inspected.as_deref();
        Some(Panel {
            process: processes.get(at)?,
            cpu_percent: measured.process_percent.get(at).copied().flatten(),
            waits,
            known: known.filter(|known| known.id == id),
            measured: &self.session.inspection,
        })
    }

    /// The process that the panel is about, while it is open.
    #[must_use]
    pub fn inspected(&self) -> Option<ProcessId> {
        let open = matches!(self.view.mode, Mode::Inspect { .. });
        self.view.inspected.filter(|_| open)
    }

    /// Returns what must be read because the screen shows it.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let listed = !self.view.lanes && self.view.presentation.is_none();
        let sort = self.view.list.options.sort;
        let shows = |key| listed && (sort == key || self.view.columns.contains(&key));
        Wanted {
            nice: shows(SortKey::Nice),
            affinity: shows(SortKey::Affinity),
            unit: shows(SortKey::Unit),
            inspected: self.inspected(),
        }
    }
}
