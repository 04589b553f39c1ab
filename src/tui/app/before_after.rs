//! The card of before and after: when it begins, and what it is about.

use super::App;
use super::measure::before_after::Comparison;
use crate::model::{Process, ProcessId, Snapshot};

impl App {
    pub(super) fn compare_sees(&mut self, snapshot: &Snapshot) {
        let selected = self.selected().map(Process::process_id);
        let demo = self
            .session
            .demo
            .as_ref()
            .and_then(|demo| demo.deadlines.reading());
        self.session.comparisons.see(snapshot, selected, demo);
    }

    /// Shows a card about these processes.
    pub(super) fn compare(&mut self, subject: Vec<ProcessId>, title: String, change: String) {
        let demo = self
            .session
            .demo
            .as_ref()
            .and_then(|demo| demo.deadlines.reading());
        self.session.comparisons.begin(subject, title, change, demo);
    }

    /// After a change of schedulers: about the metronome while the demonstration runs, otherwise
    /// about the selected process.
    pub(super) fn compare_schedulers(&mut self, change: &str) {
        let process = self.metronome().or_else(|| self.selected());
        let Some((id, title)) = process.map(|p| (p.process_id(), super::Process::title(p))) else {
            return;
        };
        self.compare(vec![id], title, change.to_owned());
    }

    pub(super) fn hide_comparison(&mut self) {
        self.changed = self.session.comparisons.hide();
    }

    /// The card that is shown.
    #[must_use]
    pub fn comparison(&self) -> Option<&Comparison> {
        self.session.comparisons.shown()
    }
}
