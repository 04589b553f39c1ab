//! Switching to presentation mode and back, and the keys that it shows.

use super::App;
use super::command::{Command, Outcome};
use super::key::Key;
use super::keymap::Action;
use super::message::Tone;
use super::mode::Mode;
use super::presentation::Presentation;

impl App {
    pub(super) fn toggle_presentation(&mut self) {
        self.view.presentation = match self.view.presentation {
            Some(_) => None,
            None => Some(Presentation::default()),
        };
        // What is under the cursor is what the screen is about from now on.
        self.view.list.choose();
    }

    pub(super) fn echo(&mut self, key: Key) {
        if let Some(presentation) = &mut self.view.presentation {
            presentation.press(key);
            // Pressed is shown, whether it does something or not.
            self.changed = true;
        }
    }

    /// Before an audience a slip must not end the show. Ctrl-C is none.
    pub(super) fn asks_before(&self, action: Option<Action>, key: Key) -> bool {
        self.view.presentation.is_some() && action == Some(Action::Quit) && key != Key::Ctrl('c')
    }

    pub(super) fn quit_key(&mut self, key: Key) -> Option<Command> {
        self.view.mode = Mode::List;
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
        self.view.presentation.as_ref()
    }
}
