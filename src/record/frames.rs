//! The outer layer of the file: frames with a length and a checksum, deflated in streams.

use std::io::{self, BufWriter, Read, Write};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use serde::Serialize;

use super::fault::RecordingFault;

pub const MAGIC: &[u8; 8] = b"dualqrec";
pub const VERSION: u16 = 1;
/// The largest frame in bytes, deflated and inflated. It bounds the memory for a damaged or hostile file.
const MOST_DEFLATED: u32 = 16 << 20;
const MOST: usize = 64 << 20;
/// The bytes of JSON that are deflated together.
const PIECE: usize = 16 << 10;

/// Encodes texts as frames.
pub struct Packer {
    stream: Compress,
    begun: bool,
}

impl Packer {
    pub fn new() -> Self {
        Self {
            stream: Compress::new(Compression::new(6), false),
            begun: false,
        }
    }

    /// Encodes one frame. `fresh` starts a new stream, which can be read without the frames before it.
    ///
    /// # Errors
    /// If there is too much for one frame. The next frame starts a new stream then.
    pub fn pack(&mut self, text: &[u8], fresh: bool) -> io::Result<Vec<u8>> {
        self.frame(fresh, |deflater| deflater.write_all(text))
    }

    /// Encodes a value as JSON in one frame, as [`pack`](Self::pack) does. The text is deflated while it is made: that of
    /// a snapshot in full would take a megabyte for 4,000 processes.
    ///
    /// # Errors
    /// As of `pack`.
    pub fn pack_json(&mut self, value: &impl Serialize, fresh: bool) -> io::Result<Vec<u8>> {
        self.frame(fresh, |deflater| {
            let mut text = BufWriter::with_capacity(PIECE, deflater);
            serde_json::to_writer(&mut text, value)?;
            text.flush()
        })
    }

    fn frame(
        &mut self,
        fresh: bool,
        write: impl FnOnce(&mut Deflater<'_>) -> io::Result<()>,
    ) -> io::Result<Vec<u8>> {
        let fresh = fresh || !self.begun;
        if fresh {
            self.stream.reset();
        }
        self.begun = false;
        let mut deflater = Deflater {
            stream: &mut self.stream,
            body: vec![u8::from(fresh)],
            room: MOST,
        };
        write(&mut deflater)?;
        let body = deflater.finish()?;
        let length = u32::try_from(body.len() - 1)
            .ok()
            .filter(|length| *length <= MOST_DEFLATED)
            .ok_or_else(too_much)?;
        let mut frame = Vec::with_capacity(body.len() + 8);
        frame.extend(length.to_le_bytes());
        frame.extend(crc32fast::hash(&body).to_le_bytes());
        frame.extend(body);
        self.begun = true;
        Ok(frame)
    }
}

/// Deflates what is written to it.
struct Deflater<'a> {
    stream: &'a mut Compress,
    /// The kind of the frame, and the deflated bytes so far.
    body: Vec<u8>,
    /// Number of bytes that may still be written.
    room: usize,
}

impl Deflater<'_> {
    /// Deflates these bytes. With a flush it returns when everything is in the body.
    fn deflate(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<()> {
        let before = self.stream.total_in();
        loop {
            self.body.reserve((bytes.len() / 4).max(256));
            let taken = usize::try_from(self.stream.total_in() - before).unwrap_or(usize::MAX);
            let rest = bytes.get(taken..).unwrap_or_default();
            self.stream
                .compress_vec(rest, &mut self.body, flush)
                .map_err(io::Error::other)?;
            // Unused room in the buffer means that everything has been flushed.
            let taken = self.stream.total_in() - before;
            if taken == bytes.len() as u64 && self.body.len() < self.body.capacity() {
                return Ok(());
            }
        }
    }

    fn finish(mut self) -> io::Result<Vec<u8>> {
        self.deflate(&[], FlushCompress::Sync)?;
        Ok(self.body)
    }
}

impl Write for Deflater<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room = self.room.checked_sub(bytes.len()).ok_or_else(too_much)?;
        self.deflate(bytes, FlushCompress::None)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_much() -> io::Error {
    io::Error::other("too much for one record")
}

/// Decodes frames into texts.
pub struct Unpacker<R> {
    source: R,
    /// Number of bytes read so far.
    at: u64,
    stream: Decompress,
    begun: bool,
}

impl<R: Read> Unpacker<R> {
    /// Reads the beginning of the file.
    pub fn new(source: R) -> Result<Self, RecordingFault> {
        let mut unpacker = Self {
            source,
            at: 0,
            stream: Decompress::new(false),
            begun: false,
        };
        let head = unpacker.read(MAGIC.len() + 2)?;
        let common = head.len().min(MAGIC.len());
        if common == 0 || head[..common] != MAGIC[..common] {
            return Err(RecordingFault::at(0, "this is no recording of dualq-top"));
        }
        let Some((magic, version)) = head.split_at_checked(MAGIC.len()) else {
            return Err(unpacker.cut());
        };
        match <[u8; 2]>::try_from(version).map(u16::from_le_bytes) {
            Ok(VERSION) => Ok(unpacker),
            Ok(version) => Err(RecordingFault::at(
                magic.len() as u64,
                format!("it is of version {version}; this dualq-top reads version {VERSION}"),
            )),
            Err(_) => Err(unpacker.cut()),
        }
    }

    /// Returns the source.
    pub fn into_source(self) -> R {
        self.source
    }

    /// Returns the next text and the position of its frame; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>, RecordingFault> {
        let begin = self.at;
        let head = self.read(8)?;
        let cut = |at| RecordingFault::at(at, "it breaks off here, in the middle of a record");
        let (length, checksum) = match head.split_at_checked(4) {
            None if head.is_empty() => return Ok(None),
            Some((length, checksum)) => match (number(length), number(checksum)) {
                (Some(length), Some(checksum)) => (length, checksum),
                _ => return Err(cut(self.at)),
            },
            None => return Err(cut(self.at)),
        };
        if length > MOST_DEFLATED {
            let why = format!("a record of {length} bytes: the file is damaged here");
            return Err(RecordingFault::at(begin, why));
        }
        let body = self.read(length as usize + 1)?;
        if body.len() <= length as usize {
            return Err(cut(self.at));
        }
        let (Some((kind, deflated)), true) =
            (body.split_first(), crc32fast::hash(&body) == checksum)
        else {
            let why = "the checksum is wrong: the file is damaged here";
            return Err(RecordingFault::at(begin, why));
        };
        match (kind, self.begun) {
            (1, _) => {
                self.stream.reset(false);
                self.begun = true;
            }
            (0, true) => {}
            _ => {
                return Err(RecordingFault::at(
                    begin,
                    "a record of no kind that is known",
                ));
            }
        }
        let text = self
            .inflate(deflated)
            .ok_or_else(|| RecordingFault::at(begin, "what is packed here cannot be unpacked"))?;
        Ok(Some((begin, text)))
    }

    /// Returns the fault of a file that ends too early.
    pub fn cut(&self) -> RecordingFault {
        RecordingFault::at(self.at, "it breaks off here")
    }

    fn inflate(&mut self, deflated: &[u8]) -> Option<Vec<u8>> {
        let before = self.stream.total_in();
        let mut text = Vec::new();
        loop {
            if text.len() > MOST {
                return None;
            }
            text.reserve((deflated.len() * 4).clamp(256, 1 << 20));
            let taken = usize::try_from(self.stream.total_in() - before).ok()?;
            let rest = deflated.get(taken..)?;
            let had = (taken, text.len());
            self.stream
                .decompress_vec(rest, &mut text, FlushDecompress::Sync)
                .ok()?;
            let taken = usize::try_from(self.stream.total_in() - before).ok()?;
            // Unused room in the buffer means that nothing is left inside.
            if taken == deflated.len() && text.len() < text.capacity() {
                return Some(text);
            }
            if (taken, text.len()) == had {
                return None;
            }
        }
    }

    /// Reads at most `count` bytes. Memory grows with the bytes that are there, not with `count`.
    fn read(&mut self, count: usize) -> Result<Vec<u8>, RecordingFault> {
        let mut bytes = Vec::new();
        let mut part = self.source.by_ref().take(count as u64);
        let result = part.read_to_end(&mut bytes);
        self.at += bytes.len() as u64;
        match result {
            Ok(_) => Ok(bytes),
            Err(error) => Err(RecordingFault::at(
                self.at,
                format!("it cannot be read: {error}"),
            )),
        }
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// Writes the beginning of the file.
pub fn begin(file: &mut impl Write) -> io::Result<()> {
    let mut head = MAGIC.to_vec();
    head.extend(VERSION.to_le_bytes());
    file.write_all(&head)
}
