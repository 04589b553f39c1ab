//! The data that has come from the world since the dashboard began, or since the recording was started again.

use std::collections::HashMap;
use std::time::Duration;

use super::command::{MoveBatch, Pending};
use super::measure::activity::Activity;
use super::measure::before_after::Comparisons;
use super::measure::deadlines::Deadlines;
use super::measure::held::{Held, Passed};
use super::measure::history::History;
use super::measure::inspection::Inspection;
use super::measure::rates::{Measured, Tracker};
use super::message::Message;
use super::mode::Sending;
use crate::model::{
    ActiveScheduler, Change, Exit, Membership, Process, ProcessId, Queue, Snapshot, Tunables,
};

/// All of it. To go back in a recording it is dropped as a whole.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The one that is shown.
    pub snapshot: Option<Box<Snapshot>>,
    pub tracker: Tracker,
    /// The rates between the previous snapshot and the one that is shown.
    pub measured: Measured,
    pub comparisons: Comparisons,
    pub history: History,
    pub activity: Activity,
    pub inspection: Inspection,
    /// While the screen is held.
    pub held: Option<Held>,
    /// When the newest snapshot was taken, shown or not.
    pub clock: Duration,
    /// The end of the scheduler that was reported last.
    pub reported: Option<Exit>,
    /// The last changes by any instance, the oldest first.
    pub changes: Vec<Change>,
    pub message: Option<Message>,
    /// The request that the scheduler has not answered yet.
    pub pending: Option<Pending>,
    /// The moves whose answers are awaited.
    pub moving: Option<Moving>,
    /// A signal whose answers are awaited.
    pub sending: Option<Sending>,
    /// The moves so far, the last one at the end.
    pub undos: Vec<Undo>,
    /// The map's content after moves, for a snapshot that may have been taken before them.
    pub read_back: Vec<(ProcessId, Queue)>,
    /// The same for levels.
    pub levels_read_back: Vec<(ProcessId, u8)>,
    /// The active scheduler since the last snapshot, by the scheduler's answer.
    pub active_since: Option<ActiveScheduler>,
    /// The tunables of the last snapshot, or of a change since.
    pub tunables: Option<Tunables>,
    /// They were changed from here, and the next snapshot may be older.
    pub tuned: bool,
    pub demo: Option<Demo>,
    /// A trace is being recorded.
    pub tracing: bool,
}

impl Session {
    /// Returns what later snapshots do not bring back by themselves.
    pub fn outline(&self) -> Self {
        let mut history = self.history.place();
        // The charts of a paused screen stand still, but not time.
        for passed in self.held.iter().flat_map(|held| &held.passed) {
            match passed {
                Passed::Time(elapsed, _) => history.push(*elapsed, None),
                Passed::Mark(label) => history.mark(label.clone()),
            }
        }
        Self {
            history: history.place(),
            comparisons: self.comparisons.outline(),
            inspection: self.inspection.clone(),
            clock: self.clock,
            message: self.message.clone(),
            pending: self.pending,
            moving: self.moving.clone(),
            sending: self.sending.clone(),
            tunables: self.tunables,
            tuned: self.tuned,
            demo: self.demo.clone(),
            ..Self::default()
        }
    }

    /// The processes of the snapshot that is shown.
    pub fn processes(&self) -> &[Process] {
        self.snapshot.as_ref().map_or(&[], |s| &s.processes)
    }
}

/// A load that runs, or is being started.
#[derive(Debug, Clone, Default)]
pub(super) struct Demo {
    pub deadlines: Deadlines,
    /// The cursor has been on the metronome once.
    pub pointed: bool,
    pub stopping: bool,
}

/// Moves under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Moving {
    pub batch: MoveBatch,
    /// Number of moves that the kernel has answered.
    pub answered: usize,
    pub done: Vec<(ProcessId, Queue)>,
    pub refused: Vec<String>,
}

impl Moving {
    pub fn new(mut batch: MoveBatch) -> Self {
        Self {
            refused: std::mem::take(&mut batch.refused),
            batch,
            ..Self::default()
        }
    }

    /// Whether no answer is awaited any more.
    pub fn is_over(&self) -> bool {
        self.answered >= self.batch.moves.len()
    }
}

/// A move that can be undone.
#[derive(Debug)]
pub(super) struct Undo {
    pub moves: Vec<(ProcessId, Queue)>,
    pub memberships: HashMap<ProcessId, Option<Membership>>,
    pub levels: HashMap<ProcessId, u8>,
}
