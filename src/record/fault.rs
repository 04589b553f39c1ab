//! Faults in a recording.

use std::fmt;

/// A fault in a recording, with its position and its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingFault {
    /// The position in bytes from the beginning of the file.
    pub at: u64,
    /// The cause, as the end of a sentence.
    pub why: String,
}

impl RecordingFault {
    pub(super) fn at(at: u64, why: impl Into<String>) -> Self {
        Self {
            at,
            why: why.into(),
        }
    }
}

/// ```text
/// at byte 4711: the checksum is wrong: the file is damaged here
/// ```
impl fmt::Display for RecordingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.at, self.why)
    }
}

impl std::error::Error for RecordingFault {}
