//! Changing the levels of members.

use super::App;
use super::command::Command;
use super::keymap::{Action, Keymap};
use super::message::Tone;
use super::permitted::may_move;
use crate::model::{DEFAULT_LEVEL, Process, ProcessId, Queue, SchedulerStatus};

/// The step of a key.
const STEP: u8 = 16;

/// Returns the next multiple of the step, or the last level there is; `None` where there is no further one.
fn next(level: u8, up: bool) -> Option<u8> {
    if up {
        let steps = level / STEP + 1;
        (level < u8::MAX).then(|| steps.saturating_mul(STEP))
    } else {
        level.checked_sub(1).map(|below| below / STEP * STEP)
    }
}

impl App {
    /// Raises or lowers the levels of all tagged members, or of the one under the cursor if none is tagged.
    pub(super) fn change_levels(&mut self, up: bool) -> Option<Command> {
        if self.is_changing() {
            return None;
        }
        let snapshot = self.session.snapshot.as_ref()?;
        let tagged = self.tagged_processes();
        let cursor = self.selected().map(Process::process_id);
        let chosen = |process: &&Process| {
            if tagged.is_empty() {
                Some(process.id) == cursor
            } else {
                tagged.contains(&process.id)
            }
        };
        let mut levels = Vec::new();
        let mut why = "No process is selected.".to_owned();
        for process in snapshot.processes.iter().filter(chosen) {
            match level_of(process, &snapshot.scheduler, &self.view.keymap) {
                Err(refused) => why = refused,
                Ok(level) => match next(level, up) {
                    Some(next) => levels.push((process.id, next)),
                    None => {
                        let end = if up { "highest" } else { "lowest" };
                        why = format!("{} has the {end} level, {level}.", process.title());
                    }
                },
            }
        }
        if levels.is_empty() {
            self.say(Tone::Refused, why);
            return None;
        }
        self.view.list.choose();
        Some(Command::Levels(levels))
    }

    /// The kernel's map has answered.
    pub(super) fn levelled(&mut self, answers: Vec<(ProcessId, Result<u8, String>)>) {
        let mut done = Vec::new();
        let mut refused = Vec::new();
        for (id, result) in answers {
            match result {
                Ok(level) => done.push((id, level)),
                Err(why) => refused.push(why),
            }
        }
        for (id, level) in &done {
            self.session.levels_read_back.push((*id, *level));
            if let Some(snapshot) = &mut self.session.snapshot {
                snapshot.put_on_level(*id, *level);
            }
        }
        let found = |id| self.processes().iter().find(|process| process.id == id);
        let (name, title, level) = match *done {
            [] => {
                // A recording may answer for no member at all.
                let why = refused.into_iter().next();
                return why.into_iter().for_each(|why| self.say(Tone::Refused, why));
            }
            [(id, level)] => {
                let title = found(id).map_or_else(|| format!("process {}", id.pid), Process::title);
                let name = found(id).map_or_else(|| id.pid.to_string(), |p| p.name.to_string());
                (name, title, Some(level))
            }
            [(_, level), ..] => {
                let text = format!("{} processes", done.len());
                let same = done.iter().all(|(_, other)| *other == level);
                (text.clone(), text, same.then_some(level))
            }
        };
        let to = level.map_or_else(
            || "other levels".to_owned(),
            |level| format!("level {level}"),
        );
        self.mark(format!("{name} → {to}"));
        let mut text = format!("{title} → {to}");
        if let Some(why) = refused.first() {
            text.push_str(&format!("; {} not changed: {why}", refused.len()));
        }
        self.refresh_list();
        let tone = if refused.is_empty() {
            Tone::Done
        } else {
            Tone::Refused
        };
        self.say(tone, text);
    }
}

/// Returns a member's level, or one sentence that says why it has none that could be changed.
fn level_of(process: &Process, scheduler: &SchedulerStatus, keymap: &Keymap) -> Result<u8, String> {
    match may_move(process, scheduler, keymap)? {
        Queue::Priority => Ok(process.level.unwrap_or(DEFAULT_LEVEL)),
        Queue::Batch => {
            let title = process.title();
            let space = keymap.key(Action::Toggle);
            Err(format!(
                "{title} is in BATCH, and only members have a level: {space} moves it."
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_through_the_default_to_either_end() {
        assert_eq!(next(128, true), Some(144));
        assert_eq!(next(128, false), Some(112));
        assert_eq!(next(130, false), Some(128));
        assert_eq!(next(240, true), Some(255));
        assert_eq!(next(255, true), None);
        assert_eq!(next(255, false), Some(240));
        assert_eq!(next(7, false), Some(0));
        assert_eq!(next(0, false), None);
    }
}
