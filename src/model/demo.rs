use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the demonstration's metronome has reported so far. Counts only grow while one load runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoReading {
    /// When it was read (`CLOCK_MONOTONIC`).
    pub at: Duration,
    /// The metronome's process id.
    pub metronome: u32,
    /// How many hogs run beside it.
    pub hogs: u32,
    /// The CPU time that one frame's work takes where nothing is in its way.
    pub work: Duration,
    /// Frames that were ready by their deadline, which is where the next frame begins.
    pub on_time: u64,
    /// Deadlines that passed without their frame; with `on_time` they make [`Self::RATE`] a second.
    pub missed: u64,
    /// How long the last frame took from its beginning.
    pub last_frame: Duration,
}

impl DemoReading {
    /// Frames a second, and so deadlines.
    pub const RATE: u32 = 60;
}

/// What is heard of the load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DemoStatus {
    Starting,
    Runs(DemoReading),
    Stopped,
    /// It ended by itself, or could not be started: why, in a sentence.
    Ended(String),
}
