//! Reads records one by one, and trusts none of them.

use std::fmt;
use std::io::{Read, Seek};
use std::time::Duration;

use super::fault::RecordingFault;
use super::frames::Unpacker;
use super::limits;
use super::wire::{About, RecordedEvent, What, Written, WrittenEvent};
use crate::model::Snapshot;
use crate::sys::text;

/// A recording that is being read.
pub struct Reader<R> {
    frames: Unpacker<R>,
    about: About,
    before: Option<Box<Snapshot>>,
    /// The time of the last record.
    at: Duration,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the description of the machine.
    ///
    /// # Errors
    /// If the file is not a recording, or cannot be read.
    pub fn new(source: R) -> Result<Self, RecordingFault> {
        let mut frames = Unpacker::new(source)?;
        let Some((at, text)) = frames.next()? else {
            return Err(frames.cut());
        };
        Ok(Self {
            frames,
            about: parse(at, text)?,
            before: None,
            at: Duration::ZERO,
            ended: false,
        })
    }

    /// Starts again from the beginning.
    ///
    /// # Errors
    /// If the file can no longer be read.
    pub fn again(self) -> Result<Self, RecordingFault>
    where
        R: Seek,
    {
        let mut source = self.frames.into_source();
        source
            .rewind()
            .map_err(|error| RecordingFault::at(0, format!("it cannot be read: {error}")))?;
        Self::new(source)
    }

    /// Returns the machine that was recorded.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Returns the next record; `None` after the last.
    ///
    /// # Errors
    /// If the recording is damaged or incomplete. Nothing after that place is read.
    pub fn read(&mut self) -> Result<Option<RecordedEvent>, RecordingFault> {
        if self.ended {
            return Ok(None);
        }
        let record = self.take();
        if !matches!(record, Ok(Some(_))) {
            self.ended = true;
        }
        record
    }

    fn take(&mut self) -> Result<Option<RecordedEvent>, RecordingFault> {
        let Some((begin, text)) = self.frames.next()? else {
            return Err(self.frames.cut());
        };
        let line: WrittenEvent = parse(begin, text)?;
        let at = Duration::from_micros(line.at);
        if at < self.at {
            return Err(RecordingFault::at(begin, "time goes back here"));
        }
        self.at = at;
        let what = match line.what {
            Written::End => return Ok(None),
            Written::Event(what) => Ok(what),
            Written::Since(change) => match self.before.take() {
                Some(before) => change.apply(*before, limits::MOST_PROCESSES),
                None => Err("a change of a snapshot that is not there"),
            }
            .map(|snapshot| What::Snapshot(Box::new(snapshot))),
        };
        let what = what.and_then(|what| limits::check(&what).map(|()| what));
        let what = what.map_err(|why| RecordingFault::at(begin, why))?;
        if let What::Snapshot(snapshot) = &what {
            self.before = Some(snapshot.clone());
        }
        Ok(Some(RecordedEvent {
            at,
            lost: line.lost,
            what,
        }))
    }
}

fn parse<T: serde::de::DeserializeOwned>(at: u64, text: Vec<u8>) -> Result<T, RecordingFault> {
    let fault = |error: &dyn fmt::Display| {
        let why = format!("a record that this dualq-top does not know ({error})");
        RecordingFault::at(at, text::scrub(why.as_bytes()))
    };
    let text = String::from_utf8(text).map_err(|error| fault(&error))?;
    serde_json::from_str(&harmless(&text)).map_err(|error| fault(&error))
}

/// Scrubs a text from a file as [`text::scrub`] does, including JSON escapes. Nothing else in a file may
/// reach the terminal.
fn harmless(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    let mut rest = json.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            Some(quoted @ ('"' | '\\' | '/')) => plain.extend(['\\', quoted]),
            Some('u') => {
                rest.by_ref().take(4).for_each(drop);
                plain.push(' ');
            }
            _ => plain.push(' '),
        }
    }
    text::scrub(plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn nothing_that_could_move_the_cursor_gets_out_of_a_file() {
        assert_eq!(harmless(r#""a\u001b[2Jb\n\"c\\""#), r#""a [2Jb \"c\\""#);
        assert_eq!(harmless("\"x\u{202e}y\u{1b}z\""), "\"x·y·z\"");
    }
}
