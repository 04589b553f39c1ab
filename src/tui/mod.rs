//! The terminal user interface: keys in, the state in the middle, the screen out.
//! It may import: `model`, `sys`.
//! It must never know: the kernel, a scheduler, a recording, a command.

#![warn(missing_docs)]

pub mod app;
pub mod effects;
pub mod event_queue;
pub mod input;
pub mod run;
pub mod terminal;
pub mod ui;
