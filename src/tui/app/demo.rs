//! The demonstration as the dashboard sees it: how many deadlines the metronome misses a second,
//! now and over the last minutes.

use std::collections::VecDeque;
use std::time::Duration;

use super::App;
use super::command::Command;
use super::message::Tone;
use crate::model::{DemoReading, DemoStatus, Process, ProcessId, Queue, Ruler, Snapshot};

/// The rate is taken over this time: as long as it takes to be believed, and no longer.
const WINDOW: Duration = Duration::from_millis(1000);
/// Seconds kept for the chart.
const CAPACITY: usize = 600;

/// Frames a second that were on time, and that were not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beat {
    pub on_time: f32,
    pub missed: f32,
    /// The queue that the metronome was in; `None` where nothing of ours ruled.
    pub queue: Option<Queue>,
    /// Something was moved meanwhile, or the schedulers changed.
    pub marked: bool,
}

/// A load that runs, or is being started.
#[derive(Debug, Default)]
pub struct Demo {
    /// Those of the last second, the oldest first; begun anew when the metronome is moved.
    readings: VecDeque<DemoReading>,
    /// Where the second began that the chart shows next.
    second: Option<DemoReading>,
    seconds: VecDeque<Beat>,
    /// The second that is not over yet is to be marked.
    marked: bool,
    /// The cursor has been on the metronome once.
    pointed: bool,
    stopping: bool,
}

impl Demo {
    /// The last reading, once there is one.
    #[must_use]
    pub fn reading(&self) -> Option<&DemoReading> {
        self.readings.back()
    }

    /// Over the last second; `None` until there are two readings.
    #[must_use]
    pub fn beat(&self, queue: Option<Queue>) -> Option<Beat> {
        Beat::between(self.readings.front()?, self.readings.back()?, queue)
    }

    /// Each of the last seconds, the newest last.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = &Beat> + ExactSizeIterator {
        self.seconds.iter()
    }

    fn read(&mut self, reading: DemoReading, queue: Option<Queue>) {
        while self.readings.len() > 1
            && self
                .readings
                .get(1)
                .is_some_and(|next| reading.at.saturating_sub(next.at) >= WINDOW)
        {
            self.readings.pop_front();
        }
        self.readings.push_back(reading);
        let begun = *self.second.get_or_insert(reading);
        // A second that could not be looked at in time is shown as long as it was.
        let seconds = reading.at.saturating_sub(begun.at).as_secs_f32() + 0.05;
        if seconds >= 1.0
            && let Some(mut beat) = Beat::between(&begun, &reading, queue)
        {
            self.second = Some(reading);
            beat.marked = std::mem::take(&mut self.marked);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            for _ in 0..(seconds as usize).min(CAPACITY) {
                if self.seconds.len() == CAPACITY {
                    self.seconds.pop_front();
                }
                self.seconds.push_back(beat);
                beat.marked = false;
            }
        }
    }

    /// What was before a move tells nothing about what it does.
    fn begin_anew(&mut self) {
        if let Some(last) = self.readings.pop_back() {
            self.readings.clear();
            self.readings.push_back(last);
        }
    }
}

impl Beat {
    #[allow(clippy::cast_precision_loss)]
    fn between(then: &DemoReading, now: &DemoReading, queue: Option<Queue>) -> Option<Self> {
        let time = now.at.checked_sub(then.at).filter(|t| !t.is_zero())?;
        // A frame may be reported just after its deadline was held for missed: no negative rate.
        let rate = |then: u64, now: u64| now.saturating_sub(then) as f32 / time.as_secs_f32();
        Some(Self {
            on_time: rate(then.on_time, now.on_time),
            missed: rate(then.missed, now.missed),
            queue,
            marked: false,
        })
    }
}

impl App {
    /// Starts the load, or stops it.
    pub(super) fn demo_key(&mut self) -> Option<Command> {
        match &mut self.demo {
            None => {
                self.demo = Some(Demo::default());
                self.say(Tone::Note, "Starting the demonstration …");
                Some(Command::Demo(true))
            }
            Some(demo) if demo.stopping => None,
            Some(demo) => {
                demo.stopping = true;
                self.say(Tone::Note, "Stopping the demonstration …");
                Some(Command::Demo(false))
            }
        }
    }

    pub(super) fn demo_news(&mut self, news: DemoStatus) {
        match news {
            DemoStatus::Starting => {
                self.demo.get_or_insert_default();
            }
            DemoStatus::Runs(reading) => {
                // While the screen is held its numbers stand still; the next reading makes up for it.
                if self.is_paused() {
                    self.changed = false;
                    return;
                }
                let rules = |snapshot: &Snapshot| snapshot.scheduler.ruler == Ruler::Dualq;
                // A member that no queue serves is in none.
                let queue = self
                    .process(reading.metronome)
                    .filter(|_| self.snapshot().is_some_and(rules))
                    .and_then(|p| p.queue);
                self.demo.get_or_insert_default().read(reading, queue);
                self.point_at_metronome();
            }
            DemoStatus::Stopped => {
                self.demo = None;
                self.say(Tone::Done, "The demonstration has stopped: d starts it.");
            }
            DemoStatus::Ended(why) => {
                self.demo = None;
                self.say(Tone::Refused, why);
            }
        }
    }

    /// Once, when it shows in the list: what to do next is to press space.
    pub(super) fn point_at_metronome(&mut self) {
        let Some(id) = self.metronome().map(|process| process.id) else {
            return;
        };
        if let Some(demo) = &mut self.demo
            && !demo.pointed
        {
            demo.pointed = true;
            self.select(id);
            self.say(
                Tone::Note,
                match self.replay {
                    None => "The cursor is on the metronome: space moves it to PRIORITY and back.",
                    Some(_) => {
                        "The cursor is on the metronome: watch it move to PRIORITY and back."
                    }
                },
            );
        }
    }

    /// The rate begins anew where it was the metronome that was moved, and where the scheduler changed.
    pub(super) fn demo_begins_anew(&mut self, moved: Option<ProcessId>) {
        let metronome = self.metronome().map(|process| process.id);
        if (moved.is_none() || moved == metronome)
            && let Some(demo) = &mut self.demo
        {
            demo.begin_anew();
        }
    }

    /// For its chart.
    pub(super) fn demo_mark(&mut self) {
        if let Some(demo) = &mut self.demo {
            demo.marked = true;
        }
    }

    fn process(&self, pid: u32) -> Option<&Process> {
        self.processes().iter().find(|p| p.id.pid == pid)
    }

    /// The demonstration, while it runs.
    #[must_use]
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.as_ref()
    }

    /// The demonstration's metronome, while it is in the list.
    #[must_use]
    pub fn metronome(&self) -> Option<&Process> {
        self.process(self.demo.as_ref()?.reading()?.metronome)
    }
}
