//! Running as a service: what a supervisor is told, how the log is written for it, and the page for a monitoring
//! system.

#![forbid(unsafe_code)]

mod journal;
mod notify;
pub mod responder;

pub use journal::{Form, Journal, Level};
pub use notify::Supervisor;
