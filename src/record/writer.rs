//! Writes records one by one.

use std::io::{self, Write};
use std::time::Duration;

use super::frames::{self, Packer};
use super::scene::Change;
use super::wire::{About, What, Written, WrittenEvent};
use crate::model::Snapshot;

/// Number of snapshots after which one is written in full.
const WHOLE_EACH: u32 = 300;

/// A recording that is being written.
pub struct Writer<W> {
    file: W,
    packer: Packer,
    /// The snapshot that the next difference refers to.
    before: Option<Box<Snapshot>>,
    since_whole: u32,
}

impl<W: Write> Writer<W> {
    /// Writes the file's beginning.
    ///
    /// # Errors
    /// If the file cannot be written to.
    pub fn new(mut file: W, about: &About) -> io::Result<Self> {
        frames::begin(&mut file)?;
        let mut packer = Packer::new();
        file.write_all(&packer.pack_json(about, true)?)?;
        Ok(Self {
            file,
            packer,
            before: None,
            since_whole: 0,
        })
    }

    /// Writes one record. The whole record is in the file when this returns.
    ///
    /// # Errors
    /// If the file cannot be written to. The record may be incomplete then.
    pub fn write(&mut self, at: Duration, lost: u64, what: What) -> io::Result<()> {
        let what = match what {
            What::Snapshot(snapshot) => self.snapshot(snapshot),
            other => Written::Event(other),
        };
        self.line(at, lost, what)
    }

    /// Writes the next snapshot in full, so that it can be read without what was written before.
    pub fn begin_again(&mut self) {
        self.before = None;
    }

    /// Writes the end mark.
    ///
    /// # Errors
    /// If the file cannot be written to.
    pub fn end(mut self, at: Duration) -> io::Result<()> {
        self.line(at, 0, Written::End)
    }

    /// Returns the destination.
    pub fn file(&mut self) -> &mut W {
        &mut self.file
    }

    fn snapshot(&mut self, snapshot: Box<Snapshot>) -> Written {
        let written = match &self.before {
            Some(before) if self.since_whole < WHOLE_EACH => {
                self.since_whole += 1;
                Written::Since(Box::new(Change::between(before, &snapshot)))
            }
            _ => {
                self.since_whole = 0;
                Written::Event(What::Snapshot(snapshot.clone()))
            }
        };
        self.before = Some(snapshot);
        written
    }

    fn line(&mut self, at: Duration, lost: u64, what: Written) -> io::Result<()> {
        let fresh = matches!(what, Written::Event(What::Snapshot(_)));
        let at = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        let event = WrittenEvent { at, lost, what };
        self.file.write_all(&self.packer.pack_json(&event, fresh)?)
    }
}
