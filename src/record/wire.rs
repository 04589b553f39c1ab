//! The data types of a recording.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::Change;
use crate::app::{Key, MoveBatch, Pending};
use crate::model::{self, DemoStatus, ProcessId, Queue, Snapshot, Tunables};

/// The machine on which a recording was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The version of dualq-top.
    pub program: String,
    /// The kernel's release.
    pub kernel: String,
}

/// One recorded event.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedEvent {
    /// Time since the recording began.
    pub at: Duration,
    /// Number of events before this one that were lost because the disk was too slow.
    pub lost: u64,
    /// The event.
    pub what: What,
}

/// An event or request, as it reached the dashboard's state.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A reading of the machine.
    Snapshot(Box<Snapshot>),
    /// Moves that were requested together; the result of each follows.
    Moves(MoveBatch),
    /// The result of one move: the queue, or the refusal as a sentence.
    Moved(ProcessId, Result<Queue, String>),
    /// The result of a signal, or the refusal as a sentence.
    Signalled(Result<(), String>),
    /// A request to the scheduler.
    Asked(Pending),
    /// The result of such a request.
    Scheduler(Result<(), String>),
    /// The scheduler was attached again, for this reason.
    Restarted(String),
    /// Waits are measured, or not any more; or why they cannot be.
    Waits(Result<bool, String>),
    /// The demonstration's load.
    Demo(DemoStatus),
    /// A key was pressed.
    Key(Key),
    /// Changes, each with its cause.
    Changes(Vec<model::Change>),
    /// The level of each member after a change, or why it was not changed.
    Levelled(Vec<(ProcessId, Result<u8, String>)>),
    /// The result of a change of the tunables, or the refusal as a sentence.
    Tuned(Result<Tunables, String>),
}

/// A record in its written form.
#[derive(Debug, Serialize, Deserialize)]
pub struct WrittenEvent {
    /// Time since the recording began, in microseconds.
    pub at: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u64,
    pub what: Written,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// [`What`] in its written form: with a snapshot in full or as a difference, and with the end. It is a type of
/// its own so that players never see differences, and so that serde needs no intermediate copy of a snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub enum Written {
    Whole(Box<Snapshot>),
    Since(Box<Change>),
    Moves(MoveBatch),
    Moved(ProcessId, Result<Queue, String>),
    Signalled(Result<(), String>),
    Asked(Pending),
    Scheduler(Result<(), String>),
    Restarted(String),
    Waits(Result<bool, String>),
    Demo(DemoStatus),
    Key(Key),
    Changes(Vec<model::Change>),
    Levelled(Vec<(ProcessId, Result<u8, String>)>),
    /// The result of a change of the tunables, or the refusal as a sentence.
    Tuned(Result<Tunables, String>),
    End,
}
