//! Presentation mode: one number for the back row, and what is pressed said on the screen.

use std::collections::VecDeque;

use super::key::Key;

/// Keys that the screen remembers.
const KEYS: usize = 6;

/// The screen for a projector, and the keys that were pressed on it.
#[derive(Debug, Default)]
pub struct Presentation {
    /// The last keys, and how often each was pressed in a row.
    keys: VecDeque<(Key, u16)>,
}

impl Presentation {
    /// The newest last.
    pub fn keys(&self) -> impl Iterator<Item = (Key, u16)> + '_ {
        self.keys.iter().copied()
    }

    /// Notes that a key was pressed.
    pub fn press(&mut self, key: Key) {
        match self.keys.back_mut() {
            Some((last, times)) if *last == key => *times = times.saturating_add(1),
            _ => {
                if self.keys.len() == KEYS {
                    self.keys.pop_front();
                }
                self.keys.push_back((key, 1));
            }
        }
    }
}
