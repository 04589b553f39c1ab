//! What has come from the world, and what is kept of it.

use super::measure::deadlines::Deadlines;

/// A load that runs, or is being started.
#[derive(Debug, Default)]
pub(super) struct Demo {
    pub deadlines: Deadlines,
    /// The cursor has been on the metronome once.
    pub pointed: bool,
    pub stopping: bool,
}
