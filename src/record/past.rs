//! The last minutes of a session, kept in memory as a recording would be: what `,` and `.` step through.
//!
//! It is cut into pieces that each begin with a snapshot in full and an outline of the state, so that the oldest can be
//! dropped, and any can be played alone. To go to a place is to play the piece with it, and the one before if
//! that begins just before. So a step decodes about as many snapshots in the first minute as in the tenth.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::recorder::whats;
use super::{About, Reader, What, Writer};
use crate::tui::app::{App, Event, Outline, PastRequest, Then};
use crate::tui::effects::Happened;

/// The time that it reaches back, as far as there is room.
pub const REACH: Duration = Duration::from_secs(600);
/// The room in bytes: ten minutes of 500 processes take 0.4 MB.
pub const ROOM: usize = 1 << 20;
/// A piece has at most so many snapshots, and so many bytes.
const PIECE: usize = 30;
const PIECE_BYTES: usize = ROOM / 8;
/// A state that is played from an outline is as it was after so many snapshots, and [`Outline::SETTLES`].
const SETTLES: usize = 5;
/// At most so many pieces are played before the one with the place.
const PIECES_BEFORE: usize = 3;

/// The events of the last minutes.
pub struct Past {
    writer: Writer<Vec<u8>>,
    /// The beginning of a recording, before the first piece.
    head: Vec<u8>,
    pieces: VecDeque<Piece>,
    /// The snapshot of the newest record.
    newest: Duration,
    /// The snapshots that the last step decoded.
    decoded: Cell<usize>,
}

/// A snapshot in full, and what follows it.
#[derive(Default)]
struct Piece {
    /// The state at its first snapshot.
    outline: Option<Outline>,
    /// Something was moved, or the scheduler changed, before the state had settled: what the comparison of before and
    /// after needs lies before this piece.
    changed_early: bool,
    /// The times of its snapshots.
    at: Vec<Duration>,
    bytes: Vec<u8>,
}

impl Piece {
    fn begin(&self) -> Duration {
        self.at.first().copied().unwrap_or_default()
    }

    /// Whether a state that is played from here is as it was at this time.
    fn has_settled(&self, at: Duration, snapshots: usize) -> bool {
        snapshots >= SETTLES && at.saturating_sub(self.begin()) >= Outline::SETTLES
    }

    fn bytes(&self) -> usize {
        let outline = self.outline.as_ref().map_or(0, Outline::bytes);
        self.bytes.len() + size_of_val(&*self.at) + outline
    }
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
            decoded: Cell::new(0),
        })
    }

    /// Takes down an event, a command or the state after a snapshot. What cannot be encoded is left out.
    pub fn note(&mut self, happened: Happened<'_>) {
        if let Happened::State(app) = happened {
            let begun = self.pieces.back_mut().filter(|piece| piece.at.len() == 1);
            if let Some(piece) = begun {
                piece.outline.get_or_insert_with(|| app.outline());
            }
            return;
        }
        for what in whats(happened) {
            match &what {
                // A key is shown while a recording is presented; here it was pressed by the same person. The list of
                // changes has their times.
                What::Key(_) | What::Changes(_) => continue,
                What::Snapshot(snapshot) => self.snapshot(snapshot.at),
                _ if self.pieces.is_empty() => continue,
                What::Moved(..) | What::Scheduler(_) => self.changes(),
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

    /// Notes what begins a comparison of before and after.
    fn changes(&mut self) {
        let newest = self.newest;
        if let Some(piece) = self.pieces.back_mut() {
            piece.changed_early |= !piece.has_settled(newest, piece.at.len());
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
        self.head.len() + self.pieces.iter().map(Piece::bytes).sum::<usize>()
    }

    /// Returns the number of snapshots that the last step decoded.
    #[must_use]
    pub fn decoded(&self) -> usize {
        self.decoded.get()
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

    /// Returns the piece from which a state has settled by this snapshot in piece `with`; otherwise the first that may
    /// be played.
    fn begin(&self, with: usize, target: Duration) -> usize {
        let mut snapshots = 0;
        let mut begin = with;
        for (place, piece) in self.pieces.range(..=with).enumerate().rev() {
            if with - place > PIECES_BEFORE {
                break;
            }
            let before = piece.at.iter().filter(|at| **at <= target);
            snapshots += before.count();
            begin = place;
            if !piece.changed_early && piece.has_settled(target, snapshots) {
                break;
            }
        }
        begin
    }

    /// Plays what is kept up to the snapshot of this time.
    fn state(&self, target: Duration) -> Option<App> {
        let with = self.pieces.iter().rposition(|p| p.begin() <= target)?;
        let begin = self.begin(with, target);
        let mut bytes = self.head.clone();
        for piece in self.pieces.range(begin..=with) {
            bytes.extend_from_slice(&piece.bytes);
        }
        let mut reader = Reader::new(&*bytes).ok()?;
        let mut outline = self.pieces.get(begin)?.outline.as_ref();
        let mut app = App::new();
        self.decoded.set(0);
        while let Ok(Some(record)) = reader.read() {
            let mut there = false;
            if let What::Snapshot(snapshot) = &record.what {
                self.decoded.set(self.decoded.get() + 1);
                there = snapshot.at >= target;
            }
            match (record.what, outline.take()) {
                (What::Snapshot(snapshot), Some(outline)) => app = outline.go_on(snapshot),
                (what, _) => drop(app.handle(Event::from(what))),
            }
            if there {
                return Some(app);
            }
        }
        None
    }
}
