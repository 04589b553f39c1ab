//! Holding the screen still while the world goes on, how often is looked at it, and following.

use std::collections::VecDeque;
use std::time::Duration;

use super::command::Command;
use super::keymap::Action;
use super::measure::history::CAPACITY;
use super::measure::rates::{Measured, Tick};
use super::message::Tone;
use super::{App, queues};
use crate::model::Snapshot;

/// The intervals that can be chosen, in milliseconds.
const INTERVALS: [u64; 7] = [250, 500, 1000, 2000, 3000, 5000, 10_000];

/// What came while the screen was held.
#[derive(Debug, Default)]
pub(super) struct Pause {
    /// For the charts, so that they have no gap afterwards.
    passed: VecDeque<Passed>,
    newest: Option<(Box<Snapshot>, Measured)>,
}

#[derive(Debug)]
enum Passed {
    Time(Duration, Option<Tick>),
    Mark(String),
}

impl Pause {
    fn keep(&mut self, passed: Passed) {
        if self.passed.len() == CAPACITY {
            self.passed.pop_front();
        }
        self.passed.push_back(passed);
    }

    pub(super) fn hold(&mut self, snapshot: Box<Snapshot>, measured: Measured) {
        if let Some(elapsed) = measured.elapsed {
            self.keep(Passed::Time(elapsed, measured.tick.as_ref().ok().cloned()));
        }
        self.newest = Some((snapshot, measured));
    }

    /// What a move changed, in the snapshot that waits.
    pub(super) fn waiting(&mut self) -> Option<&mut Snapshot> {
        self.newest.as_mut().map(|(snapshot, _)| &mut **snapshot)
    }
}

impl App {
    pub(super) fn pause(&mut self) {
        if self.pause.is_some() {
            self.resume();
            self.say(Tone::Note, "The screen goes on.");
        } else {
            self.pause = Some(Pause::default());
            let key = self.keymap.key(Action::Pause);
            self.say(
                Tone::Note,
                format!("The screen stands still; {key} goes on."),
            );
        }
    }

    /// Shows what has come meanwhile.
    pub(super) fn resume(&mut self) {
        let Some(pause) = self.pause.take() else {
            return;
        };
        for passed in pause.passed {
            match passed {
                Passed::Time(elapsed, tick) => self.history.push(elapsed, tick.as_ref()),
                Passed::Mark(label) => self.history.mark(label),
            }
        }
        if let Some((snapshot, measured)) = pause.newest {
            self.show(snapshot, measured);
        }
    }

    /// Marks the present in the charts.
    pub(super) fn mark(&mut self, label: String) {
        self.demo_mark();
        match &mut self.pause {
            Some(pause) => pause.keep(Passed::Mark(label)),
            None => self.history.mark(label),
        }
    }

    pub(super) fn change_interval(&mut self, longer: bool) -> Option<Command> {
        let now = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX);
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
        self.interval = Duration::from_millis(next);
        let seconds = self.interval.as_secs_f32();
        self.say(Tone::Note, format!("A look each {seconds} s."));
        Some(Command::Interval(self.interval))
    }

    pub(super) fn follow(&mut self) {
        let title = self.selected().map(queues::title);
        let following = !self.list.is_following();
        self.list.follow(following && title.is_some());
        match title {
            Some(title) if following => self.say(
                Tone::Note,
                format!("Following {title}: the list moves, it stays in the middle."),
            ),
            Some(title) => self.say(Tone::Note, format!("Not following {title} any more.")),
            None => self.say(Tone::Refused, "There is no process under the cursor."),
        }
    }

    /// Whether the screen is held.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// Between two looks.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }
}
