//! Recordings: what happened in a session of the dashboard, in a file, and out of it again.
//!
//! ```text
//! "dualqrec"  version u16
//! record*     length u32, checksum u32 (CRC-32 of the rest), kind u8, `length` bytes
//! ```
//! Numbers are little-endian. A record's bytes are JSON, deflated. The first one says where the
//! recording was made ([`About`]), each later one what happened and when ([`Record`]); the last one
//! says that this is the end, so that a recording that breaks off is known from one that is whole.
//! Kind 1 begins a new deflated stream, kind 0 goes on with it: what the records before it had in
//! common with it costs next to nothing. Each is flushed, so that after a crash at any byte all
//! records before it can be read.
//!
//! A snapshot is written as what changed since the one before ([`scene`]), in whole at each
//! beginning of a stream. JSON, since fields come and go: a field that is added to the model takes
//! `#[serde(default)]`, and older recordings stay readable.

#![forbid(unsafe_code)]

pub(crate) mod frames;
mod limits;
mod reader;
mod recorder;
mod scene;
mod wire;
mod writer;

pub use reader::{Fault, Reader};
pub use recorder::{Ending, Recorder, start};
pub use wire::{About, Record, What};
pub use writer::Writer;

use std::io::Cursor;

/// The recording that `dualq-top replay` shows when it is given none: of a real machine.
const SHIPPED: &[u8] = include_bytes!("../../assets/demo.rec");

/// Opens the recording that the program carries.
///
/// # Errors
/// Where it is damaged.
pub fn shipped() -> Result<Reader<Cursor<&'static [u8]>>, Fault> {
    Reader::new(Cursor::new(SHIPPED))
}
