//! The effects of the dashboard on the world outside, and the events and commands between it and the state.

use super::app::{App, Command, Event};

/// Carries out the state's commands.
pub trait Effects {
    /// Carries out one command. An answer that is known at once comes back; others reach the state
    /// through the event queue.
    fn perform(&mut self, command: Command) -> Option<Event>;
}

impl<F: FnMut(Command) -> Option<Event>> Effects for F {
    fn perform(&mut self, command: Command) -> Option<Event> {
        self(command)
    }
}

/// An event or a command: everything that passes between the state and the world outside.
#[derive(Debug, Clone, Copy)]
pub enum Happened<'a> {
    /// An event, before it reaches the state.
    Event(&'a Event),
    /// A command, before it is carried out.
    Command(&'a Command),
    /// The state after a snapshot.
    State(&'a App),
}
