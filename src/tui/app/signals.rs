//! Sending a signal: which one, to whom, and only after a second key.

use super::App;
use super::command::{Command, Outcome};
use super::key::Key;
use super::menu::{Choices, Menu};
use super::message::Tone;
use super::mode::{Mode, Sending};
use super::permitted::may_signal;
use crate::model::{Process, ProcessId};

/// Those that people send, the usual one first.
pub const SIGNALS: [(i32, &str); 14] = [
    (15, "SIGTERM  terminate"),
    (9, "SIGKILL  kill at once, without a chance to save"),
    (1, "SIGHUP   hang up; many read their settings again"),
    (2, "SIGINT   as Ctrl-C"),
    (3, "SIGQUIT  quit with a core dump"),
    (6, "SIGABRT  abort with a core dump"),
    (10, "SIGUSR1"),
    (12, "SIGUSR2"),
    (14, "SIGALRM"),
    (18, "SIGCONT  continue"),
    (19, "SIGSTOP  stop, cannot be blocked"),
    (20, "SIGTSTP  as Ctrl-Z"),
    (17, "SIGCHLD"),
    (28, "SIGWINCH"),
];

/// The name of a signal, without what it does.
fn name(signal: i32) -> &'static str {
    SIGNALS
        .iter()
        .find(|(number, _)| *number == signal)
        .and_then(|(_, text)| text.split(' ').next())
        .unwrap_or("a signal")
}

impl App {
    /// Opens the menu of signals for all tagged processes, or for the selected one if none is tagged.
    pub(super) fn signal_menu(&mut self) {
        let cursor = self.selected().map(Process::process_id);
        let tagged = self.tagged_processes();
        let chosen: Vec<&Process> = self
            .processes()
            .iter()
            .filter(|process| {
                if tagged.is_empty() {
                    Some(process.id) == cursor
                } else {
                    tagged.contains(&process.id)
                }
            })
            .collect();
        let whom = match *chosen {
            [] => return self.say(Tone::Refused, "No process is selected."),
            [process] => process.title(),
            _ => format!("{} tagged processes", chosen.len()),
        };
        // All or none: what is left out would have to be said in the question.
        if let Some(why) = chosen.iter().find_map(|process| may_signal(process).err()) {
            return self.say(Tone::Refused, why);
        }
        let ids = chosen.iter().map(|process| process.id).collect();
        self.view.list.choose();
        self.view.mode = Mode::Menu(Menu {
            title: format!("Send to {whom}"),
            items: SIGNALS
                .iter()
                .map(|(number, text)| format!("{number:>2} {text}"))
                .collect(),
            row: 0,
            choices: Choices::Signal(ids, whom),
        });
    }

    /// The choice was made: now the question.
    pub(super) fn ask(&mut self, row: usize, to: Vec<ProcessId>, whom: String) {
        let Some((signal, _)) = SIGNALS.get(row) else {
            return;
        };
        self.view.mode = Mode::Confirm(Sending {
            signal: *signal,
            to,
            whom,
        });
    }

    /// The question that waits for a yes.
    #[must_use]
    pub fn question(&self) -> Option<String> {
        let Mode::Confirm(sending) = &self.view.mode else {
            return None;
        };
        let (name, whom) = (name(sending.signal), &sending.whom);
        Some(format!(
            "Send {name} to {whom}?  y sends it, any other key does not"
        ))
    }

    pub(super) fn confirm_key(&mut self, key: Key) -> Option<Command> {
        let Mode::Confirm(sending) = std::mem::take(&mut self.view.mode) else {
            return None;
        };
        match key {
            Key::Char('y' | 'Y') => {
                let (to, signal) = (sending.to.clone(), sending.signal);
                self.session.sending = Some(sending);
                Some(Command::Signal { to, signal })
            }
            Key::Ctrl('c') => Some(Command::Quit(Outcome::Quit)),
            _ => {
                self.say(Tone::Note, "No signal was sent.");
                None
            }
        }
    }

    /// Says what came of a signal. In a recording nothing waits for it.
    pub(super) fn signalled(&mut self, answers: Vec<Result<(), String>>) {
        let Some(sending) = self.session.sending.take() else {
            return;
        };
        let name = name(sending.signal);
        let sent = answers.iter().filter(|answer| answer.is_ok()).count();
        match answers.into_iter().find_map(Result::err) {
            None => self.say(Tone::Done, format!("{name} sent to {}.", sending.whom)),
            Some(why) if sent == 0 => self.say(Tone::Refused, why),
            Some(why) => {
                self.say(
                    Tone::Refused,
                    format!("{name} sent to {sent}; not to all: {why}"),
                );
            }
        }
    }
}
