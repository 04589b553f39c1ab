//! The user's settings that the dashboard starts with.

use std::time::Duration;

use super::App;
use super::keymap::Keymap;
use super::message::Tone;
use super::order::SortKey;

/// The settings of the dashboard.
#[derive(Debug, Clone)]
pub struct Preferences {
    /// The key that the list is sorted by.
    pub sort: SortKey,
    /// Whether the order is inverted.
    pub inverted: bool,
    /// The columns of the list, from the left; where there are none, those that the width allows.
    pub columns: Vec<SortKey>,
    /// Between two looks.
    pub interval: Duration,
    /// The keys, with those that the settings change.
    pub keymap: Keymap,
    /// Something to be read at the start.
    pub note: Option<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            sort: SortKey::default(),
            inverted: false,
            columns: Vec::new(),
            interval: Duration::from_secs(1),
            keymap: Keymap::default(),
            note: None,
        }
    }
}

impl App {
    /// Creates the state with these settings.
    #[must_use]
    pub fn with(preferences: Preferences) -> Self {
        let mut app = Self::new();
        app.view.list.options.sort = preferences.sort;
        app.view.list.options.inverted = preferences.inverted;
        app.view.columns = preferences.columns;
        app.view.interval = preferences.interval;
        app.view.keymap = preferences.keymap;
        if let Some(note) = preferences.note {
            app.say(Tone::Note, note);
        }
        app
    }

    /// The columns that the settings ask for; none where they do not.
    #[must_use]
    pub fn chosen_columns(&self) -> &[SortKey] {
        &self.view.columns
    }
}
