use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The last report of the demonstration's metronome. Counts only grow while one load runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoReading {
    /// Time of the reading (`CLOCK_MONOTONIC`).
    pub at: Duration,
    /// Returns the metronome's process id.
    pub metronome: u32,
    /// Number of hogs that run beside it.
    pub hogs: u32,
    /// CPU time of one frame's work on an idle machine.
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

/// News from the load.
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
