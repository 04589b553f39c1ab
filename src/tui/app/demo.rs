//! The demonstration load: starting it, stopping it, and what is shown of it.

use super::App;
use super::command::Command;
use super::keymap::Action;
use super::measure::deadlines::Deadlines;
use super::message::{Sentence, Tone};
use super::session::Demo;
use crate::model::{
    ActiveScheduler, DEFAULT_LEVEL, DemoEffect, DemoReading, DemoStatus, Process, ProcessId, Queue,
    Snapshot,
};

/// With up to so many percent for BATCH the frame missed none in virtual time (docs/TALK.md).
const HARMLESS_GUARANTEE: u8 = 20;

impl App {
    /// Starts the load, or stops it.
    pub(super) fn demo_key(&mut self) -> Option<Command> {
        match &mut self.session.demo {
            None => {
                self.session.demo = Some(Demo::default());
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
                self.session.demo.get_or_insert_default();
            }
            DemoStatus::Runs(reading) => {
                // While the screen is held its numbers stand still; the next reading makes up for it.
                if self.is_paused() {
                    self.changed = false;
                    return;
                }
                let is_ours =
                    |snapshot: &Snapshot| snapshot.scheduler.active == ActiveScheduler::Dualq;
                // A member that no queue serves is in none.
                let queue = self
                    .process(reading.metronome)
                    .filter(|_| self.snapshot().is_some_and(is_ours))
                    .and_then(|p| p.queue);
                self.session
                    .demo
                    .get_or_insert_default()
                    .deadlines
                    .read(reading, queue);
                self.point_at_metronome();
            }
            DemoStatus::Stopped => {
                self.session.demo = None;
                let sentence = Sentence::from("The demonstration has stopped: ").key(Action::Demo);
                self.say(Tone::Done, sentence.text(" starts it."));
            }
            DemoStatus::Over(why) => {
                self.session.demo = None;
                let sentence = Sentence::from(format!("{why}: ")).key(Action::Demo);
                self.say(Tone::Refused, sentence.text(" starts it again."));
            }
            DemoStatus::Ended(why) => {
                self.session.demo = None;
                self.say(Tone::Refused, why);
            }
        }
    }

    /// Once, when it shows in the list: what to do next is to press space.
    pub(super) fn point_at_metronome(&mut self) {
        let Some(id) = self.metronome().map(|process| process.id) else {
            return;
        };
        if let Some(demo) = &mut self.session.demo
            && !demo.pointed
        {
            demo.pointed = true;
            self.select(id);
            let sentence = Sentence::from("The cursor is on the frame: ");
            let sentence = match self.replay {
                None => sentence
                    .key(Action::Toggle)
                    .text(" moves it to PRIORITY and back."),
                Some(_) => sentence.text("watch it move to PRIORITY and back."),
            };
            self.say(Tone::Note, sentence);
        }
    }

    /// The rate starts again if the metronome was moved, or if the scheduler changed.
    pub(super) fn demo_begins_anew(&mut self, moved: Option<ProcessId>) {
        let metronome = self.metronome().map(|process| process.id);
        if (moved.is_none() || moved == metronome)
            && let Some(demo) = &mut self.session.demo
        {
            demo.deadlines.restart();
        }
    }

    /// For its chart.
    pub(super) fn demo_mark(&mut self) {
        if let Some(demo) = &mut self.session.demo {
            demo.deadlines.mark();
        }
    }

    fn process(&self, pid: u32) -> Option<&Process> {
        self.processes().iter().find(|p| p.id.pid == pid)
    }

    /// The demonstration, while it runs.
    #[must_use]
    pub fn demo(&self) -> Option<&Deadlines> {
        self.session.demo.as_ref().map(|demo| &demo.deadlines)
    }

    /// Returns the key to press next, or the effect of the last press; `None` until that is known.
    #[must_use]
    pub fn demo_sentence(&self) -> Option<String> {
        let demo = self.demo()?;
        let rate = DemoReading::RATE;
        if self.snapshot()?.scheduler.active == ActiveScheduler::KernelDefault {
            // It stays a member, but of a queue that nobody serves now.
            let missed = demo.beat(None)?.missed;
            let beside = match demo.effect() {
                Some(effect) if effect.shows() => {
                    format!(", in PRIORITY {:.0}", effect.priority_missed)
                }
                _ => String::new(),
            };
            return Some(format!(
                "Under the kernel default it misses {missed:.0} of {rate}{beside}."
            ));
        }
        match (self.metronome()?.queue?, demo.effect()) {
            (Queue::Priority, effect) => {
                let effect = effect?;
                let missed = effect.priority_missed;
                let in_the_way = self.in_the_way_of_the_frame();
                Some(
                    match in_the_way.filter(|_| missed > DemoEffect::MOST_IN_PRIORITY) {
                        Some(why) => format!("It misses {missed:.0} of {rate}: {why}."),
                        None => effect.sentence(),
                    },
                )
            }
            (Queue::Batch, Some(effect)) if effect.shows() => Some(format!(
                "In BATCH it misses {:.0} of {rate}, in PRIORITY it missed {:.0}.",
                effect.batch_missed, effect.priority_missed
            )),
            (Queue::Batch, _) => {
                let missed = demo.missed_in_batch()?;
                if missed < DemoEffect::ENOUGH_IN_BATCH {
                    return Some(DemoEffect::too_few_rivals(missed));
                }
                let sentence = Sentence::from(format!("In BATCH it misses {missed:.0} of {rate}"));
                let sentence = match self.replay {
                    None => sentence
                        .text(": ")
                        .key(Action::Toggle)
                        .text(" moves it to PRIORITY."),
                    Some(_) => sentence.text("."),
                };
                Some(sentence.with_keys(self.keymap()))
            }
        }
    }

    /// Names what was put beside the frame on purpose: another busy member, or a larger share for BATCH.
    fn in_the_way_of_the_frame(&self) -> Option<String> {
        let frame = self.metronome()?;
        let is_rival = |process: &&Process| {
            process.id != frame.id
                && !process.own
                && process.state == 'R'
                && process.queue == Some(Queue::Priority)
                && process.level.unwrap_or(DEFAULT_LEVEL) >= frame.level.unwrap_or(DEFAULT_LEVEL)
        };
        if let Some(rival) = self.processes().iter().find(is_rival) {
            return Some(format!("{} is in PRIORITY too", rival.title()));
        }
        let percent = self.snapshot()?.scheduler.guarantee_percent?;
        (percent > HARMLESS_GUARANTEE)
            .then(|| format!("BATCH is guaranteed {percent} % of each CPU"))
    }

    /// The demonstration's frame, while it is in the list.
    #[must_use]
    pub fn metronome(&self) -> Option<&Process> {
        self.process(self.demo()?.reading()?.metronome)
    }
}
