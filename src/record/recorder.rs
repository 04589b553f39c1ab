//! Records a session while it runs. Writing has its own thread, so that a slow disk delays nothing. What the
//! disk cannot take in time is left out, and the dashboard says so.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::fs::Mode;

use super::{About, What, Writer};
use crate::refusal::{Refusal, Status};
use crate::sys::capabilities;
use crate::sys::failpoint;
use crate::sys::own::{FileId, Folder};
use crate::sys::signals;
use crate::sys::text::scrub;
use crate::tui::app::{Command, Event, Moved, Pending};
use crate::tui::effects::Happened;
use crate::tui::event_queue::EventSender;

/// Maximum number of events that wait for the disk: about ten seconds.
const WAITING: usize = 64;
/// Time limit for writing the rest when the program ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// A message to the writing thread.
struct Note {
    at: Duration,
    lost: u64,
    whats: Vec<What>,
}

/// Records events, from any thread.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Desk>>);

struct Desk {
    /// `None` once the recording has ended.
    notes: Option<SyncSender<Note>>,
    begun: Instant,
    /// Number of events that were lost since the last one that was handed over.
    lost: u64,
}

/// Waits for the end of writing.
pub struct Ending {
    done: Receiver<()>,
    place: Place,
}

/// The place of a recording, by descriptors: its path may lead elsewhere by now.
struct Place {
    folder: Folder,
    name: OsString,
    file: FileId,
}

impl Place {
    fn remove(&self) {
        self.folder.remove(&self.name, self.file);
    }
}

/// Starts recording to a new file that only its owner can read. Later errors are reported to the dashboard.
///
/// # Errors
/// A [`Refusal`] if the file exists, or cannot be written to.
pub fn start(path: &Path, events: EventSender) -> Result<(Recorder, Ending)> {
    let name = scrub(path.as_os_str().as_encoded_bytes());
    let (made, place) = create_at(path, "record", "recorded")?;
    let about = About {
        program: env!("CARGO_PKG_VERSION").into(),
        kernel: scrub(rustix::system::uname().release().to_bytes()),
    };
    let writer = Writer::new(made, &about).map_err(|error| {
        place.remove();
        cannot(&name, ("record", "recorded"), &error)
    })?;
    let (notes, received) = mpsc::sync_channel(WAITING);
    let (finished, done) = mpsc::channel();
    let begun = Instant::now();
    let thread = thread::Builder::new().name("recorder".into());
    let record = move || {
        let _ = capabilities::drop_unneeded();
        if let Err(error) = keep(writer, &received, begun) {
            let _ = events.send(Event::Recorder(format!(
                "Recording has stopped: {error}. What {name} has so far can be replayed."
            )));
        }
        drop(finished);
    };
    // The thread starts before signals are handled.
    signals::with_signals_blocked(|| thread.spawn(record))??;
    let recorder = Recorder(Arc::new(Mutex::new(Desk {
        notes: Some(notes),
        begun,
        lost: 0,
    })));
    Ok((recorder, Ending { done, place }))
}

fn cannot(name: &str, (verb, done): (&str, &str), error: &io::Error) -> Refusal {
    let sentence = match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("{name} is there already: name a new file to {verb} into")
        }
        _ => format!("{name} cannot be {done} into: {error}"),
    };
    Refusal::new(Status::BadArgument, sentence)
}

/// Creates a file that is not there yet and that only its owner can read. The verb, and its participle, are for the
/// refusal.
///
/// # Errors
/// A [`Refusal`] if the file exists, or cannot be created.
pub fn create(path: &Path, verb: &str, done: &str) -> Result<File> {
    create_at(path, verb, done).map(|(file, _)| file)
}

fn create_at(path: &Path, verb: &str, done: &str) -> Result<(File, Place)> {
    let name = scrub(path.as_os_str().as_encoded_bytes());
    let cannot = |error: io::Error| cannot(&name, (verb, done), &error);
    let folder = Folder::open(path.parent().unwrap_or(path)).map_err(cannot)?;
    if folder.is_anybodys().map_err(cannot)? {
        bail!(Refusal::new(
            Status::BadArgument,
            format!(
                "{name} cannot be {done} into: anybody may put another file in its place there; name one in a folder of your own"
            ),
        ));
    }
    let file = path.file_name().unwrap_or_default().to_owned();
    let made = folder.create_new(&file, Mode::RUSR | Mode::WUSR);
    let made = made.map_err(cannot)?;
    let place = Place {
        folder,
        name: file,
        file: FileId::of(&made).map_err(cannot)?,
    };
    Ok((made, place))
}

/// Writes events until all senders are gone.
fn keep(mut writer: Writer<File>, notes: &Receiver<Note>, begun: Instant) -> io::Result<()> {
    let mut whole = writer.file().stream_position()?;
    for note in notes {
        failpoint::here();
        let mut lost = note.lost;
        for what in note.whats {
            if let Err(error) = writer.write(note.at, std::mem::take(&mut lost), what) {
                // A partial record would look like a damaged file.
                let _ = writer.file().set_len(whole);
                return Err(error);
            }
            whole = writer.file().stream_position()?;
        }
    }
    writer.end(begun.elapsed())
}

impl Recorder {
    /// Records one event. Returns a sentence when the first event is lost.
    #[must_use]
    pub fn note(&self, happened: Happened<'_>) -> Option<String> {
        let whats = whats(happened);
        if whats.is_empty() {
            return None;
        }
        let count = whats.len() as u64;
        let mut desk = self.desk();
        let note = Note {
            at: desk.begun.elapsed(),
            lost: desk.lost,
            whats,
        };
        match desk.notes.as_ref()?.try_send(note) {
            Ok(()) => desk.lost = 0,
            // The thread has reported the cause.
            Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                let first = desk.lost == 0;
                desk.lost += count;
                if first {
                    return Some(
                        "The disk cannot follow: the recording lacks what comes now.".into(),
                    );
                }
            }
        }
        None
    }

    /// Ends the recording: nothing more is recorded.
    pub fn end(&self) {
        self.desk().notes = None;
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // No writer leaves it half changed, so poisoning does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ending {
    /// Waits after [`Recorder::end`] until everything is written, with a time limit for a disk that hangs.
    pub fn wait(self) {
        let _ = self.done.recv_timeout(PATIENCE);
    }

    /// Removes the recording, in which there is nothing.
    pub fn discard(&self) {
        self.place.remove();
    }
}

/// Returns what is recorded of an event: one record, or one for each answer.
pub(super) fn whats(happened: Happened<'_>) -> Vec<What> {
    let one = match happened {
        Happened::Command(Command::Attach) => What::Asked(Pending::Attach),
        Happened::Command(Command::Detach) => What::Asked(Pending::Detach),
        Happened::Command(Command::Move(batch)) => What::Moves(batch.clone()),
        Happened::Command(_) | Happened::State(_) => return Vec::new(),
        Happened::Event(event) => match event {
            Event::Moved(answers) => {
                let what = |(id, result): &Moved| What::Moved(*id, result.clone());
                return answers.iter().map(what).collect();
            }
            Event::Signalled(answers) => {
                return answers.iter().cloned().map(What::Signalled).collect();
            }
            Event::Snapshot(snapshot) => What::Snapshot(snapshot.clone()),
            Event::Scheduler(result) => What::Scheduler(result.clone()),
            Event::Restarted(why) => What::Restarted(why.clone()),
            Event::Waits(result) => What::Waits(result.clone()),
            Event::Demo(news) => What::Demo(news.clone()),
            Event::Key(key) => What::Key(*key),
            Event::Changes(changes) => What::Changes(changes.clone()),
            Event::Levelled(answers) => What::Levelled(answers.clone()),
            Event::Tuned(result) => What::Tuned(result.clone()),
            // The terminal's state and the program's end mean nothing in a replay.
            Event::Mouse(_)
            | Event::Pointer(..)
            | Event::Paste(_)
            | Event::Resize(..)
            | Event::Suspend
            | Event::Continued
            | Event::Terminated(_)
            | Event::TerminalGone
            | Event::Panicked(_)
            | Event::Traced(_)
            | Event::Recorder(_)
            | Event::Past(_)
            | Event::Replay(_) => return Vec::new(),
        },
    };
    vec![one]
}
