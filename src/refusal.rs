//! A refusal: one sentence with the cause and the remedy, and an exit status for scripts.

#![forbid(unsafe_code)]

use std::fmt;
use std::io::{Write, stderr};
use std::os::fd::AsFd;
use std::time::Duration;

use crate::sys::unread;

/// The time that a complaint waits for a reader.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The exit statuses besides 0 and 1 (any other fault). Documented in `--help` and docs/CLI.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    BadArgument = 2,
    KernelCannot = 3,
    NotPermitted = 4,
    AnotherSchedulerRuns = 5,
    NotRunning = 6,
    NoSuchProcess = 7,
    NoEffect = 8,
    LimitsDoNotHold = 9,
}

/// An error that is passed inside an [`anyhow::Error`]; `main` takes the exit status from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: Status,
    pub sentence: String,
}

impl Refusal {
    pub fn new(status: Status, sentence: impl Into<String>) -> Self {
        Self {
            status,
            sentence: sentence.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Refusal {}

/// Prints a sentence to stderr, as [`complain_in`] does.
pub fn complain(sentence: &str) {
    complain_in(&format!("dualq-top: {sentence}\n"), PATIENCE);
}

/// Prints lines to stderr. What nobody can read within this time is lost: that changes no exit status,
/// and holds up nothing.
pub fn complain_in(lines: &str, patience: Duration) {
    if !unread::is_full(stderr().as_fd(), patience) {
        let _ = stderr().write_all(lines.as_bytes());
    }
}
