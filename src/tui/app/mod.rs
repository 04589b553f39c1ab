//! The state of the dashboard, its clock the time in the snapshots: events in, commands out.
//! It may import: `model`.
//! It must never know: the terminal, the screen, the kernel, a recording's file.
//!
//! The vocabulary ([`command`], [`event`], [`key`], [`mode`]) and what is computed ([`measure`],
//! [`list`], [`order`]) stand alone; the private modules are [`App`]'s methods, a topic each.

#![forbid(unsafe_code)]

pub mod command;
pub mod event;
pub mod inspect;
pub mod key;
pub mod keymap;
pub mod list;
pub mod measure;
pub mod menu;
pub mod message;
pub mod mode;
pub mod order;
pub mod playback;
pub mod preferences;
pub mod presentation;
pub mod search;

mod before_after;
mod changes;
mod demo;
mod keys;
mod levels;
mod listing;
mod moves;
mod now;
mod past;
mod pause;
mod permitted;
mod present;
mod queues;
mod replay;
mod report;
mod session;
mod signals;
mod trace;
mod tunables;
mod view;
mod waits;

pub use command::{Command, MoveBatch, Outcome, PastRequest, Pending, PlaybackRequest};
pub use event::{Event, Moved, Playback, Then, Traced};
pub use key::{Key, Mouse, MouseAction, MouseTarget};
pub use mode::Mode;
pub use past::Outline;

use std::ops::ControlFlow;

use crate::model::{ActiveScheduler, Process, Snapshot};
use keymap::Keymap;
use list::List;
use measure::activity::Levels;
use measure::history::History;
use measure::rates::{Measured, Missing, Tick};
use menu::Menu;
use message::{Message, Sentence, Tone};
use order::Branch;
use playback::Replay;
use search::Search;
use session::Session;
use view::View;

/// One row of the list.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The process.
    pub process: &'a Process,
    /// Share of one CPU in percent.
    pub cpu_percent: Option<f32>,
    /// The CPU use in the last ticks.
    pub activity: Levels,
    /// The p99 of its wake-up waits, in nanoseconds, where it is looked at and has enough of them.
    pub wait_p99: Option<u64>,
    /// Whether the cursor is on it.
    pub under_cursor: bool,
    /// Whether the user has tagged it.
    pub tagged: bool,
    /// Its place in the tree, where that is shown.
    pub branch: Option<Branch>,
}

/// The whole state.
#[derive(Debug)]
pub struct App {
    session: Session,
    view: View,
    /// While a recording is shown.
    replay: Option<Replay>,
    /// While the screen shows the past.
    present: Option<Box<now::Present>>,
    /// Something may look different since it was last drawn.
    changed: bool,
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

impl App {
    /// Creates the state before the first snapshot.
    #[must_use]
    pub fn new() -> Self {
        Self {
            session: Session::default(),
            view: View::default(),
            replay: None,
            present: None,
            changed: true,
        }
    }

    /// Takes in one event; what it asks of the world outside comes back.
    pub fn handle(&mut self, event: Event) -> Option<Command> {
        self.changed = true;
        let event = match self.meanwhile(event) {
            ControlFlow::Break(command) => return command,
            ControlFlow::Continue(event) => event,
        };
        match event {
            Event::Key(key) => return self.key(key),
            Event::Pointer(action, target) => self.mouse(action, target),
            // Where it is on the screen says nothing here.
            Event::Mouse(_) => self.changed = false,
            Event::Paste(text) => self.paste(&text),
            Event::Resize(..) => {}
            Event::Snapshot(snapshot) => self.see(snapshot),
            Event::Changes(changes) => self.session.changes = changes,
            Event::Moved(answers) => self.moved(answers),
            Event::Signalled(answers) => self.signalled(answers),
            Event::Scheduler(result) => self.scheduler_answered(result),
            Event::Restarted(why) => self.restarted(&why),
            Event::Waits(result) => self.waits_switched(result),
            Event::Levelled(answers) => self.levelled(answers),
            Event::Tuned(result) => self.tuned(result),
            Event::Traced(traced) => self.traced(traced),
            Event::Demo(news) => self.demo_news(news),
            Event::Recorder(said) => self.say(Tone::Refused, said),
            Event::Replay(news) => self.replay_news(news),
            Event::Past(then) => self.go_to(then),
            Event::Suspend => return Some(Command::Suspend),
            Event::Continued => return Some(Command::Resume),
            Event::Terminated(signal) => return Some(Command::Quit(Outcome::Signal(signal))),
            Event::TerminalGone => return Some(Command::Quit(Outcome::TerminalGone)),
            Event::Panicked(message) => return Some(Command::Quit(Outcome::Panicked(message))),
        }
        None
    }

    /// Whether something changed since the last time this was asked.
    pub fn take_changed(&mut self) -> bool {
        !self.is_on_the_way() && std::mem::take(&mut self.changed)
    }

    /// Sets how many rows the screen has for the list.
    pub fn set_list_height(&mut self, rows: u16) {
        self.view.list.set_height(usize::from(rows));
    }

    fn see(&mut self, mut snapshot: Box<Snapshot>) {
        for (id, queue) in self.session.read_back.drain(..) {
            snapshot.put(id, queue);
        }
        for (id, level) in self.session.levels_read_back.drain(..) {
            snapshot.put_on_level(id, level);
        }
        if let Some(active) = self.session.active_since.take() {
            snapshot.scheduler.active = active;
        }
        self.sees_tunables(&mut snapshot.scheduler);
        self.replay_sees(snapshot.at);
        let measured = self.session.tracker.measure(&snapshot);
        self.compare_sees(&snapshot);
        self.session.clock = snapshot.at;
        let now = self.session.clock;
        if self.session.snapshot.is_none()
            && let Some(message) = &mut self.session.message
        {
            // Said before there was a clock.
            *message = Message::new(message.tone, std::mem::take(&mut message.text), now);
        }
        self.session.message.take_if(|message| message.is_old(now));
        let active = self.session.snapshot.as_ref().map(|s| &s.scheduler.active);
        let same = active == Some(&snapshot.scheduler.active);
        if let Some(pause) = &mut self.session.held {
            pause.hold(snapshot, measured);
            if !same {
                // A change of the active scheduler is never hidden.
                self.resume();
                self.say(Tone::Note, "The scheduler changed: the screen continues.");
            }
            return;
        }
        if let Some(elapsed) = measured.elapsed {
            self.session
                .history
                .push(elapsed, measured.tick.as_ref().ok());
        }
        self.show(snapshot, measured);
    }

    fn show(&mut self, snapshot: Box<Snapshot>, measured: Measured) {
        self.session
            .activity
            .push(&snapshot.processes, &measured.process_percent);
        self.session.measured = measured;
        if let Some(reading) = &snapshot.inspected {
            self.session.inspection.see(snapshot.at, reading);
        }
        let before = self.selected().map(|p| (p.id, Process::title(p)));
        self.session.snapshot = Some(snapshot);
        if self.view.list.is_chosen()
            && let Some((id, title)) = before
            && self.processes().iter().all(|process| process.id != id)
        {
            self.say(Tone::Note, format!("{title} has ended."));
        }
        if !self.view.tagged.is_empty() {
            let tagged = std::mem::take(&mut self.view.tagged);
            let still = self.processes().iter().map(|process| process.id);
            self.view.tagged = still.filter(|id| tagged.contains(id)).collect();
        }
        if !self.view.list.options.folded.is_empty() {
            let folded = std::mem::take(&mut self.view.list.options.folded);
            let still = self.processes().iter().map(|process| process.id);
            self.view.list.options.folded = still.filter(|id| folded.contains(id)).collect();
        }
        self.notice_exit();
        self.refresh_list();
        self.point_at_metronome();
    }

    fn refresh_list(&mut self) {
        let processes = self
            .session
            .snapshot
            .as_ref()
            .map_or(&[][..], |s| &s.processes);
        let waits: Vec<Option<u64>> = processes.iter().map(|p| self.wait_p99(p.id)).collect();
        self.view
            .list
            .update(processes, &self.session.measured.process_percent, &waits);
    }

    fn say(&mut self, tone: Tone, text: impl Into<Sentence>) {
        self.session.message = Some(Message::new(tone, text, self.session.clock));
    }

    fn processes(&self) -> &[Process] {
        self.session.processes()
    }

    /// The process under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Process> {
        let id = self.view.list.cursor()?;
        self.processes().iter().find(|process| process.id == id)
    }

    /// Returns the target of a move or a signal: the selected process, or the process of the selected thread.
    #[must_use]
    pub fn acted_on(&self) -> Option<&Process> {
        let id = self.selected()?.process_id();
        self.processes().iter().find(|process| process.id == id)
    }

    /// Returns the snapshot on screen; `None` before the first one.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.session.snapshot.as_deref()
    }

    /// The rates of the last tick, or why there are none.
    ///
    /// # Errors
    /// With the reason why nothing could be counted.
    pub fn tick(&self) -> Result<&Tick, Missing> {
        self.session
            .measured
            .tick
            .as_ref()
            .map_err(|missing| *missing)
    }

    /// Returns the rates of the last minutes, for the charts.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.session.history
    }

    /// Returns the list of processes.
    #[must_use]
    pub fn list(&self) -> &List {
        &self.view.list
    }

    /// Returns the keys in force.
    #[must_use]
    pub fn keymap(&self) -> &Keymap {
        &self.view.keymap
    }

    /// Returns the mode, which decides what keys do.
    #[must_use]
    pub fn mode(&self) -> &Mode {
        &self.view.mode
    }

    /// Returns the open menu.
    #[must_use]
    pub fn menu(&self) -> Option<&Menu> {
        match &self.view.mode {
            Mode::Menu(menu) => Some(menu),
            _ => None,
        }
    }

    /// Returns the search, under way or kept.
    #[must_use]
    pub fn search(&self) -> &Search {
        &self.view.search
    }

    /// Returns the message on screen.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        self.session.message.as_ref()
    }

    /// Returns the request that the scheduler has not answered yet.
    #[must_use]
    pub fn pending(&self) -> Option<Pending> {
        self.session.pending
    }

    /// Returns whether each CPU has a chart of its own.
    #[must_use]
    pub fn shows_lanes(&self) -> bool {
        self.view.lanes
    }

    /// Returns the number of tagged rows.
    #[must_use]
    pub fn tagged(&self) -> usize {
        self.view.tagged.len()
    }

    /// The rows in view, from the top.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let cursor = self.view.list.cursor();
        self.view.list.in_view().filter_map(move |line| {
            let process = self.processes().get(line.index)?;
            Some(Row {
                process,
                cpu_percent: self
                    .session
                    .measured
                    .process_percent
                    .get(line.index)
                    .copied()
                    .flatten(),
                activity: self.session.activity.of(process.id),
                wait_p99: self.wait_p99(process.id),
                under_cursor: Some(process.id) == cursor,
                tagged: self.view.tagged.contains(&process.id),
                branch: line.branch,
            })
        })
    }

    /// Whether a key has been pressed since the program began.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.view.touched
    }

    /// Whether CPUs stand idle under our scheduler, so that a task never waits and moving one
    /// changes nothing.
    #[must_use]
    pub fn nothing_to_win(&self) -> bool {
        self.session.snapshot.as_ref().is_some_and(|snapshot| {
            let busy: Vec<f32> = snapshot
                .cpus
                .iter()
                .filter_map(|cpu| cpu.busy_percent)
                .collect();
            let idle: f32 = busy.iter().map(|percent| 100.0 - percent).sum();
            // At least one CPU's worth of idleness, and more than a few percent of a large machine.
            #[allow(clippy::cast_precision_loss)]
            let part = idle / busy.len().max(1) as f32;
            snapshot.scheduler.active == ActiveScheduler::Dualq && idle >= 75.0 && part >= 10.0
        })
    }
}
