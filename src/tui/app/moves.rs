//! Moving processes to the other queue, one or many together, and back.

use std::collections::{HashMap, HashSet};

use super::App;
use super::command::{Command, MoveBatch};
use super::event::Moved;
use super::keymap::Action;
use super::measure::held::Held;
use super::message::{Sentence, Tone};
use super::permitted::may_move;
use super::session::{Moving, Undo};
use crate::model::{Membership, Process, ProcessId, Queue};

/// Moves that can be taken back.
const UNDOS: usize = 100;

impl App {
    /// Moves all tagged processes, or the selected one if none is tagged. Tagged processes end in one queue:
    /// in PRIORITY, unless all of it is there already.
    pub(super) fn toggle(&mut self, children: bool) -> Option<Command> {
        if self.is_changing() {
            return None;
        }
        let Some(snapshot) = self.session.snapshot.as_ref() else {
            self.say(Tone::Refused, "No process is selected.");
            return None;
        };
        let cursor = self.selected().map(Process::process_id);
        let tagged = self.tagged_processes();
        let chosen = snapshot.processes.iter().filter(|process| {
            if tagged.is_empty() {
                Some(process.id) == cursor
            } else {
                tagged.contains(&process.id)
            }
        });
        let mut moves = MoveBatch {
            children,
            ..MoveBatch::default()
        };
        let mut movable = Vec::new();
        for process in chosen {
            moves.memberships.insert(process.id, process.membership);
            let level = process.special_level();
            moves.levels.extend(level.map(|level| (process.id, level)));
            match may_move(process, &snapshot.scheduler, &self.view.keymap) {
                // A member without its children can still get them.
                Ok(Queue::Priority)
                    if children && process.membership == Some(Membership::Chosen) =>
                {
                    movable.push((process.id, Queue::Batch));
                }
                Ok(from) => movable.push((process.id, from)),
                Err(why) => moves.refused.push(why),
            }
        }
        let to = if movable.iter().all(|(_, from)| *from == Queue::Priority) {
            Queue::Batch
        } else {
            Queue::Priority
        };
        movable.retain(|(_, from)| *from != to);
        moves.moves = movable.into_iter().map(|(id, _)| (id, to)).collect();
        if moves.moves.is_empty() && moves.refused.is_empty() {
            self.say(Tone::Refused, "No process is selected.");
            return None;
        }
        self.view.list.choose();
        self.begin(moves)
    }

    pub(super) fn undo(&mut self) -> Option<Command> {
        if self.is_changing() {
            return None;
        }
        let Some(last) = self.session.undos.pop() else {
            self.say(Tone::Note, "There is no move to undo.");
            return None;
        };
        let living: HashMap<ProcessId, Option<Queue>> =
            self.processes().iter().map(|p| (p.id, p.queue)).collect();
        let mut moves = MoveBatch {
            undoes: true,
            memberships: last.memberships,
            levels: last.levels,
            ..MoveBatch::default()
        };
        for (id, to) in last.moves {
            let was = moves.memberships.get(&id).copied().flatten();
            let back = was.map_or(Queue::Batch, |_| Queue::Priority);
            match living.get(&id) {
                None => moves.refused.push(format!("process {} has ended.", id.pid)),
                // Somebody else has moved it: back, or out of PRIORITY, where it had got its children.
                Some(Some(queue)) if *queue != to => {}
                Some(_) => {
                    // They leave it only with itself.
                    if back == to {
                        moves.moves.push_back((id, to.other()));
                    }
                    moves.moves.push_back((id, back));
                    moves.children |= was == Some(Membership::WithChildren);
                }
            }
        }
        if moves.moves.is_empty() && moves.refused.is_empty() {
            self.say(Tone::Note, "The last move is already undone.");
            return None;
        }
        self.begin(moves)
    }

    /// Refuses a move while the previous one is in progress.
    fn begin(&mut self, batch: MoveBatch) -> Option<Command> {
        if self.session.moving.is_some() {
            self.say(Tone::Note, "The previous move is still in progress.");
            return None;
        }
        self.session.moving = Some(Moving::new(batch.clone()));
        Some(Command::Move(batch))
    }

    /// In a recording, where the kernel's answers follow.
    pub(super) fn replay_moves(&mut self, batch: MoveBatch) {
        self.session.moving = Some(Moving::new(batch));
        self.moved(Vec::new());
    }

    /// The kernel's map has answered: only now do the marks change. After the last answer,
    /// the result is shown.
    pub(super) fn moved(&mut self, answers: Vec<Moved>) {
        let mut moving = self.session.moving.take().unwrap_or_default();
        for (id, result) in answers {
            let asked = moving.batch.moves.get(moving.answered).copied();
            moving.answered += 1;
            match result {
                Err(why) => moving.refused.push(why),
                Ok(queue) => {
                    self.note_move(id, queue);
                    if asked.is_some_and(|asked| asked != (id, queue)) {
                        let title = self.title_of(id);
                        let queue = queue.name();
                        moving.refused.push(format!(
                            "{title} is in {queue} according to the kernel's map."
                        ));
                    } else {
                        // One that leaves and comes back has made one move.
                        moving.done.retain(|(done, _)| *done != id);
                        moving.done.push((id, queue));
                    }
                }
            }
        }
        if moving.is_over() {
            self.conclude(moving);
        } else {
            self.session.moving = Some(moving);
        }
    }

    /// Puts a process where it is now, in all that was seen of it before.
    fn note_move(&mut self, id: ProcessId, queue: Queue) {
        self.session.read_back.push((id, queue));
        self.demo_begins_anew(Some(id));
        if let Some(snapshot) = &mut self.session.snapshot {
            snapshot.put(id, queue);
        }
        if let Some(snapshot) = self.session.held.as_mut().and_then(Held::waiting) {
            snapshot.put(id, queue);
        }
    }

    /// Says what came of it, and marks it in the charts.
    fn conclude(&mut self, moving: Moving) {
        let (name, title, queue) = match *moving.done {
            [] => {
                let why = moving.refused.first().cloned().unwrap_or_default();
                let more = match moving.refused.len() {
                    0 | 1 => String::new(),
                    count => format!(" {} others were not moved either.", count - 1),
                };
                return self.say(Tone::Refused, format!("{why}{more}"));
            }
            [(id, queue)] => {
                let found = self.processes().iter().find(|process| process.id == id);
                let name = found.map_or_else(|| id.pid.to_string(), |p| p.name.to_string());
                (name, self.title_of(id), Some(queue))
            }
            [(_, queue), ..] => {
                let text = format!("{} processes", moving.done.len());
                let same = moving.done.iter().all(|(_, other)| *other == queue);
                (text.clone(), text, same.then_some(queue))
            }
        };
        let to = queue.map_or("where they were", Queue::name);
        self.mark(format!("{name} → {to}"));
        if let Some(queue) = queue {
            let ids = moving.done.iter().map(|(id, _)| *id).collect();
            let change = format!("{} → {to}", queue.other().name());
            self.compare(ids, title.clone(), change);
        }
        let (back, tone) = match (moving.batch.undoes, moving.refused.is_empty()) {
            (true, true) => ("Undone: ", Tone::Done),
            (true, false) => ("Undone: ", Tone::Refused),
            (false, true) => ("", Tone::Done),
            (false, false) => ("", Tone::Refused),
        };
        let with = match (moving.batch.children, queue) {
            (true, Some(Queue::Priority)) => ", with children",
            _ => "",
        };
        let mut text = format!("{back}{title} → {to}{with}");
        if let ([(id, Queue::Priority)], false) = (&*moving.done, moving.batch.undoes)
            && let Some(but) = self.processes().iter().find(|process| process.id == *id)
            && let Some(but) = but.policy.in_priority()
        {
            text.push_str("; ");
            text.push_str(but);
        }
        if let Some(why) = moving.refused.first() {
            text.push_str(&format!("; {} not moved: {why}", moving.refused.len()));
        }
        self.say(tone, text);
        if !moving.batch.undoes {
            if self.session.undos.len() == UNDOS {
                self.session.undos.remove(0);
            }
            self.session.undos.push(Undo {
                moves: moving.done,
                memberships: moving.batch.memberships,
                levels: moving.batch.levels,
            });
        }
    }

    fn title_of(&self, id: ProcessId) -> String {
        let process = self.processes().iter().find(|process| process.id == id);
        process.map_or_else(|| format!("process {}", id.pid), Process::title)
    }

    /// The processes that are tagged, by their own rows or by those of their threads.
    pub(super) fn tagged_processes(&self) -> HashSet<ProcessId> {
        let rows = self.processes().iter();
        rows.filter(|row| self.view.tagged.contains(&row.id))
            .map(Process::process_id)
            .collect()
    }

    /// Tags the row under the cursor, or takes its tag away, and goes on to the next.
    pub(super) fn tag(&mut self) {
        if let Some(id) = self.selected().map(|row| row.id) {
            if !self.view.tagged.remove(&id) {
                self.view.tagged.insert(id);
            }
            self.go(super::list::Motion::By(1));
        }
    }

    pub(super) fn untag_all(&mut self) {
        let text = match self.tagged_processes().len() {
            0 => Sentence::from("No process is tagged: ")
                .key(Action::Tag)
                .text(" tags."),
            1 => "One process is no longer tagged.".into(),
            count => format!("{count} processes are no longer tagged.").into(),
        };
        self.view.tagged.clear();
        self.say(Tone::Note, text);
    }
}
