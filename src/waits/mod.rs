//! The wait instrument: BPF programs (src/bpf/waits.h) that measure how long tasks wait for a CPU, under any
//! scheduler. They belong to the scheduler's object, and are attached apart from it.
//! It may import: `kernel`, `model`.
//! It must never know: our scheduler, the dashboard, a command.
//!
//! [`Instrument`] owns it: it attaches and detaches the programs. [`Reader`] reads what they count, in
//! this process or, through the pins, in another one.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod instrument;
pub(crate) mod layout;
mod reader;

pub use instrument::{Instrument, Transition};
pub use reader::Reader;

/// The reason why there is no instrument if none was loaded.
pub const WITHOUT_WAITS: &str = "attached without the instrument, as by --no-waits";
