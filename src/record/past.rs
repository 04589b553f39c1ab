//! The last minutes of a session, kept in memory as a recording would be: what `,` and `.` step through.
//!
//! It is cut into pieces that each begin with a snapshot in full, so that the oldest can be dropped. To go to a place
//! is to play what is kept up to it to a new state, as a replay does: so the past shows what a recording shows.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::recorder::whats;
use super::{About, Reader, What, Writer};
use crate::app::{App, Event, PastRequest, Then};
use crate::tui::effects::Happened;

/// The time that it reaches back, as far as there is room.
pub const REACH: Duration = Duration::from_secs(600);
/// The room in bytes: ten minutes of 500 processes take a quarter of it.
pub const ROOM: usize = 1 << 20;
/// A piece has at most so many snapshots, and so many bytes.
const PIECE: usize = 60;
const PIECE_BYTES: usize = ROOM / 8;

/// The events of the last minutes.
pub struct Past {
    writer: Writer<Vec<u8>>,
    /// The beginning of a recording, before the first piece.
    head: Vec<u8>,
    pieces: VecDeque<Piece>,
    /// The snapshot of the newest record.
    newest: Duration,
}

/// A snapshot in full, and what follows it.
#[derive(Default)]
struct Piece {
    /// The times of its snapshots.
    at: Vec<Duration>,
    bytes: Vec<u8>,
}

impl Past {
    /// # Errors
    /// If the encoder cannot be started.
    pub fn new() -> io::Result<Self> {
        let mut writer = Writer::new(Vec::new(), &About::default())?;
        Ok(Self {
            head: std::mem::take(writer.file()),
            writer,
            pieces: VecDeque::new(),
            newest: Duration::ZERO,
        })
    }

    /// Takes down an event or a command. What cannot be encoded is left out.
    pub fn note(&mut self, happened: Happened<'_>) {
        for what in whats(happened) {
            match &what {
                // A key is shown while a recording is presented; here it was pressed by the same person.
                What::Key(_) => continue,
                What::Snapshot(snapshot) => self.snapshot(snapshot.at),
                _ if self.pieces.is_empty() => continue,
                _ => {}
            }
            let written = self.writer.write(self.newest, 0, what);
            let bytes = std::mem::take(self.writer.file());
            if let (Ok(()), Some(piece)) = (written, self.pieces.back_mut()) {
                piece.bytes.extend_from_slice(&bytes);
            }
        }
    }

    /// Makes room for a snapshot.
    fn snapshot(&mut self, at: Duration) {
        let full = |piece: &Piece| piece.at.len() >= PIECE || piece.bytes.len() >= PIECE_BYTES;
        if self.pieces.back().is_none_or(full) {
            if let Some(piece) = self.pieces.back_mut() {
                piece.bytes.shrink_to_fit();
            }
            self.pieces.push_back(Piece::default());
            self.writer.begin_again();
        }
        if let Some(piece) = self.pieces.back_mut() {
            piece.at.push(at);
        }
        self.newest = at;
        while self.pieces.len() > 1 && (self.is_too_old() || self.bytes() > ROOM) {
            self.pieces.pop_front();
        }
    }

    /// Whether the second piece reaches far enough back alone.
    fn is_too_old(&self) -> bool {
        let begin = self.pieces.get(1).and_then(|piece| piece.at.first());
        begin.is_some_and(|begin| self.newest.saturating_sub(*begin) >= REACH)
    }

    /// Returns the number of bytes that the past takes, without the encoder's own.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let piece = |piece: &Piece| piece.bytes.len() + size_of_val(&*piece.at);
        self.head.len() + self.pieces.iter().map(piece).sum::<usize>()
    }

    /// Returns how far back it reaches from the newest snapshot.
    #[must_use]
    pub fn reach(&self) -> Duration {
        let first = self.pieces.front().and_then(|piece| piece.at.first());
        first.map_or(Duration::ZERO, |first| self.newest.saturating_sub(*first))
    }

    /// Returns the state as it was at the snapshot before or after the one that is shown.
    #[must_use]
    pub fn go(&self, request: PastRequest) -> Then {
        let mut times = self
            .pieces
            .iter()
            .flat_map(|piece| piece.at.iter().copied());
        let target = match request {
            PastRequest::Before(shown) => times.rfind(|at| *at < shown),
            PastRequest::After(shown) => {
                let next = times.find(|at| *at > shown);
                if next.is_none_or(|next| next == self.newest) {
                    return Then::Now;
                }
                next
            }
        };
        target
            .and_then(|target| self.state(target))
            .map_or(Then::First, |app| Then::There(Box::new(app)))
    }

    /// Plays what is kept up to the snapshot of this time.
    fn state(&self, target: Duration) -> Option<App> {
        let mut bytes = self.head.clone();
        bytes.reserve_exact(self.bytes());
        for piece in &self.pieces {
            bytes.extend_from_slice(&piece.bytes);
        }
        let mut reader = Reader::new(&*bytes).ok()?;
        let mut app = App::new();
        while let Ok(Some(record)) = reader.read() {
            let there = matches!(&record.what, What::Snapshot(snapshot) if snapshot.at >= target);
            app.handle(Event::from(record.what));
            if there {
                return Some(app);
            }
        }
        None
    }
}
