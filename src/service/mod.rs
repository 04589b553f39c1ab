//! Running as a service: what a supervisor is told, and how the log is written for it.

#![forbid(unsafe_code)]

mod journal;
mod notify;

pub use journal::{Journal, Level};
pub use notify::Supervisor;
