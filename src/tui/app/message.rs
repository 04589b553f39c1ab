//! The message line.

use std::time::Duration;

/// How long a message stays.
const STAYS: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It was done.
    Done,
    /// Something is being done, or worth knowing.
    Note,
    /// It was not done, and why.
    Refused,
}

/// One sentence, with the time of the snapshot that was on screen when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub tone: Tone,
    pub text: String,
    at: Duration,
}

impl Message {
    #[must_use]
    pub fn new(tone: Tone, text: impl Into<String>, at: Duration) -> Self {
        Self {
            tone,
            text: text.into(),
            at,
        }
    }

    #[must_use]
    pub fn is_old(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) > STAYS
    }
}
