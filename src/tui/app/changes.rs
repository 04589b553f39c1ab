//! The panel of changes: who moved which process or changed a tunable, and when.

use super::App;
use super::menu::{Choices, Menu};
use super::message::Tone;
use super::mode::Mode;
use crate::model::{Change, ProcessId};

impl App {
    /// Opens the list of changes, the newest first.
    pub(super) fn changes_menu(&mut self) {
        let changes = &self.session.changes;
        if changes.is_empty() {
            let sentence = "No change is known: none was made yet, or only root can read them.";
            return self.say(Tone::Note, sentence);
        }
        let newest_first = || changes.iter().rev();
        let line = |change: &Change| format!("{}  {change}", change.time_of_day());
        self.view.mode = Mode::Menu(Menu {
            title: "Changes, the newest first (time in UTC)".into(),
            items: newest_first().map(line).collect(),
            row: 0,
            choices: Choices::Changes(newest_first().map(Change::id).collect()),
        });
    }

    /// Moves the cursor to the process of a change.
    pub(super) fn jump_to_changed(&mut self, id: Option<ProcessId>) {
        let Some(id) = id else {
            return self.say(Tone::Note, "This change is not about a process.");
        };
        if !self.processes().iter().any(|process| process.id == id) {
            let sentence = format!("Process {} has ended.", id.pid);
            return self.say(Tone::Note, sentence);
        }
        self.select(id);
        if self.view.list.cursor() != Some(id) {
            let sentence = format!(
                "Process {} is not in the list as it is filtered now.",
                id.pid
            );
            self.say(Tone::Note, sentence);
        }
    }
}
