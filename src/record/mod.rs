//! Recordings: writes the events of a dashboard session to a file, and reads them back.
//! It may import: `model`, `refusal`, `sys`, `tui::app`, `tui::effects`, `tui::event_queue`.
//! It must never know: the kernel, a scheduler, the screen.
//!
//! ```text
//! "dualqrec"  version u16
//! record*     length u32, checksum u32 (CRC-32 of the rest), kind u8, `length` bytes
//! ```
//! Numbers are little-endian. A record's bytes are JSON, deflated. The first record describes the machine
//! ([`About`]), each later one an event with its time ([`RecordedEvent`]). The last one marks the end, so that an
//! incomplete recording can be told from a complete one. Kind 1 starts a new deflate stream, kind 0
//! continues it, so that repeated content costs next to nothing. Each record is flushed: after a crash at any
//! byte, all records before it can be read.
//!
//! A snapshot is written as the difference to the one before (`scene`), and in full at the start of each
//! stream. The format is JSON because fields come and go: a new field of the model takes `#[serde(default)]`,
//! and older recordings stay readable.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod fault;
pub(crate) mod frames;
mod limits;
mod past;
pub mod player;
mod reader;
mod recorder;
mod scene;
mod wire;
mod writer;

pub use fault::RecordingFault;
pub use past::Past;
pub use reader::Reader;
pub use recorder::{Ending, Recorder, create, start};
pub use wire::{About, RecordedEvent, What};
pub use writer::Writer;

use std::io::Cursor;

/// The recording that `dualq-top replay` shows by default: a run on a real kernel in a virtual machine.
const SHIPPED: &[u8] = include_bytes!("../../assets/demo.rec");

/// Opens the recording that is built into the program.
///
/// # Errors
/// If it is damaged.
pub fn shipped() -> Result<Reader<Cursor<&'static [u8]>>, RecordingFault> {
    Reader::new(Cursor::new(SHIPPED))
}
