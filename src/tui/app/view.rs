//! The user's choices for the screen.

use std::collections::HashSet;
use std::time::Duration;

use super::keymap::Keymap;
use super::list::List;
use super::mode::Mode;
use super::order::SortKey;
use super::presentation::Presentation;
use super::search::Search;
use crate::model::ProcessId;

/// All of it. It stays when a recording is begun again.
#[derive(Debug)]
pub(super) struct View {
    pub list: List,
    pub keymap: Keymap,
    /// The columns that the settings ask for; none where they do not.
    pub columns: Vec<SortKey>,
    pub mode: Mode,
    pub search: Search,
    /// Between two snapshots.
    pub interval: Duration,
    /// Whether the CPUs' lanes have the place of the list.
    pub lanes: bool,
    /// Rows, of processes or of threads.
    pub tagged: HashSet<ProcessId>,
    pub presentation: Option<Presentation>,
    /// The process that the panel about one process shows, or showed last.
    pub inspected: Option<ProcessId>,
    /// Whether a key has been pressed: until then a stranger may sit there.
    pub touched: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            list: List::default(),
            keymap: Keymap::default(),
            columns: Vec::new(),
            mode: Mode::default(),
            search: Search::default(),
            interval: Duration::from_secs(1),
            lanes: false,
            tagged: HashSet::new(),
            presentation: None,
            inspected: None,
            touched: false,
        }
    }
}
