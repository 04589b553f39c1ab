use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The last report of the demonstration's frame. Counts only grow while one load runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoReading {
    /// Time of the reading (`CLOCK_MONOTONIC`).
    pub at: Duration,
    /// The frame's process id; recordings have this name for it.
    pub metronome: u32,
    /// Number of hogs that run beside it.
    pub hogs: u32,
    /// CPU time of all hogs; zero in recordings of versions that did not read it.
    #[serde(default)]
    pub hogs_cpu: Duration,
    /// CPU time of one frame's work on each CPU.
    pub work: Duration,
    /// Frames that were ready by their deadline, which is the beginning of the next frame.
    pub on_time: u64,
    /// Deadlines that passed without their frame; with `on_time` they make [`Self::RATE`] a second.
    pub missed: u64,
    /// Duration of the last frame, from its beginning to the end of its work.
    pub last_frame: Duration,
}

impl DemoReading {
    /// Frames, and so deadlines, per second.
    pub const RATE: u32 = 60;
}

/// The effect of the queue on the frame, and on everyone else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemoEffect {
    /// Deadlines missed a second in BATCH.
    pub batch_missed: f64,
    /// Deadlines missed a second in PRIORITY.
    pub priority_missed: f64,
    /// The hogs' CPU time beside it in PRIORITY, of that beside it in BATCH; `None` where it is not known.
    pub others: Option<f64>,
}

impl DemoEffect {
    /// Fewer missed deadlines a second than this in BATCH show nothing.
    pub const ENOUGH_IN_BATCH: f64 = 30.0;
    /// More missed deadlines a second than this in PRIORITY show that the machine cannot keep them.
    pub const MOST_IN_PRIORITY: f64 = 1.0;

    /// Whether an onlooker sees what PRIORITY does.
    #[must_use]
    pub fn shows(&self) -> bool {
        self.batch_missed >= Self::ENOUGH_IN_BATCH && self.priority_missed <= Self::MOST_IN_PRIORITY
    }

    /// Returns the reason why nothing shows if BATCH misses fewer than [`Self::ENOUGH_IN_BATCH`].
    #[must_use]
    pub fn too_few_rivals(batch_missed: f64) -> String {
        let rate = DemoReading::RATE;
        format!("Too few rivals: BATCH misses only {batch_missed:.0} of {rate}; more --hogs?")
    }

    /// Returns the effect in one sentence, or the reason why there is none.
    #[must_use]
    pub fn sentence(&self) -> String {
        let rate = DemoReading::RATE;
        let Self {
            batch_missed,
            priority_missed,
            others,
        } = *self;
        // Short enough for the panel at 80 columns.
        if priority_missed > Self::MOST_IN_PRIORITY {
            return format!(
                "Too busy a machine: PRIORITY misses {priority_missed:.0} of {rate}; less --work?"
            );
        }
        if batch_missed < Self::ENOUGH_IN_BATCH {
            return Self::too_few_rivals(batch_missed);
        }
        let mut sentence = format!("In PRIORITY it misses {priority_missed:.0} of {rate}");
        if let Some(others) = others {
            let percent = (100.0 * (others - 1.0)).round();
            sentence += &match percent {
                ..0.0 => format!("; everyone else has {:.0} % less", -percent),
                0.0 => "; everyone else has as much".to_owned(),
                _ => format!("; everyone else has {percent:.0} % more"),
            };
        }
        sentence + "."
    }
}

/// A change of the load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DemoStatus {
    /// The load is being started.
    Starting,
    /// The load runs; its last report.
    Runs(DemoReading),
    /// The user stopped the load.
    Stopped,
    /// The load ended by itself and can be started again; the reason, without a full stop.
    Over(String),
    /// The load could not be started, or can no longer be read; the reason, as a sentence.
    Ended(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(batch_missed: f64, priority_missed: f64, others: f64) -> DemoEffect {
        DemoEffect {
            batch_missed,
            priority_missed,
            others: Some(others),
        }
    }

    #[test]
    fn the_effect_is_said_in_one_sentence() {
        let shown = effect(58.2, 0.2, 0.92);
        assert!(shown.shows());
        assert_eq!(
            shown.sentence(),
            "In PRIORITY it misses 0 of 60; everyone else has 8 % less."
        );
        let equal = effect(60.0, 0.0, 1.001).sentence();
        assert!(equal.ends_with("; everyone else has as much."), "{equal}");
    }

    #[test]
    fn a_demonstration_without_effect_says_why() {
        let idle = effect(3.0, 0.0, 1.0);
        assert!(!idle.shows());
        assert!(
            idle.sentence().contains("Too few rivals"),
            "{}",
            idle.sentence()
        );
        let overloaded = effect(60.0, 12.0, 1.0);
        assert!(!overloaded.shows());
        assert!(
            overloaded.sentence().contains("Too busy a machine"),
            "{}",
            overloaded.sentence()
        );
    }
}
