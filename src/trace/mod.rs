//! The trace: which task ran on which CPU, from which queue, why it was chosen, and how long it had waited, as the
//! scheduler's programs note it (src/bpf/trace.h).
//! It may import: `kernel`, `sys`.
//! It must never know: the scheduler's other maps, the dashboard, a command.
//!
//! [`Source`] keeps tracing on for as long as it is renewed, [`Rings`] reads the events, [`Chrome`] writes them for
//! trace viewers, and [`Recording`] does all three.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod chrome;
mod event;
mod recording;
mod rings;
mod source;

pub use chrome::{Chrome, Mark, Totals};
pub use event::{Event, Reason, TracedQueue};
pub use recording::{Ended, Recording};
pub use rings::Rings;
pub use source::{Clocks, LEASE, Source};
