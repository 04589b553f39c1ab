//! Commands that the state emits, and what they carry.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Membership, ProcessId, Queue};

/// What the state asks of the world outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Moves begin that belong together; [`App::next_move`](super::App::next_move) gives the first.
    Moves(Moves),
    Move {
        id: ProcessId,
        to: Queue,
        /// Into PRIORITY with its children; out of it those that came through it leave as well.
        children: bool,
    },
    Attach,
    Detach,
    /// Begin or end to measure how long tasks wait.
    MeasureWaits(bool),
    /// Start the demonstration load, or stop it; the answer comes as [`Event::Demo`].
    Demo(bool),
    /// Look this often from now on.
    Interval(Duration),
    /// See the threads of processes as well, or no more.
    Threads(bool),
    /// Send a signal by its number.
    Signal {
        id: ProcessId,
        signal: i32,
    },
    /// Go through the recording otherwise.
    Replay(PlaybackRequest),
    /// Hand the terminal back and stop, as Ctrl-Z does.
    Suspend,
    /// Draw every cell anew: something else may have written to the terminal.
    Redraw,
    Quit(Outcome),
}

/// Moves that are asked for together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moves {
    pub moves: VecDeque<(ProcessId, Queue)>,
    /// Why others cannot be moved, known before the kernel is asked.
    pub refused: Vec<String>,
    /// Whether this takes back what was done before.
    pub undoes: bool,
    /// Whether children come along.
    pub children: bool,
    /// What each of them was before; of moves that take others back: what it is to be again. A replay
    /// takes nothing back.
    #[serde(skip)]
    pub memberships: HashMap<ProcessId, Option<Membership>>,
}

/// What the scheduler was asked and has not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pending {
    Attach,
    Detach,
}

/// How to go through the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackRequest {
    Pause(bool),
    /// To the next snapshot.
    Step,
    /// To the snapshot before the one that is shown.
    Back,
    /// In percent of what it was.
    Speed(u32),
    /// The last event is on the screen; the next may come.
    Next,
}

/// How the dashboard ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its user asked for it.
    Quit,
    /// By a signal: the exit status is 128 + its number.
    Signal(i32),
    TerminalGone,
    Panicked(String),
}
