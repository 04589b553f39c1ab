//! The operating system's interfaces, and text for a terminal.
//! It may import: `model`.
//! It must never know: BPF, a scheduler, the dashboard, a command.

#![warn(missing_docs)]

pub mod capabilities;
pub(crate) mod cgroups;
pub(crate) mod failpoint;
pub(crate) mod faults;
pub mod log;
pub mod own;
pub(crate) mod parent_death;
pub mod signals;
pub mod text;
pub mod unread;
