//! Tracing the next seconds to a file.

use std::time::Duration;

use super::App;
use super::command::Command;
use super::event::Traced;
use super::message::Tone;
use super::permitted::may_trace;
use crate::model::TRACE_COST;

/// The length of one trace.
const SPAN: Duration = Duration::from_secs(10);

impl App {
    pub(super) fn trace(&mut self) -> Option<Command> {
        let Some(scheduler) = self.session.snapshot.as_ref().map(|s| &s.scheduler) else {
            self.say(Tone::Refused, "The kernel's state is not known yet.");
            return None;
        };
        if let Err(why) = may_trace(scheduler) {
            self.say(Tone::Refused, why);
            return None;
        }
        if self.session.tracing {
            self.say(Tone::Note, "A trace is being recorded: it ends by itself.");
            return None;
        }
        self.session.tracing = true;
        Some(Command::Trace(SPAN))
    }

    pub(super) fn traced(&mut self, traced: Traced) {
        match traced {
            Traced::Begun(file) => {
                let span = SPAN.as_secs();
                let text = format!("Tracing {span} s, +{TRACE_COST} instructions a switch: {file}");
                self.say(Tone::Note, text);
            }
            Traced::Ended(result) => {
                self.session.tracing = false;
                match result {
                    Ok(sentence) => self.say(Tone::Done, format!("{sentence}.")),
                    Err(why) => self.say(Tone::Refused, why),
                }
            }
        }
    }
}
