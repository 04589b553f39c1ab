//! Presentation mode: one number for the back row, and what is pressed said on the screen.

use std::collections::VecDeque;

use super::command::{Command, Outcome};
use super::key::Key;
use super::keymap::Action;
use super::message::Tone;
use super::{App, Mode};

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

    fn press(&mut self, key: Key) {
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

impl App {
    pub(super) fn toggle_presentation(&mut self) {
        self.presentation = match self.presentation {
            Some(_) => None,
            None => Some(Presentation::default()),
        };
        // What is under the cursor is what the screen is about from now on.
        self.list.choose();
    }

    pub(super) fn echo(&mut self, key: Key) {
        if let Some(presentation) = &mut self.presentation {
            presentation.press(key);
            // Pressed is shown, whether it does something or not.
            self.changed = true;
        }
    }

    /// Before an audience a slip must not end the show. Ctrl-C is none.
    pub(super) fn asks_before(&self, action: Option<Action>, key: Key) -> bool {
        self.presentation.is_some() && action == Some(Action::Quit) && key != Key::Ctrl('c')
    }

    pub(super) fn quit_key(&mut self, key: Key) -> Option<Command> {
        self.mode = Mode::List;
        match key {
            Key::Char('y' | 'Y') | Key::Ctrl('c') => Some(Command::Quit(Outcome::Quit)),
            _ => {
                self.say(Tone::Note, "Not quitting.");
                None
            }
        }
    }

    /// Presentation mode, while it is on.
    #[must_use]
    pub fn presentation(&self) -> Option<&Presentation> {
        self.presentation.as_ref()
    }
}
