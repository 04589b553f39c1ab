//! A recording instead of a machine: how one goes through it, and that nothing in it can be changed.

use std::time::Duration;

use super::App;
use super::command::{Command, PlaybackRequest};
use super::event::Playback;
use super::keymap::Action;
use super::message::{Sentence, Tone};
use super::playback::{Replay, SPEEDS};
use super::presentation::Presentation;
use super::session::Session;
/// Whether this would change something on the machine.
pub(super) fn changes(action: Action) -> bool {
    matches!(
        action,
        Action::Toggle
            | Action::Children
            | Action::Undo
            | Action::SignalMenu
            | Action::Scheduler
            | Action::Waits
            | Action::LevelUp
            | Action::LevelDown
            | Action::GuaranteeDown
            | Action::GuaranteeUp
            | Action::Trace
            | Action::Demo
    )
}

impl App {
    /// Shows a recording.
    #[must_use]
    pub fn replaying(mut self) -> Self {
        self.replay = Some(Replay::new());
        self
    }

    /// The recording, where it is one that is shown.
    #[must_use]
    pub fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }

    /// Returns the position in the recording.
    #[must_use]
    pub fn replayed(&self) -> Duration {
        let first = self.replay.as_ref().and_then(|replay| replay.first);
        first.map_or(Duration::ZERO, |first| {
            self.session.clock.saturating_sub(first)
        })
    }

    /// Whether there is a point in an action here.
    #[must_use]
    pub fn offers(&self, action: Action) -> bool {
        match self.replay {
            // What is tagged would be tagged for a move.
            Some(_) => !changes(action) && action != Action::Tag,
            // In the present it leads nowhere.
            None => action != Action::Step || self.ago().is_some(),
        }
    }

    pub(super) fn replay_sees(&mut self, at: Duration) {
        if let Some(replay) = &mut self.replay {
            replay.first.get_or_insert(at);
        }
    }

    pub(super) fn replay_news(&mut self, news: Playback) {
        match news {
            Playback::Asked(pending) => self.session.pending = Some(pending),
            Playback::Pressed(key) => self.echo(key),
            Playback::Moves(moves) => self.replay_moves(moves),
            Playback::Lost(count) => {
                // An answer may be among them.
                self.session.moving = None;
                let text = format!("The recording lacks {count} events here.");
                self.say(Tone::Note, text);
            }
            Playback::Again => self.begin_again(),
            Playback::Here => self.is_there(),
            Playback::First => self.say(Tone::Note, "This is the beginning of the recording."),
            Playback::Over(why) => {
                if let Some(replay) = &mut self.replay {
                    replay.over = Some(why);
                }
            }
        }
    }

    /// Returns the effect of a key on the playback; `None` if the key does what it always does.
    pub(super) fn replay_act(&mut self, action: Action) -> Option<Option<Command>> {
        if self.replay.is_none() {
            return self.past_act(action);
        }
        let order = match action {
            Action::Pause => self.replay_pauses(),
            Action::Step => self.replay_steps(PlaybackRequest::Step),
            Action::StepBack => {
                // A long recording takes its time.
                self.say(Tone::Note, "Going back …");
                self.replay_steps(PlaybackRequest::Back)
            }
            Action::Shorter => self.replay_speed(false),
            Action::Longer => self.replay_speed(true),
            action if changes(action) => {
                self.say(Tone::Refused, "A recording cannot be changed.");
                return Some(None);
            }
            _ => return None,
        };
        Some(order.map(Command::Playback))
    }

    fn replay_pauses(&mut self) -> Option<PlaybackRequest> {
        let replay = self.replay.as_mut()?;
        replay.paused = !replay.paused;
        let paused = replay.paused;
        self.say(
            Tone::Note,
            if paused {
                Sentence::from("The recording is paused: ")
                    .key(Action::Step)
                    .text(" steps, ")
                    .key(Action::Pause)
                    .text(" continues.")
            } else {
                "The recording continues.".into()
            },
        );
        Some(PlaybackRequest::Pause(paused))
    }

    /// A step stops what runs.
    fn replay_steps(&mut self, order: PlaybackRequest) -> Option<PlaybackRequest> {
        self.replay.as_mut()?.paused = true;
        Some(order)
    }

    /// All that came of the recording is forgotten; how it is looked at stays.
    fn begin_again(&mut self) {
        let cursor = self.view.list.cursor();
        let Some(replay) = &mut self.replay else {
            return;
        };
        replay.again.get_or_insert(cursor);
        replay.first = None;
        replay.over = None;
        self.session = Session::default();
        if let Some(presentation) = &mut self.view.presentation {
            *presentation = Presentation::default();
        }
    }

    fn is_there(&mut self) {
        let again = self.replay.as_mut().and_then(|replay| replay.again.take());
        if let Some(id) = again.flatten() {
            self.select(id);
        }
    }

    /// Whether what comes is on the way to the place that is to be shown.
    pub(super) fn is_on_the_way(&self) -> bool {
        self.replay
            .as_ref()
            .is_some_and(|replay| replay.again.is_some())
    }

    fn replay_speed(&mut self, faster: bool) -> Option<PlaybackRequest> {
        let replay = self.replay.as_mut()?;
        let next = if faster {
            replay.speed + 1
        } else {
            replay.speed.wrapping_sub(1)
        };
        let Some((speed, name)) = SPEEDS.get(next) else {
            let end = if faster { "fastest" } else { "slowest" };
            self.say(Tone::Note, format!("This is the {end} speed."));
            return None;
        };
        replay.speed = next;
        self.say(Tone::Note, format!("Playback speed {name}×."));
        Some(PlaybackRequest::Speed(*speed))
    }
}
