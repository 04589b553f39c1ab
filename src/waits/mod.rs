//! The wait instrument: BPF programs of their own (src/bpf/waits.bpf.c) that measure how long tasks
//! wait for a CPU, whoever rules the machine.
//!
//! [`Instrument`] is its owner: it loads, attaches and detaches the programs. [`Reader`] reads what
//! they count, here or, through the pins, in another process.

#![forbid(unsafe_code)]

mod instrument;
pub(crate) mod layout;
mod reader;

pub use instrument::{Instrument, Transition};
pub use reader::Reader;

/// A percentile of a hundred needs at least this many waits to mean something.
pub const ENOUGH_FOR_P99: u64 = 200;
/// A median is steady with fewer.
pub const ENOUGH_FOR_P50: u64 = 20;

/// The goals of the original tool, in nanoseconds: the p99 of wake-up waits stays below.
pub const PRIORITY_GOAL_NS: u64 = 100_000;
pub const BATCH_GOAL_NS: u64 = 1_000_000;
