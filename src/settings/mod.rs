//! The settings file: the dashboard's defaults, which the command line overrides.
//! It may import: `cli`, `refusal`, `sys`, `tui::app`.
//! It must never know: the kernel, a scheduler, the screen.
//!
//! assets/config.toml names every setting with its default.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod entry;
mod fault;
mod file;
mod keys;
mod parse;
mod values;

use std::path::Path;

use anyhow::Result;
use clap::ArgMatches;
use clap::parser::ValueSource;
use tracing::debug;

use crate::cli::{Look, SchedulerOptions};
use crate::tui::app::preferences::Preferences;
pub(crate) use entry::{Entry, entries, quoted};
pub(crate) use fault::{TextFault, nearest};
use file::Found;
pub(crate) use parse::table;
pub use values::Settings;

/// The names of all settings.
#[must_use]
pub fn names() -> &'static [&'static str] {
    &parse::NAMES
}

impl Settings {
    /// Reads the file that `--config` names, or the one in the user's directory if there is one. The
    /// latter never prevents a start: if it is invalid, the defaults apply and a note says so.
    ///
    /// # Errors
    /// A [`crate::refusal::Refusal`] that says what is wrong with the named file, where, and the remedy.
    pub fn load(named: Option<&Path>) -> Result<Self> {
        match file::find(named)? {
            Found::Nothing => Ok(Self::default()),
            Found::File { path, bytes } => match Self::parse(&bytes) {
                Ok(settings) => {
                    debug!("read the settings in {}", file::display(&path));
                    Ok(settings)
                }
                Err(fault) if named.is_some() => Err(fault.within(&path, &bytes)),
                Err(fault) => Ok(Self::noting(format!("{:#}", fault.within(&path, &bytes)))),
            },
            Found::Ignored { path, why } => {
                Ok(Self::noting(format!("{} {why}", file::display(&path))))
            }
        }
    }

    /// Returns the defaults, with a note that says why they apply.
    fn noting(why: String) -> Self {
        Self {
            preferences: Preferences {
                note: Some(format!("Defaults in use: {why}")),
                ..Preferences::default()
            },
            ..Self::default()
        }
    }

    /// Returns the scheduler's options from the command line, or from the file if they are not given there.
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

    /// Returns the appearance from the command line, or from the file if it is not given there.
    #[must_use]
    pub fn look(&self, look: Look) -> Look {
        Look {
            theme: look.theme.or(self.theme),
            ascii: look.ascii || self.ascii == Some(true),
        }
    }
}
