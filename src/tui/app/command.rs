//! Commands that the state emits, and what they carry.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Membership, ProcessId, Queue, Wanted};

/// A request of the state to the world outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Move these processes; the answer to all of them is one [`Event::Moved`](super::Event::Moved).
    Move(MoveBatch),
    /// Attach the scheduler; the answer is one [`Event::Scheduler`](super::Event::Scheduler).
    Attach,
    /// Detach the scheduler; the answer is one [`Event::Scheduler`](super::Event::Scheduler).
    Detach,
    /// Start or stop measuring how long tasks wait.
    MeasureWaits(bool),
    /// Change the levels of these members; the answer to all is one [`Event::Levelled`](super::Event::Levelled).
    Levels(Vec<(ProcessId, u8)>),
    /// Change the guarantee of BATCH, in percent; the answer is one [`Event::Tuned`](super::Event::Tuned).
    Guarantee(u8),
    /// Trace what runs from now on, for this time, to a new file; the answers come as
    /// [`Event::Traced`](super::Event::Traced).
    Trace(Duration),
    /// Start the demonstration load, or stop it; the answer comes as [`Event::Demo`](super::Event::Demo).
    Demo(bool),
    /// Look this often from now on.
    Interval(Duration),
    /// Read the threads of processes as well, or stop doing so.
    Threads(bool),
    /// Send a signal by its number; the answer is one [`Event::Signalled`](super::Event::Signalled).
    Signal {
        /// The processes that get it.
        to: Vec<ProcessId>,
        /// The signal's number.
        signal: i32,
    },
    /// Measure the waits of this process one by one as well.
    Watch(Option<ProcessId>),
    /// Read this as well from now on.
    Want(Wanted),
    /// Change how the recording is gone through.
    Playback(PlaybackRequest),
    /// Show the past; the answer is an [`Event::Past`](super::Event::Past).
    Past(PastRequest),
    /// Hand the terminal back and stop, as Ctrl-Z does.
    Suspend,
    /// Take the terminal again and draw: the program was stopped, and a shell may have had it since.
    Resume,
    /// Draw every cell again: another program may have written to the terminal.
    Redraw,
    /// End the dashboard.
    Quit(Outcome),
}

/// Moves that are asked for together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MoveBatch {
    /// Each process, and the queue that it is to be in.
    pub moves: VecDeque<(ProcessId, Queue)>,
    /// Why others cannot be moved, known before the kernel is asked.
    pub refused: Vec<String>,
    /// Whether this takes back what was done before.
    pub undoes: bool,
    /// Whether children come along.
    pub children: bool,
    /// Each process's membership before the move, or after it for an undo. A replay cannot undo.
    #[serde(skip)]
    pub memberships: HashMap<ProcessId, Option<Membership>>,
    /// The levels of members before the move, where they are not the default.
    #[serde(skip)]
    pub levels: HashMap<ProcessId, u8>,
}

impl MoveBatch {
    /// Returns each process, the queue that it is to be in, and whether its children come along, in
    /// the order in which the kernel is asked.
    pub fn requests(&self) -> impl Iterator<Item = (ProcessId, Queue, bool)> + '_ {
        self.moves.iter().map(|&(id, to)| {
            let was = self.memberships.get(&id).copied().flatten();
            let children = if self.undoes {
                was == Some(Membership::WithChildren)
            } else {
                self.children
            };
            (id, to, children && to == Queue::Priority)
        })
    }
}

/// The request that the scheduler has not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pending {
    /// The scheduler is to be attached.
    Attach,
    /// The scheduler is to be detached.
    Detach,
}

/// A request to the playback of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackRequest {
    /// Stop at the current event, or go on.
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

/// A request to what is kept of the last minutes, by the time of the snapshot that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastRequest {
    /// The snapshot before it.
    Before(Duration),
    /// The snapshot after it.
    After(Duration),
}

/// The reason why the dashboard ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its user asked for it.
    Quit,
    /// By a signal: the exit status is 128 + its number.
    Signal(i32),
    /// The terminal hung up.
    TerminalGone,
    /// A thread panicked, with this message.
    Panicked(String),
}
