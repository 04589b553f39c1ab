//! The message line.

use std::time::Duration;

use super::keymap::{Action, Keymap};

/// The time for which a message stays.
const STAYS: Duration = Duration::from_secs(15);

/// The tone of a message, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It was done.
    Done,
    /// Something is being done, or worth knowing.
    Note,
    /// It was not done, and why.
    Refused,
}

/// A sentence that may name keys. Keys can be rebound, so it holds the actions, and which key an action
/// has is looked up when the sentence is drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sentence(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Key(Action),
}

impl Sentence {
    /// Appends the key of an action.
    #[must_use]
    pub fn key(mut self, action: Action) -> Self {
        self.0.push(Part::Key(action));
        self
    }

    /// Appends text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// Returns the text to draw, with the keys in force.
    #[must_use]
    pub fn with_keys(&self, keymap: &Keymap) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Key(action) => keymap.key(*action),
        };
        self.0.iter().map(part).collect()
    }
}

impl<T: Into<String>> From<T> for Sentence {
    fn from(text: T) -> Self {
        Self::default().text(text)
    }
}

/// One sentence, with the time of the snapshot that was on screen when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The tone, which decides the colour.
    pub tone: Tone,
    /// The sentence.
    pub text: Sentence,
    at: Duration,
}

impl Message {
    /// Creates a message, at the time of the snapshot on screen.
    #[must_use]
    pub fn new(tone: Tone, text: impl Into<Sentence>, at: Duration) -> Self {
        Self {
            tone,
            text: text.into(),
            at,
        }
    }

    /// Returns whether it has been shown long enough.
    #[must_use]
    pub fn is_old(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) > STAYS
    }
}
