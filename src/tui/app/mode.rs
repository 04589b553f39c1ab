//! The mode, which decides what keys do, with its data.

use super::menu::Menu;
use crate::model::ProcessId;

/// The mode, which decides what keys do.
#[derive(Debug, Default)]
pub enum Mode {
    /// Keys act on the list.
    #[default]
    List,
    /// Keys are the text of a search.
    Search,
    /// Keys are the text of a filter.
    Filter,
    /// A menu is open.
    Menu(Menu),
    /// A question waits for a yes.
    Confirm(Sending),
    /// Whether to quit, in presentation mode.
    Quit,
    /// The help is open.
    Help {
        /// The first line in view.
        line: usize,
    },
    /// All about one process.
    Inspect {
        /// The first thread in view.
        line: usize,
    },
    /// Why the kernel ended the scheduler.
    Report {
        /// The first line in view.
        line: usize,
    },
}

/// A signal that waits for a yes, or is on its way.
#[derive(Debug, Clone)]
pub struct Sending {
    pub(super) signal: i32,
    pub(super) to: Vec<ProcessId>,
    pub(super) whom: String,
}
