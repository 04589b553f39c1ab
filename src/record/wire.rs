//! What a recording is made of.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::Change;
use crate::app::{Key, Moves, Pending};
use crate::model::DemoStatus;
use crate::model::{ProcessId, Queue, Snapshot};

/// Where a recording was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The version of dualq-top.
    pub program: String,
    /// The kernel's release.
    pub kernel: String,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Since the recording began.
    pub at: Duration,
    /// How many before it were left out, since the disk could not follow.
    pub lost: u64,
    pub what: What,
}

/// What can happen, as it reached the dashboard's state.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Snapshot(Box<Snapshot>),
    /// These moves were asked for together; the answer to each follows.
    Moves(Moves),
    Moved(ProcessId, Result<Queue, String>),
    Signalled(Result<(), String>),
    /// The scheduler was asked for this.
    Asked(Pending),
    Scheduler(Result<(), String>),
    Restarted(String),
    Waits(Result<bool, String>),
    Demo(DemoStatus),
    Key(Key),
}

/// A record as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    /// Microseconds since the recording began.
    pub at: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u64,
    pub what: Written,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde wants it
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// [`What`] in the file: a snapshot in whole or as a change, and the end. Apart from it, so that
/// nobody who plays a recording can meet a change, and a snapshot is parsed without a copy of it in
/// between, as serde needs for an enum within an enum.
#[derive(Debug, Serialize, Deserialize)]
pub enum Written {
    Whole(Box<Snapshot>),
    Since(Box<Change>),
    Moves(Moves),
    Moved(ProcessId, Result<Queue, String>),
    Signalled(Result<(), String>),
    Asked(Pending),
    Scheduler(Result<(), String>),
    Restarted(String),
    Waits(Result<bool, String>),
    Demo(DemoStatus),
    Key(Key),
    End,
}
