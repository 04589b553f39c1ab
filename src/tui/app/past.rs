//! Back in time: the screen as it was at an earlier snapshot, while the present goes on behind it.

use std::ops::ControlFlow;
use std::time::Duration;

use super::App;
use super::command::{Command, PastRequest};
use super::event::{Event, Then};
use super::keymap::Action;
use super::measure::before_after::WINDOW;
use super::message::{Sentence, Tone};
use super::mode::Mode;
use super::now::Present;
use super::replay::changes;
use super::session::Session;
use crate::model::{ActiveScheduler, Snapshot};

/// The present state at a snapshot, without what the snapshots after it bring back: their processes, and the figures of
/// the last [`Outline::SETTLES`].
#[derive(Debug)]
pub struct Outline(Session);

impl Outline {
    /// The time after which a state that goes on from here is as it was.
    pub const SETTLES: Duration = WINDOW;

    /// Returns the number of bytes that it takes, except for single strings.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let chart = self.0.demo.as_ref().map(|demo| demo.deadlines.bytes());
        size_of::<Self>() + chart.unwrap_or_default()
    }

    /// Returns a state that goes on from here with the snapshot at which it was taken.
    #[must_use]
    pub fn go_on(&self, snapshot: Box<Snapshot>) -> App {
        let mut app = App::new();
        app.session = self.0.outline();
        app.session.reported.clone_from(&snapshot.scheduler.exit);
        let measured = app.session.tracker.measure(&snapshot);
        app.compare_sees(&snapshot);
        app.session.measured = measured;
        app.session.snapshot = Some(snapshot);
        app.refresh_list();
        app
    }
}

impl App {
    /// Returns how long ago that was which is shown; `None` if it is the present.
    #[must_use]
    pub fn ago(&self) -> Option<Duration> {
        let present = self.present.as_ref()?;
        Some(present.session.clock.saturating_sub(self.session.clock))
    }

    /// Returns the outline of the present.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let present = self.present.as_ref().map(|present| &present.session);
        Outline(present.unwrap_or(&self.session).outline())
    }

    /// Returns the effect of a key while the past is shown, or of one that leads there; `None` if the key does what
    /// it always does.
    pub(super) fn past_act(&mut self, action: Action) -> Option<Option<Command>> {
        let shown = self.session.snapshot.as_ref().map(|snapshot| snapshot.at);
        let is_past = self.present.is_some();
        match action {
            Action::StepBack => Some(shown.map(|at| Command::Past(PastRequest::Before(at)))),
            Action::Step if is_past => Some(shown.map(|at| Command::Past(PastRequest::After(at)))),
            Action::Step => {
                let sentence = Sentence::from("This is now; ").key(Action::StepBack);
                self.say(Tone::Note, sentence.text(" steps back in time."));
                Some(None)
            }
            Action::Last | Action::Pause if is_past => {
                self.return_to_now();
                Some(None)
            }
            action if is_past && (changes(action) || action == Action::Tag) => {
                let sentence = Sentence::from("This is the past: nothing can be changed here; ");
                let sentence = sentence.key(Action::Last).text(" returns to now.");
                self.say(Tone::Refused, sentence);
                Some(None)
            }
            _ => None,
        }
    }

    /// Takes in the answer to a step.
    pub(super) fn go_to(&mut self, then: Then) {
        match then {
            Then::First => self.say(Tone::Note, "What was before this is not kept."),
            Then::Now => self.return_to_now(),
            Then::There(then) => {
                if self.present.is_none() {
                    // So that the charts lack nothing.
                    self.resume();
                }
                let session = std::mem::replace(&mut self.session, then.session);
                let present = self.present.as_ref().map_or(&session, |p| &p.session);
                self.session.history = present.history.until(&self.session.history);
                self.session.changes.clone_from(&present.changes);
                if self.present.is_none() {
                    self.present = Some(Box::new(Present {
                        session,
                        list: self.view.list.clone(),
                        tagged: std::mem::take(&mut self.view.tagged),
                    }));
                }
                self.refresh_list();
            }
        }
    }

    /// Shows the present again.
    pub(super) fn return_to_now(&mut self) {
        let Some(present) = self.present.take() else {
            return;
        };
        self.session = present.session;
        self.view.tagged = present.tagged;
        self.refresh_list();
    }

    /// Whether an event is about the present, whatever the screen shows.
    fn is_of_the_present(event: &Event) -> bool {
        matches!(
            event,
            Event::Snapshot(_)
                | Event::Moved(_)
                | Event::Signalled(_)
                | Event::Scheduler(_)
                | Event::Restarted(_)
                | Event::Waits(_)
                | Event::Tuned(_)
                | Event::Traced(_)
                | Event::Levelled(_)
                | Event::Demo(_)
        )
    }

    /// Takes in what happens while the past is shown. The past gives way only to a change of the active scheduler,
    /// which is never hidden. Continues with an event that is to be taken in as always.
    pub(super) fn meanwhile(&mut self, event: Event) -> ControlFlow<Option<Command>, Event> {
        if !Self::is_of_the_present(&event) {
            return ControlFlow::Continue(event);
        }
        let Some(mut present) = self.present.take() else {
            return ControlFlow::Continue(event);
        };
        let mode = std::mem::take(&mut self.view.mode);
        self.change_places(&mut present);
        let before = self.active_scheduler();
        let command = self.handle(event);
        let same = self.active_scheduler() == before && matches!(self.view.mode, Mode::List);
        if same {
            self.change_places(&mut present);
            self.view.mode = mode;
            self.present = Some(present);
        } else {
            self.say(Tone::Note, "The scheduler changed: this is now.");
            self.view.tagged = present.tagged;
        }
        ControlFlow::Break(command)
    }

    fn active_scheduler(&self) -> Option<ActiveScheduler> {
        let snapshot = self.session.snapshot.as_ref()?;
        Some(snapshot.scheduler.active.clone())
    }

    fn change_places(&mut self, present: &mut Present) {
        std::mem::swap(&mut self.session, &mut present.session);
        std::mem::swap(&mut self.view.list, &mut present.list);
        std::mem::swap(&mut self.view.tagged, &mut present.tagged);
    }
}
