//! The findings of the checks before a start.

use crate::refusal::Refusal;

/// One precondition of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// A name that stays the same between versions.
    pub name: &'static str,
    /// The result of the check.
    pub finding: Finding,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The precondition holds; a description.
    Fine(String),
    /// It works with a limitation: what is lost, and the remedy.
    Lacking(String),
    /// No start is possible: the cause and the remedy.
    Refused(Refusal),
}
