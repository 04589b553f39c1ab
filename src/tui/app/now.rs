//! The present, kept while the screen shows the past.

use std::collections::HashSet;

use super::list::List;
use super::session::Session;
use crate::model::ProcessId;

/// The present, while the screen shows the past.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) session: Session,
    pub(super) list: List,
    pub(super) tagged: HashSet<ProcessId>,
}
