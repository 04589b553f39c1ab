//! Plays a recording to the dashboard, as fast as it was made or otherwise.
//!
//! One event at a time: the next one waits until the one before is on the screen, so that neither a
//! slow terminal nor a strange file can pile them up. To go back is to read it again from its
//! beginning: the dashboard's state has no way back, and so it takes no more memory.

#![forbid(unsafe_code)]

use std::io::{Read, Seek};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Reader, RecordedEvent, RecordingFault, What};
use crate::sys::failpoint;
use crate::tui::app::{Event, Playback, PlaybackRequest};
use crate::tui::event_queue::EventSender;

/// The longest pause between two events during playback.
pub(crate) const LONGEST_SILENCE: Duration = Duration::from_secs(5);
/// A delay beyond which the playback's clock is reset: the program or the terminal was stopped.
const LATE: Duration = Duration::from_secs(1);

/// Plays it in a thread of its own, until it is over or nobody listens any more.
///
/// # Errors
/// If there can be no thread.
pub fn spawn<R: Read + Seek + Send + 'static>(
    reader: Reader<R>,
    first: Option<RecordedEvent>,
    orders: Receiver<PlaybackRequest>,
    events: EventSender,
) -> std::io::Result<()> {
    let player = Player {
        orders,
        events,
        pace: Pace::new(),
        free: false,
        snapshots: 0,
    };
    thread::Builder::new()
        .name("replay".into())
        .spawn(move || drop(player.play(reader, first)))
        .map(drop)
}

/// Nobody listens any more.
struct Unheard;

struct Player {
    orders: Receiver<PlaybackRequest>,
    events: EventSender,
    pace: Pace,
    /// The event before is on the screen.
    free: bool,
    /// Number of records shown since the beginning.
    snapshots: u64,
}

/// The next record.
enum Turn {
    /// Returns the record that is due.
    On,
    /// The snapshot before.
    Back,
}

/// When what is shown.
struct Pace {
    paused: bool,
    /// Snapshots that are to be shown at once.
    steps: u32,
    percent: u32,
    /// This place of the recording was shown then.
    shown: (Duration, Instant),
}

impl Pace {
    fn new() -> Self {
        Self {
            paused: false,
            steps: 0,
            percent: 100,
            shown: (Duration::ZERO, Instant::now()),
        }
    }

    fn obey(&mut self, order: PlaybackRequest, place: Duration) {
        match order {
            PlaybackRequest::Pause(paused) => {
                self.paused = paused;
                self.steps = 0;
            }
            PlaybackRequest::Step => {
                self.paused = true;
                self.steps = self.steps.saturating_add(1);
            }
            PlaybackRequest::Speed(percent) => self.percent = percent,
            PlaybackRequest::Back => {
                self.paused = true;
                self.steps = 0;
            }
            PlaybackRequest::Next => return,
        }
        self.shown = (place, Instant::now());
    }

    /// Returns the time until this place; `None` while the playback is paused.
    fn until(&self, place: Duration) -> Option<Duration> {
        if self.steps > 0 {
            return Some(Duration::ZERO);
        }
        if self.paused {
            return None;
        }
        Some(self.span(place).saturating_sub(self.shown.1.elapsed()))
    }

    /// Returns the time from the current record to this place.
    fn span(&self, place: Duration) -> Duration {
        let silence = place.saturating_sub(self.shown.0).min(LONGEST_SILENCE);
        silence * 100 / self.percent.max(1)
    }

    fn show(&mut self, place: Duration, snapshot: bool) {
        if snapshot {
            self.steps = self.steps.saturating_sub(1);
        }
        let now = Instant::now();
        // From when it was due, not from now: lateness does not add up.
        let due = (self.shown.1 + self.span(place)).min(now);
        let late = now.saturating_duration_since(due) > LATE;
        self.shown = (place, if late { now } else { due });
    }
}

impl Player {
    fn play<R: Read + Seek>(
        mut self,
        mut reader: Reader<R>,
        first: Option<RecordedEvent>,
    ) -> Result<(), Unheard> {
        let mut next = Ok(first);
        loop {
            failpoint::here();
            let turn = match next {
                Ok(Some(record)) => self.show(record)?,
                Ok(None) => self.over("The recording has ended".into())?,
                Err(fault) => self.over(no_further(&fault))?,
            };
            if matches!(turn, Turn::Back) {
                reader = match self.go_back(reader)? {
                    Ok(reader) => reader,
                    // The file has gone, and the way back with it.
                    Err(fault) => return self.say(Playback::Over(no_further(&fault))),
                };
            }
            next = reader.read();
        }
    }

    /// Only the way back is open.
    fn over(&mut self, why: String) -> Result<Turn, Unheard> {
        self.say(Playback::Over(why))?;
        loop {
            let order = self.orders.recv().map_err(|_| Unheard)?;
            if matches!(self.obey(order)?, Turn::Back) {
                return Ok(Turn::Back);
            }
        }
    }

    /// Shows a record when it is due, unless the way goes back.
    fn show(&mut self, record: RecordedEvent) -> Result<Turn, Unheard> {
        if matches!(self.wait(record.at)?, Turn::Back) {
            return Ok(Turn::Back);
        }
        let (place, before) = (record.at, self.snapshots);
        self.hand_over(record)?;
        self.pace.show(place, self.snapshots > before);
        Ok(Turn::On)
    }

    fn hand_over(&mut self, record: RecordedEvent) -> Result<(), Unheard> {
        if record.lost > 0 {
            self.say(Playback::Lost(record.lost))?;
        }
        self.snapshots += u64::from(matches!(record.what, What::Snapshot(_)));
        self.free = false;
        self.send(record.what.into())
    }

    fn wait(&mut self, place: Duration) -> Result<Turn, Unheard> {
        loop {
            let order = match self.pace.until(place) {
                Some(Duration::ZERO) if self.free => return Ok(Turn::On),
                Some(time) if self.free => match self.orders.recv_timeout(time) {
                    Err(RecvTimeoutError::Timeout) => return Ok(Turn::On),
                    order => order.map_err(|_| Unheard)?,
                },
                _ => self.orders.recv().map_err(|_| Unheard)?,
            };
            if matches!(self.obey(order)?, Turn::Back) {
                return Ok(Turn::Back);
            }
        }
    }

    fn obey(&mut self, order: PlaybackRequest) -> Result<Turn, Unheard> {
        self.free |= order == PlaybackRequest::Next;
        let shown = self.pace.shown.0;
        self.pace.obey(order, shown);
        match order {
            PlaybackRequest::Back if self.snapshots > 1 => Ok(Turn::Back),
            PlaybackRequest::Back => self.say(Playback::First).map(|()| Turn::On),
            _ => Ok(Turn::On),
        }
    }

    /// Reads it from the beginning up to the snapshot before the one that is shown, or as many more
    /// before as are asked for on the way.
    fn go_back<R: Read + Seek>(
        &mut self,
        mut reader: Reader<R>,
    ) -> Result<Result<Reader<R>, RecordingFault>, Unheard> {
        let mut target = self.snapshots.saturating_sub(1);
        loop {
            reader = match reader.again() {
                Ok(reader) => reader,
                Err(fault) => return Ok(Err(fault)),
            };
            self.say(Playback::Again)?;
            self.snapshots = 0;
            while self.snapshots < target {
                // Of a file that has changed, what there is.
                let Ok(Some(record)) = reader.read() else {
                    break;
                };
                self.pace.shown = (record.at, Instant::now());
                self.hand_over(record)?;
                while !self.free {
                    let order = self.orders.recv().map_err(|_| Unheard)?;
                    if order == PlaybackRequest::Back {
                        target = target.saturating_sub(1).max(1);
                    } else {
                        self.obey(order)?;
                    }
                }
            }
            if self.snapshots <= target {
                self.say(Playback::Here)?;
                return Ok(Ok(reader));
            }
        }
    }

    fn say(&self, news: Playback) -> Result<(), Unheard> {
        self.send(Event::Replay(news))
    }

    /// Sends it in turn: a drawing that some key caused says "next" too, and the event before may still
    /// wait then. It must not be replaced by this one, as a live snapshot is by the next.
    fn send(&self, event: Event) -> Result<(), Unheard> {
        self.events.send_in_turn(event).map_err(|_| Unheard)
    }
}

pub(crate) fn no_further(fault: &RecordingFault) -> String {
    format!("Cannot play the recording any further, {fault}")
}

/// Converts a record to the event for the playback. A recorded key is shown, not executed.
impl From<What> for Event {
    fn from(what: What) -> Self {
        match what {
            What::Snapshot(snapshot) => Self::Snapshot(snapshot),
            What::Moves(moves) => Self::Replay(Playback::Moves(moves)),
            What::Moved(id, result) => Self::Moved(vec![(id, result)]),
            What::Signalled(result) => Self::Signalled(vec![result]),
            What::Asked(pending) => Self::Replay(Playback::Asked(pending)),
            What::Scheduler(result) => Self::Scheduler(result),
            What::Restarted(why) => Self::Restarted(why),
            What::Waits(result) => Self::Waits(result),
            What::Demo(news) => Self::Demo(news),
            What::Key(key) => Self::Replay(Playback::Pressed(key)),
            What::Changes(changes) => Self::Changes(changes),
            What::Levelled(answers) => Self::Levelled(answers),
            What::Tuned(result) => Self::Tuned(result),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::record;
    use crate::tui::event_queue;

    #[test]
    fn no_look_is_lost_while_the_screen_is_behind() {
        let (orders, heard) = mpsc::channel();
        let (events, received) = event_queue::channel();
        for _ in 0..5 {
            orders.send(PlaybackRequest::Step).unwrap();
        }
        // Each drawing says so, that after a key too; so there may be more of them than records.
        for _ in 0..100 {
            orders.send(PlaybackRequest::Next).unwrap();
        }
        drop(orders);
        let player = Player {
            orders: heard,
            events,
            pace: Pace::new(),
            free: false,
            snapshots: 0,
        };
        let mut reader = record::shipped().unwrap();
        let first = reader.read().unwrap();
        assert!(player.play(reader, first).is_err(), "it waits for orders");
        let shown = received.take_waiting(usize::MAX);
        let looks = shown.iter().filter(|e| matches!(e, Event::Snapshot(_)));
        assert_eq!(looks.count(), 5, "{shown:?}");
    }
}
