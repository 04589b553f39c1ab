//! Running as a service: what a supervisor is told, how the log is written for it, and the page for a monitoring
//! system.
//! It may import: `sys`.
//! It must never know: what it reports, which is a scheduler's or a command's.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod journal;
mod notify;
pub mod responder;

pub use journal::{Form, Journal, Level};
pub use notify::Supervisor;
