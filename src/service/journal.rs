//! Lines for people at a terminal, or for a journal that wants to know how grave each is.

use std::io::{Write, stderr, stdout};

/// The severity of a line: the numbers of syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    Error = 3,
    Warning = 4,
    Info = 6,
    Debug = 7,
}

/// The destination of `attach`'s messages.
#[derive(Debug, Clone, Copy)]
pub enum Journal {
    /// Plain lines, on standard output, and what went wrong on standard error; no details.
    Terminal,
    /// Each line with its level before it, as sd-daemon(3) has it, on standard error.
    Levels,
}

impl Journal {
    /// Writes one line. A reader that has gone is no reason to stop.
    pub fn say(self, level: Level, line: &str) {
        let _ = match (self, level) {
            (Self::Terminal, Level::Debug) => Ok(()),
            (Self::Terminal, Level::Info) => {
                stdout().lock().write_all(format!("{line}\n").as_bytes())
            }
            (Self::Terminal, _) => stderr()
                .lock()
                .write_all(format!("dualq-top: {line}\n").as_bytes()),
            (Self::Levels, level) => stderr()
                .lock()
                .write_all(format!("<{}>{line}\n", level as u8).as_bytes()),
        };
    }
}
