//! Holding the screen still while the world goes on, how often is looked at it, and following.

use std::time::Duration;

use super::App;
use super::command::Command;
use super::keymap::Action;
use super::measure::held::{Held, Passed};
use super::message::{Sentence, Tone};
use crate::model::Process;

/// The intervals that can be chosen, in milliseconds.
const INTERVALS: [u64; 7] = [250, 500, 1000, 2000, 3000, 5000, 10_000];

impl App {
    pub(super) fn pause(&mut self) {
        if self.session.held.is_some() {
            self.resume();
            self.say(Tone::Note, "The screen continues.");
        } else {
            self.session.held = Some(Held::default());
            let sentence = Sentence::from("The screen is paused; ").key(Action::Pause);
            self.say(Tone::Note, sentence.text(" continues."));
        }
    }

    /// Shows what has come meanwhile.
    pub(super) fn resume(&mut self) {
        let Some(pause) = self.session.held.take() else {
            return;
        };
        for passed in pause.passed {
            match passed {
                Passed::Time(elapsed, tick) => self.session.history.push(elapsed, tick.as_ref()),
                Passed::Mark(label) => self.session.history.mark(label),
            }
        }
        if let Some((snapshot, measured)) = pause.newest {
            self.show(snapshot, measured);
        }
    }

    /// Marks the present in the charts.
    pub(super) fn mark(&mut self, label: String) {
        self.demo_mark();
        match &mut self.session.held {
            Some(pause) => pause.keep(Passed::Mark(label)),
            None => self.session.history.mark(label),
        }
    }

    pub(super) fn change_interval(&mut self, longer: bool) -> Option<Command> {
        let now = u64::try_from(self.view.interval.as_millis()).unwrap_or(u64::MAX);
        let mut steps = INTERVALS.iter().copied();
        let next = if longer {
            steps.find(|step| *step > now)
        } else {
            steps.rfind(|step| *step < now)
        };
        let Some(next) = next else {
            let end = if longer { "longest" } else { "shortest" };
            self.say(Tone::Note, format!("This is the {end} interval."));
            return None;
        };
        self.view.interval = Duration::from_millis(next);
        let seconds = self.view.interval.as_secs_f32();
        self.say(Tone::Note, format!("Refreshing every {seconds} s."));
        Some(Command::Interval(self.view.interval))
    }

    pub(super) fn follow(&mut self) {
        let title = self.selected().map(Process::title);
        let following = !self.view.list.is_following();
        self.view.list.follow(following && title.is_some());
        match title {
            Some(title) if following => self.say(
                Tone::Note,
                format!("Following {title}: it stays in the middle of the list."),
            ),
            Some(title) => self.say(Tone::Note, format!("No longer following {title}.")),
            None => self.say(Tone::Refused, "No process is selected."),
        }
    }

    /// Whether the screen is held.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.session.held.is_some()
    }

    /// Between two looks.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.view.interval
    }
}
