//! The missed deadlines per second of the demonstration's metronome, now and over the last minutes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{DemoEffect, DemoReading, Queue};

/// The rate is taken over this time: as long as it takes to be believed, and no longer.
const WINDOW: Duration = Duration::from_millis(1000);
/// Seconds kept for the chart.
const CAPACITY: usize = 600;

/// Frames a second that were on time, and that were not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beat {
    /// Frames per second that were on time.
    pub on_time: f32,
    /// Frames per second that were late.
    pub missed: f32,
    /// The queue that the metronome was in; `None` where nothing of ours ruled.
    pub queue: Option<Queue>,
    /// Something was moved meanwhile, or the schedulers changed.
    pub marked: bool,
}

/// The rates of one queue, from when the frame was last in it for the whole window.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Side {
    missed: f64,
    /// The hogs' CPU time in a second.
    hogs: f64,
}

/// The readings of one load, and what became of each of the last seconds.
#[derive(Debug, Clone, Default)]
pub struct Deadlines {
    /// The deadlines of the last second, oldest first. Cleared when the metronome is moved.
    readings: VecDeque<DemoReading>,
    /// The start of the second that the chart shows next.
    second: Option<DemoReading>,
    seconds: VecDeque<Beat>,
    /// The first reading since the last move: what the hogs have is averaged from here.
    begun: Option<DemoReading>,
    batch: Option<Side>,
    priority: Option<Side>,
    /// The second that is not over yet is to be marked.
    marked: bool,
}

impl Deadlines {
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
    #[must_use]
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = &Beat> + ExactSizeIterator {
        self.seconds.iter()
    }

    /// Takes in one more reading, while the metronome is in `queue`.
    pub fn read(&mut self, reading: DemoReading, queue: Option<Queue>) {
        while self.readings.len() > 1
            && self
                .readings
                .get(1)
                .is_some_and(|next| reading.at.saturating_sub(next.at) >= WINDOW)
        {
            self.readings.pop_front();
        }
        self.readings.push_back(reading);
        self.compare(reading, queue);
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

    fn compare(&mut self, reading: DemoReading, queue: Option<Queue>) {
        let since = *self.begun.get_or_insert(reading);
        let over = reading.at.saturating_sub(since.at);
        let Some(beat) = self.beat(queue).filter(|_| over >= WINDOW) else {
            return;
        };
        let hogs = reading.hogs_cpu.saturating_sub(since.hogs_cpu);
        let side = Side {
            missed: beat.missed.into(),
            hogs: hogs.as_secs_f64() / over.as_secs_f64(),
        };
        match queue {
            Some(Queue::Batch) => self.batch = Some(side),
            Some(Queue::Priority) => self.priority = Some(side),
            None => {}
        }
    }

    /// Deadlines missed a second in BATCH; `None` until it has been there for a second.
    #[must_use]
    pub fn missed_in_batch(&self) -> Option<f64> {
        Some(self.batch?.missed)
    }

    /// Returns the effect of PRIORITY; `None` until the frame has been in both queues for a second.
    #[must_use]
    pub fn effect(&self) -> Option<DemoEffect> {
        let (batch, priority) = (self.batch?, self.priority?);
        let others = priority.hogs / batch.hogs;
        Some(DemoEffect {
            batch_missed: batch.missed,
            priority_missed: priority.missed,
            others: others.is_finite().then_some(others),
        })
    }

    /// Forgets all readings but the last: those before a move tell nothing about what it does.
    pub fn restart(&mut self) {
        if let Some(last) = self.readings.pop_back() {
            self.readings.clear();
            self.readings.push_back(last);
            self.begun = Some(last);
        }
    }

    /// Returns the number of bytes that the chart takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.seconds.len() * size_of::<Beat>()
    }

    /// Marks the present in the chart.
    pub fn mark(&mut self) {
        self.marked = true;
    }
}

impl Beat {
    #[allow(clippy::cast_precision_loss)]
    fn between(then: &DemoReading, now: &DemoReading, queue: Option<Queue>) -> Option<Self> {
        let time = now.at.checked_sub(then.at).filter(|t| !t.is_zero())?;
        // A frame may be reported just after its deadline was held for missed: no negative rate.
        let rate = |then: u64, now: u64| now.saturating_sub(then) as f32 / time.as_secs_f32();
        // A window with one deadline more than its length has does not mean that there are 61 a second.
        let most = DemoReading::RATE as f32;
        Some(Self {
            on_time: rate(then.on_time, now.on_time).min(most),
            missed: rate(then.missed, now.missed).min(most),
            queue,
            marked: false,
        })
    }
}
