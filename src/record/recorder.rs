//! Records a session while it runs. Writing has a thread of its own, so that a slow disk holds up
//! nothing: what it cannot take in time is left out, and that is said.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{About, What, Writer};
use crate::app::{Command, Event, Pending};
use crate::dashboard::Happened;
use crate::drill;
use crate::refusal::{Refusal, Status};
use crate::rights;
use crate::signal;
use crate::text::scrub;
use crate::tui::event_queue::EventSender;

/// Events that wait for the disk: some ten seconds of them.
const WAITING: usize = 64;
/// How long the end of the program waits for the disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// Goes to the thread that writes.
struct Note {
    at: Duration,
    lost: u64,
    what: What,
}

/// Takes down what happens, in whichever thread.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Desk>>);

struct Desk {
    /// `None` once the recording has ended.
    notes: Option<SyncSender<Note>>,
    begun: Instant,
    /// Events that could not be handed over since the last that could.
    lost: u64,
}

/// Tells when all has been written.
pub struct Ending {
    done: Receiver<()>,
}

/// Begins to record into a new file, which is its owner's alone. What goes wrong later is told to the
/// dashboard.
///
/// # Errors
/// A [`Refusal`] where it is there already, or cannot be written to.
pub fn start(path: &Path, events: EventSender) -> Result<(Recorder, Ending)> {
    let name = scrub(path.as_os_str().as_encoded_bytes());
    let cannot = |error: io::Error| {
        let sentence = match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{name} is there already: name a new file to record into")
            }
            _ => format!("{name} cannot be recorded into: {error}"),
        };
        Refusal::new(Status::BadArgument, sentence)
    };
    let about = About {
        program: env!("CARGO_PKG_VERSION").into(),
        kernel: scrub(rustix::system::uname().release().to_bytes()),
    };
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(0o600);
    let file = options.open(path).map_err(cannot)?;
    let writer = Writer::new(file, &about).map_err(|error| {
        let _ = fs::remove_file(path);
        cannot(error)
    })?;
    let (notes, received) = mpsc::sync_channel(WAITING);
    let (finished, done) = mpsc::channel();
    let begun = Instant::now();
    let thread = thread::Builder::new().name("recorder".into());
    let record = move || {
        let _ = rights::give_up();
        if let Err(error) = keep(writer, &received, begun) {
            let _ = events.send(Event::Recorder(format!(
                "Recording has stopped: {error}. What {name} has so far can be replayed."
            )));
        }
        drop(finished);
    };
    // It begins before anybody listens to signals.
    signal::put_off(|| thread.spawn(record))??;
    let recorder = Recorder(Arc::new(Mutex::new(Desk {
        notes: Some(notes),
        begun,
        lost: 0,
    })));
    Ok((recorder, Ending { done }))
}

/// Writes what comes, until nobody is left to send it.
fn keep(mut writer: Writer<File>, notes: &Receiver<Note>, begun: Instant) -> io::Result<()> {
    let mut whole = writer.file().stream_position()?;
    for note in notes {
        drill::here();
        if let Err(error) = writer.write(note.at, note.lost, note.what) {
            // A record in part would be the fault of a damaged file.
            let _ = writer.file().set_len(whole);
            return Err(error);
        }
        whole = writer.file().stream_position()?;
    }
    writer.end(begun.elapsed())
}

impl Recorder {
    /// Takes down one thing; a sentence comes back when the first one is lost.
    pub fn note(&self, happened: Happened<'_>) -> Option<String> {
        let what = what(happened)?;
        let mut desk = self.desk();
        let note = Note {
            at: desk.begun.elapsed(),
            lost: desk.lost,
            what,
        };
        match desk.notes.as_ref()?.try_send(note) {
            Ok(()) => desk.lost = 0,
            // The thread has said why.
            Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                desk.lost += 1;
                if desk.lost == 1 {
                    return Some(
                        "The disk cannot follow: the recording lacks what comes now.".into(),
                    );
                }
            }
        }
        None
    }

    /// Ends the recording: nothing is taken down any more.
    pub fn end(&self) {
        self.desk().notes = None;
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // It is never left half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ending {
    /// Waits until all has been written after [`Recorder::end`], but not for a disk that has gone.
    pub fn wait(self) {
        let _ = self.done.recv_timeout(PATIENCE);
    }
}

/// What of it is recorded.
fn what(happened: Happened<'_>) -> Option<What> {
    Some(match happened {
        Happened::Command(Command::Attach) => What::Asked(Pending::Attach),
        Happened::Command(Command::Detach) => What::Asked(Pending::Detach),
        Happened::Command(Command::Moves(moves)) => What::Moves(moves.clone()),
        Happened::Command(_) => return None,
        Happened::Event(event) => match event {
            Event::Snapshot(snapshot) => What::Snapshot(snapshot.clone()),
            Event::Moved { id, result } => What::Moved(*id, result.clone()),
            Event::Signalled(result) => What::Signalled(result.clone()),
            Event::Scheduler(result) => What::Scheduler(result.clone()),
            Event::Restarted(why) => What::Restarted(why.clone()),
            Event::Waits(result) => What::Waits(result.clone()),
            Event::Demo(news) => What::Demo(news.clone()),
            Event::Key(key) => What::Key(*key),
            // What the terminal does, and how the program ended, is of no use to another one.
            Event::Mouse(_)
            | Event::Resize(..)
            | Event::Signal(_)
            | Event::TerminalGone
            | Event::Panicked(_)
            | Event::Recorder(_)
            | Event::Replay(_) => return None,
        },
    })
}
