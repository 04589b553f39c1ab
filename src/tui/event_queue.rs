//! The queue of events from the threads that watch the world to the one that draws it. It is bounded,
//! although a terminal that nobody reads may hold up the reader for hours. An event that is out of date once
//! the next of its kind has come is replaced by that one, and keys wait until there is room.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::model::DemoStatus;
use crate::tui::app::Event;

/// While so many events wait, [`EventSender::send_in_turn`] adds none.
const ROOM: usize = 256;

/// Nobody takes events any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// Takes the events that are replaced before anybody saw them.
type Unseen = Box<dyn Fn(&Event) -> Option<String> + Send + Sync>;

struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    has_room: Condvar,
    unseen: OnceLock<Unseen>,
}

struct State {
    waiting: VecDeque<Event>,
    senders: usize,
    closed: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        // No writer leaves it half changed, so poisoning does not matter.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns both ends of a new queue.
#[must_use]
pub fn channel() -> (EventSender, EventReceiver) {
    let receiver = EventReceiver::of([]);
    receiver.0.state().senders = 1;
    (EventSender(Arc::clone(&receiver.0)), receiver)
}

/// The end into which events go; there may be many.
pub struct EventSender(Arc<Queue>);

/// The end from which events are taken, in the order in which they came.
pub struct EventReceiver(Arc<Queue>);

impl EventSender {
    /// Adds an event and never waits. It replaces the one before of its kind that is out of date now.
    ///
    /// # Errors
    /// [`Closed`] once the receiver has gone.
    pub fn send(&self, event: Event) -> Result<(), Closed> {
        let mut state = self.0.state();
        if state.closed {
            return Err(Closed);
        }
        let old = state.waiting.iter().position(|old| outdates(&event, old));
        let old = old.and_then(|place| state.waiting.remove(place));
        state.waiting.push_back(event);
        drop(state);
        self.0.arrived.notify_one();
        match (old, self.0.unseen.get()) {
            (Some(old), Some(unseen)) => match unseen(&old) {
                Some(said) => self.send(Event::Recorder(said)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Adds an event once there is room. It replaces none.
    ///
    /// # Errors
    /// [`Closed`] once the receiver has gone.
    pub fn send_in_turn(&self, event: Event) -> Result<(), Closed> {
        let state = self.0.state();
        let full = |state: &mut State| !state.closed && state.waiting.len() >= ROOM;
        let mut state = self
            .0
            .has_room
            .wait_while(state, full)
            .unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(Closed);
        }
        state.waiting.push_back(event);
        drop(state);
        self.0.arrived.notify_one();
        Ok(())
    }

    /// Gives each event that is replaced from now on to this function, whose answer is sent as
    /// [`Event::Recorder`]. The first such function stays.
    pub fn on_unseen(&self, take: impl Fn(&Event) -> Option<String> + Send + Sync + 'static) {
        let _ = self.0.unseen.set(Box::new(take));
    }
}

impl Clone for EventSender {
    fn clone(&self) -> Self {
        self.0.state().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        self.0.state().senders -= 1;
        self.0.arrived.notify_one();
    }
}

impl EventReceiver {
    /// Returns a queue of these events, to which none can be added.
    pub fn of(events: impl IntoIterator<Item = Event>) -> Self {
        Self(Arc::new(Queue {
            state: Mutex::new(State {
                waiting: events.into_iter().collect(),
                senders: 0,
                closed: false,
            }),
            arrived: Condvar::new(),
            has_room: Condvar::new(),
            unseen: OnceLock::new(),
        }))
    }

    /// Takes the next event, waiting for it; `None` once there is none and no sender is left.
    #[must_use]
    pub fn recv(&self) -> Option<Event> {
        let state = self.0.state();
        let empty = |state: &mut State| state.waiting.is_empty() && state.senders > 0;
        let state = self
            .0
            .arrived
            .wait_while(state, empty)
            .unwrap_or_else(PoisonError::into_inner);
        self.pop(state)
    }

    /// Takes the next event as [`Self::recv`] does, but waits at most this long.
    #[must_use]
    pub fn recv_timeout(&self, patience: Duration) -> Option<Event> {
        let state = self.0.state();
        let empty = |state: &mut State| state.waiting.is_empty() && state.senders > 0;
        let (state, _) = self
            .0
            .arrived
            .wait_timeout_while(state, patience, empty)
            .unwrap_or_else(PoisonError::into_inner);
        self.pop(state)
    }

    fn pop(&self, mut state: MutexGuard<'_, State>) -> Option<Event> {
        let event = state.waiting.pop_front();
        drop(state);
        self.0.has_room.notify_all();
        event
    }

    /// Takes what waits by now, at most so many events.
    #[must_use]
    pub fn take_waiting(&self, most: usize) -> Vec<Event> {
        let mut state = self.0.state();
        let count = most.min(state.waiting.len());
        let events = state.waiting.drain(..count).collect();
        drop(state);
        self.0.has_room.notify_all();
        events
    }
}

impl Drop for EventReceiver {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.0.has_room.notify_all();
        drop(waiting);
    }
}

/// Returns whether the new event makes the older one obsolete. All other events are bounded by their
/// cause: an answer by its question, and a thread panics once.
fn outdates(new: &Event, old: &Event) -> bool {
    match (new, old) {
        (Event::Terminated(new), Event::Terminated(old)) => new == old,
        (Event::Demo(DemoStatus::Runs(_)), Event::Demo(DemoStatus::Runs(_))) => true,
        (
            Event::Snapshot(_)
            | Event::Changes(_)
            | Event::Resize(..)
            | Event::Restarted(_)
            | Event::Suspend
            | Event::Continued,
            _,
        ) => discriminant(new) == discriminant(old),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::record::{self, What};
    use crate::tui::app::Key;

    fn snapshot(at: u64) -> Event {
        let mut reader = record::shipped().unwrap();
        loop {
            if let What::Snapshot(mut snapshot) = reader.read().unwrap().unwrap().what {
                snapshot.at = Duration::from_secs(at);
                return Event::Snapshot(snapshot);
            }
        }
    }

    fn waiting(receiver: &EventReceiver) -> Vec<Event> {
        receiver.take_waiting(usize::MAX)
    }

    #[test]
    fn of_snapshots_that_nobody_sees_the_newest_waits() {
        let (sender, receiver) = channel();
        for at in 0..1000 {
            sender.send(snapshot(at)).unwrap();
            sender.send(Event::Continued).unwrap();
            sender.send(Event::Resize(80, 24)).unwrap();
            sender.send(Event::Restarted("again".into())).unwrap();
        }
        sender.send(Event::Scheduler(Ok(()))).unwrap();
        let waiting = waiting(&receiver);
        assert_eq!(waiting.len(), 5, "{waiting:?}");
        assert!(
            matches!(&waiting[0], Event::Snapshot(newest) if newest.at.as_secs() == 999),
            "{waiting:?}"
        );
    }

    #[test]
    fn a_recording_takes_what_nobody_saw() {
        let (sender, receiver) = channel();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&seen);
        sender.on_unseen(move |event| {
            let Event::Snapshot(snapshot) = event else {
                return Some("no snapshot".into());
            };
            taken.lock().unwrap().push(snapshot.at.as_secs());
            None
        });
        for at in 0..4 {
            sender.send(snapshot(at)).unwrap();
        }
        assert_eq!(*seen.lock().unwrap(), [0, 1, 2]);
        sender.send(Event::Continued).unwrap();
        sender.send(Event::Continued).unwrap();
        let waiting = waiting(&receiver);
        assert!(
            matches!(&waiting[..], [_, Event::Continued, Event::Recorder(said)] if said == "no snapshot"),
            "{waiting:?}"
        );
    }

    #[test]
    fn keys_wait_for_room_and_none_is_lost() {
        let (sender, receiver) = channel();
        let typist = thread::spawn(move || {
            for n in 0..5000_u32 {
                let key = Key::Char(char::from_u32(n + 0x4e00).unwrap());
                sender.send_in_turn(Event::Key(key)).unwrap();
            }
        });
        let mut came = 0;
        while let Some(event) = receiver.recv() {
            let key = Key::Char(char::from_u32(came + 0x4e00).unwrap());
            assert!(matches!(event, Event::Key(k) if k == key), "{event:?}");
            came += 1;
            assert!(receiver.0.state().waiting.len() <= ROOM);
        }
        typist.join().unwrap();
        assert_eq!(came, 5000);
    }

    #[test]
    fn a_blocked_sender_ends_when_nobody_takes_events() {
        let (sender, receiver) = channel();
        let typist = thread::spawn(move || {
            while sender.send_in_turn(Event::Key(Key::Enter)).is_ok() {}
            sender.send(Event::TerminalGone)
        });
        assert!(receiver.recv().is_some());
        drop(receiver);
        assert_eq!(typist.join().unwrap(), Err(Closed));
    }
}
