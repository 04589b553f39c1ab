//! The word between a process of a measurement and its parent: ready, and when to begin and to end.

use std::io::{Write, stdin, stdout};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::bench::record::READY;

/// Between these two moments of `CLOCK_MONOTONIC` is measured. The parent sends it as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Nothing before it is counted.
    pub begin: Duration,
    /// Nothing after it is counted.
    pub end: Duration,
}

/// Says that all is set up, and waits for the word.
pub(super) fn ready() -> Result<Span> {
    stdout().write_all(&[READY])?;
    stdout().flush()?;
    serde_json::from_reader(stdin().lock()).context("the parent does not measure any more")
}
