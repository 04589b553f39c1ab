//! Plays a recording to the dashboard, as fast as it was made or otherwise.
//!
//! One event at a time: the next one waits until the one before is on the screen, so that neither a
//! slow terminal nor a strange file can pile them up.

use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::Event;
use crate::app::replay::{News, Order};
use crate::record::{Reader, Record, What};

/// A silence in the recording is no longer than this when it is shown.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);
/// What is late by more begins anew: the program was stopped, or the terminal.
const LATE: Duration = Duration::from_secs(1);

/// Plays it in a thread of its own, until it is over or nobody listens any more.
///
/// # Errors
/// If there can be no thread.
pub fn spawn<R: Read + Send + 'static>(
    reader: Reader<R>,
    first: Option<Record>,
    orders: Receiver<Order>,
    events: Sender<Event>,
) -> std::io::Result<()> {
    let player = Player {
        orders,
        events,
        pace: Pace::new(),
        free: false,
    };
    thread::Builder::new()
        .name("replay".into())
        .spawn(move || drop(player.play(reader, first)))
        .map(drop)
}

/// Nobody listens any more.
struct Unheard;

struct Player {
    orders: Receiver<Order>,
    events: Sender<Event>,
    pace: Pace,
    /// The event before is on the screen.
    free: bool,
}

/// When what is shown.
struct Pace {
    paused: bool,
    stepping: bool,
    percent: u32,
    /// This place of the recording was shown then.
    shown: (Duration, Instant),
}

impl Pace {
    fn new() -> Self {
        Self {
            paused: false,
            stepping: false,
            percent: 100,
            shown: (Duration::ZERO, Instant::now()),
        }
    }

    fn obey(&mut self, order: Order, place: Duration) {
        match order {
            Order::Pause(paused) => {
                self.paused = paused;
                self.stepping = false;
            }
            Order::Step => {
                self.paused = true;
                self.stepping = true;
            }
            Order::Speed(percent) => self.percent = percent,
            Order::Next => return,
        }
        self.shown = (place, Instant::now());
    }

    /// How long until this place; `None` while nothing moves.
    fn until(&self, place: Duration) -> Option<Duration> {
        if self.stepping {
            return Some(Duration::ZERO);
        }
        if self.paused {
            return None;
        }
        Some(self.span(place).saturating_sub(self.shown.1.elapsed()))
    }

    /// How long it takes from what is shown to this place.
    fn span(&self, place: Duration) -> Duration {
        let silence = place.saturating_sub(self.shown.0).min(LONGEST_SILENCE);
        silence * 100 / self.percent.max(1)
    }

    fn show(&mut self, place: Duration, snapshot: bool) {
        if snapshot {
            self.stepping = false;
        }
        let now = Instant::now();
        // From when it was due, not from now: lateness does not add up.
        let due = (self.shown.1 + self.span(place)).min(now);
        let late = now.saturating_duration_since(due) > LATE;
        self.shown = (place, if late { now } else { due });
    }
}

impl Player {
    fn play<R: Read>(
        mut self,
        mut reader: Reader<R>,
        first: Option<Record>,
    ) -> Result<(), Unheard> {
        let mut next = Ok(first);
        loop {
            match next {
                Ok(Some(record)) => self.show(record)?,
                Ok(None) => return self.over("The recording ends here".into()),
                Err(fault) => {
                    return self.over(format!("The recording can be shown no further, {fault}"));
                }
            }
            next = reader.read();
        }
    }

    fn over(&mut self, why: String) -> Result<(), Unheard> {
        self.say(News::Over(why))
    }

    fn show(&mut self, record: Record) -> Result<(), Unheard> {
        self.wait(record.at)?;
        if record.lost > 0 {
            self.say(News::Lost(record.lost))?;
        }
        let snapshot = matches!(record.what, What::Snapshot(_));
        self.free = false;
        self.send(record.what.into())?;
        self.pace.show(record.at, snapshot);
        Ok(())
    }

    fn wait(&mut self, place: Duration) -> Result<(), Unheard> {
        loop {
            let order = match self.pace.until(place) {
                Some(Duration::ZERO) if self.free => return Ok(()),
                Some(time) if self.free => match self.orders.recv_timeout(time) {
                    Err(RecvTimeoutError::Timeout) => return Ok(()),
                    order => order.map_err(|_| Unheard)?,
                },
                _ => self.orders.recv().map_err(|_| Unheard)?,
            };
            self.free |= order == Order::Next;
            let shown = self.pace.shown.0;
            self.pace.obey(order, shown);
        }
    }

    fn say(&self, news: News) -> Result<(), Unheard> {
        self.send(Event::Replay(news))
    }

    fn send(&self, event: Event) -> Result<(), Unheard> {
        self.events.send(event).map_err(|_| Unheard)
    }
}

/// What was recorded, as it is played: a key that was pressed then is shown, not obeyed.
impl From<What> for Event {
    fn from(what: What) -> Self {
        match what {
            What::Snapshot(snapshot) => Self::Snapshot(snapshot),
            What::Moved(id, result) => Self::Moved { id, result },
            What::Signalled(result) => Self::Signalled(result),
            What::Asked(pending) => Self::Replay(News::Asked(pending)),
            What::Scheduler(result) => Self::Scheduler(result),
            What::Restarted(why) => Self::Restarted(why),
            What::Waits(result) => Self::Waits(result),
            What::Demo(news) => Self::Demo(news),
            What::Key(key) => Self::Replay(News::Pressed(key)),
        }
    }
}
