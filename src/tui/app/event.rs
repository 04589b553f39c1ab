//! What comes in and what goes out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{demo::DemoNews, moves::Moves, replay};
use crate::model::{ProcessId, Queue, Snapshot};

/// Everything that can happen to the program, in the order in which it came.
#[derive(Debug)]
pub enum Event {
    Key(Key),
    Mouse(Mouse),
    /// Columns and rows.
    Resize(u16, u16),
    Snapshot(Box<Snapshot>),
    /// The queue that the kernel's map gives after a [`Command::Move`], or why nothing was moved.
    Moved {
        id: ProcessId,
        result: Result<Queue, String>,
    },
    /// Whether a [`Command::Signal`] was sent, or why not.
    Signalled(Result<(), String>),
    /// A [`Command::Attach`] or [`Command::Detach`] has ended.
    Scheduler(Result<(), String>),
    /// The kernel ended the scheduler, asked for a restart and has got it; why, in its words.
    Restarted(String),
    /// Whether waits are measured now, after a [`Command::MeasureWaits`].
    Waits(Result<bool, String>),
    /// What the demonstration does.
    Demo(DemoNews),
    /// What has become of the recording that is being made, where something has.
    Recorder(String),
    /// What comes of the recording that is shown, beside the other events in it.
    Replay(replay::News),
    /// A signal by its number.
    Signal(i32),
    /// The terminal hung up: nobody can see or type any more.
    TerminalGone,
    /// Another thread panicked; the message is for after the terminal is restored.
    Panicked(String),
}

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
    Replay(replay::Order),
    /// Hand the terminal back and stop, as Ctrl-Z does.
    Suspend,
    /// Draw every cell anew: something else may have written to the terminal.
    Redraw,
    Quit(Outcome),
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

/// A key, as the keymap names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    Char(char),
    Ctrl(char),
    F(u8),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Esc,
    Backspace,
    Delete,
    Tab,
    BackTab,
}

impl Key {
    /// The name on screen.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Char(' ') => "space".into(),
            Self::Char(c) => c.into(),
            Self::Ctrl(c) => format!("Ctrl-{}", c.to_ascii_uppercase()),
            Self::F(n) => format!("F{n}"),
            Self::Up => "↑".into(),
            Self::Down => "↓".into(),
            Self::Left => "←".into(),
            Self::Right => "→".into(),
            Self::PageUp => "PgUp".into(),
            Self::PageDown => "PgDn".into(),
            other => format!("{other:?}"),
        }
    }
}

/// What the mouse did, and in which cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    pub action: MouseAction,
    pub column: u16,
    pub row: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseAction {
    Click,
    ScrollUp,
    ScrollDown,
}
