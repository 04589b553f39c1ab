//! The recording that is shown, and how one goes through it.

use std::time::Duration;

use crate::model::ProcessId;

/// The playback speeds, in percent and as a factor.
pub(super) const SPEEDS: [(u32, &str); 7] = [
    (25, "¼"),
    (50, "½"),
    (100, "1"),
    (200, "2"),
    (400, "4"),
    (800, "8"),
    (1600, "16"),
];
const AS_IT_WAS: usize = 2;

/// The recording that is shown.
#[derive(Debug)]
pub struct Replay {
    /// When its first snapshot was taken.
    pub(super) first: Option<Duration>,
    pub(super) paused: bool,
    pub(super) speed: usize,
    pub(super) over: Option<String>,
    /// The selected process, while the recording is read again up to an earlier place.
    pub(super) again: Option<Option<ProcessId>>,
}

impl Replay {
    /// A recording of which nothing has come yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            first: None,
            paused: false,
            speed: AS_IT_WAS,
            over: None,
            again: None,
        }
    }

    /// Returns whether the recording stands still.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Why there is no more.
    #[must_use]
    pub fn over(&self) -> Option<&str> {
        self.over.as_deref()
    }

    /// `None` where it goes as it was.
    #[must_use]
    pub fn speed(&self) -> Option<&'static str> {
        let (_, name) = SPEEDS.get(self.speed)?;
        (self.speed != AS_IT_WAS).then_some(name)
    }
}

impl Default for Replay {
    fn default() -> Self {
        Self::new()
    }
}
