//! Events delivered to the state.

use super::App;
use super::command::{MoveBatch, Pending};
use super::key::{Key, Mouse, MouseAction, MouseTarget};
use crate::model::{Change, DemoStatus, ProcessId, Queue, Snapshot, Tunables};

/// The progress of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Traced {
    /// It is being recorded to this file.
    Begun(String),
    /// It has ended: what is in the file, or why there is none.
    Ended(Result<String, String>),
}

/// Everything that can happen to the program, in the order in which it came.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// A mouse action at a cell.
    Mouse(Mouse),
    /// A mouse action and its target, derived from [`Event::Mouse`] by the owner of the screen's layout.
    Pointer(MouseAction, MouseTarget),
    /// Text that was pasted.
    Paste(String),
    /// Columns and rows.
    Resize(u16, u16),
    /// A new snapshot was taken.
    Snapshot(Box<Snapshot>),
    /// The last changes of membership and of tunables, by any instance, the oldest first.
    Changes(Vec<Change>),
    /// The answers to a [`Command::Move`](super::Command::Move), in the order of its moves. In a
    /// recording they come one by one.
    Moved(Vec<Moved>),
    /// For each process of a [`Command::Signal`](super::Command::Signal) whether the signal was
    /// sent, or why not.
    Signalled(Vec<Result<(), String>>),
    /// A [`Command::Attach`](super::Command::Attach) or [`Command::Detach`](super::Command::Detach) has ended.
    Scheduler(Result<(), String>),
    /// The kernel ended the scheduler, asked for a restart and has got it; why, in its words.
    Restarted(String),
    /// Whether waits are measured now, after a [`Command::MeasureWaits`](super::Command::MeasureWaits).
    Waits(Result<bool, String>),
    /// Each member's level after a [`Command::Levels`](super::Command::Levels), or why it was not changed.
    Levelled(Vec<(ProcessId, Result<u8, String>)>),
    /// The tunables that hold after a [`Command::Guarantee`](super::Command::Guarantee).
    Tuned(Result<Tunables, String>),
    /// The progress of a [`Command::Trace`](super::Command::Trace).
    Traced(Traced),
    /// The state of the demonstration.
    Demo(DemoStatus),
    /// A message about the recording in progress.
    Recorder(String),
    /// Progress of the recording that is played, besides its events.
    Replay(Playback),
    /// The answer to a [`Command::Past`](super::Command::Past).
    Past(Then),
    /// SIGTSTP: the program is to stop.
    Suspend,
    /// SIGCONT: the program goes on.
    Continued,
    /// A signal, by its number, that ends the program.
    Terminated(i32),
    /// The terminal hung up: nobody can see or type any more.
    TerminalGone,
    /// Another thread panicked; the message is for after the terminal is restored.
    Panicked(String),
}

/// A place in what is kept of the last minutes.
#[derive(Debug)]
pub enum Then {
    /// The state as it was.
    There(Box<App>),
    /// There is nothing before what is shown.
    First,
    /// There is nothing between what is shown and the present.
    Now,
}

/// A process, and the queue that the kernel's map gives after its move, or why it was not moved.
pub type Moved = (ProcessId, Result<Queue, String>);

/// Progress of a recording that is played, besides its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Playback {
    /// The scheduler was asked for this then.
    Asked(Pending),
    /// A key that was pressed then.
    Pressed(Key),
    /// These moves were asked for together then.
    Moves(MoveBatch),
    /// So many events were lost in the recording here.
    Lost(u64),
    /// It is read again from its beginning, up to the snapshot before: what comes is not to be shown
    /// until [`Playback::Here`].
    Again,
    /// The repetition has reached its end: what follows is shown.
    Here,
    /// There is nothing before what is shown.
    First,
    /// There is no more: why, in a sentence.
    Over(String),
}
