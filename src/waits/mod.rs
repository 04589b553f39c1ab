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
