//! The settings file: what the dashboard starts from where the command line says nothing.
//!
//! assets/config.toml names every setting with its default.

#![forbid(unsafe_code)]

mod fault;
mod file;
mod keys;
mod parse;

use std::path::Path;

use anyhow::Result;
use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::app::preferences::Preferences;
use crate::cli::{BatchOrder, Look, SchedulerOptions, ThemeName};
use file::Found;

/// What the file says; `None` for what it does not.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub theme: Option<ThemeName>,
    pub ascii: Option<bool>,
    pub batch_guarantee: Option<u8>,
    pub batch_order: Option<BatchOrder>,
    pub watchdog: Option<u8>,
    pub preferences: Preferences,
}

/// The names of everything that can be set.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &parse::NAMES
}

impl Settings {
    /// Reads the file that `--config` names, or the one in the user's directory if there is one. The
    /// latter stops nobody: where it cannot be followed, the defaults hold and a note says so.
    ///
    /// # Errors
    /// A [`crate::refusal::Refusal`] that says what is wrong with the named file, where, and the remedy.
    pub fn load(named: Option<&Path>) -> Result<Self> {
        match file::find(named)? {
            Found::Nothing => Ok(Self::default()),
            Found::File { path, bytes } => match Self::parse(&bytes) {
                Ok(settings) => Ok(settings),
                Err(fault) if named.is_some() => Err(fault.within(&path, &bytes)),
                Err(fault) => Ok(Self::noting(format!("{:#}", fault.within(&path, &bytes)))),
            },
            Found::Ignored { path, why } => {
                Ok(Self::noting(format!("{} {why}", file::display(&path))))
            }
        }
    }

    /// The defaults, with a note on why they hold.
    fn noting(why: String) -> Self {
        Self {
            preferences: Preferences {
                note: Some(format!("Defaults in use: {why}")),
                ..Preferences::default()
            },
            ..Self::default()
        }
    }

    /// The scheduler's options as the command line gives them, else as the file does.
    #[must_use]
    pub fn scheduler(
        &self,
        mut options: SchedulerOptions,
        matches: &ArgMatches,
    ) -> SchedulerOptions {
        let given = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        if let (Some(percent), false) = (self.batch_guarantee, given("batch_guarantee")) {
            options.batch_guarantee = percent;
        }
        if let (Some(order), false) = (self.batch_order, given("batch_order")) {
            options.batch_order = order;
        }
        if let (Some(seconds), false) = (self.watchdog, given("watchdog")) {
            options.watchdog = seconds;
        }
        options
    }

    /// The look as the command line gives it, else as the file does.
    #[must_use]
    pub fn look(&self, look: Look) -> Look {
        Look {
            theme: look.theme.or(self.theme),
            ascii: look.ascii || self.ascii == Some(true),
        }
    }
}
