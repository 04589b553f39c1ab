//! The exchange between a process of a measurement and its parent: it is ready, and the span that is measured.

use std::io::{Write, stdin, stdout};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::bench::worker_report::READY;

/// Between these two moments of `CLOCK_MONOTONIC` is measured. The parent sends it as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Nothing before it is counted.
    pub begin: Duration,
    /// Nothing after it is counted.
    pub end: Duration,
}

/// Reports that all is set up, and waits for the span.
pub(super) fn ready() -> Result<Span> {
    stdout().write_all(&[READY])?;
    stdout().flush()?;
    serde_json::from_reader(stdin().lock()).context("cannot read the span: the parent has ended")
}
