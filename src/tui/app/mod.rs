//! The state of the dashboard: what was seen, what was asked, where the cursor is. It knows no
//! terminal and no kernel; its only clock is the time in the snapshots.

#![forbid(unsafe_code)]

mod before_after;
pub mod command;
mod demo;
pub mod event;
pub mod key;
pub mod keymap;
pub mod list;
pub mod measure;
pub mod menu;
pub mod message;
pub mod order;
pub mod preferences;
pub mod presentation;
pub mod search;

mod keys;
mod moves;
mod pause;
mod queues;
pub mod replay;
mod report;
mod session;
mod signals;
mod view;
mod waits;

use std::collections::HashSet;
use std::time::Duration;

pub use command::{Command, Moves, Outcome, Pending, PlaybackRequest};
pub use event::{Event, Playback};
pub use key::{Key, Mouse, MouseAction};

use crate::model::{Exit, NoWaits, Process, ProcessId, Queue, Ruler, Snapshot};
use keymap::Keymap;
use list::List;
use measure::before_after::Comparisons;
use measure::history::History;
use measure::rates::{Measured, Missing, Tick, Tracker};
use measure::waits::WaitSummary;
use menu::Menu;
use message::{Message, Tone};
use moves::{Errand, Undo};
use order::{Branch, SortKey};
use pause::Pause;
use presentation::Presentation;
use replay::Replay;
use search::Search;
use session::Demo;
use signals::Sending;

/// What the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    List,
    Search,
    Filter,
    Menu,
    /// A question waits for a yes.
    Confirm,
    /// Whether to quit, in presentation mode.
    Quit,
    Help,
    /// Why the kernel ended the scheduler.
    Report,
}

/// One row of the list.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub process: &'a Process,
    /// Share of one CPU in percent.
    pub cpu_percent: Option<f32>,
    /// The p99 of its wake-up waits, in nanoseconds, where it is looked at and has enough of them.
    pub wait_p99: Option<u64>,
    pub under_cursor: bool,
    pub tagged: bool,
    /// Its place in the tree, where that is shown.
    pub branch: Option<Branch>,
}

/// The whole state.
#[derive(Debug)]
pub struct App {
    snapshot: Option<Box<Snapshot>>,
    tracker: Tracker,
    tick: Result<Tick, Missing>,
    percent: Vec<Option<f32>>,
    waits: Result<WaitSummary, NoWaits>,
    comparisons: Comparisons,
    history: History,
    list: List,
    keymap: Keymap,
    /// The first screen row of the list, for the mouse.
    list_top: u16,
    /// The columns that the settings ask for; none where they do not.
    chosen_columns: Vec<SortKey>,
    /// Where the columns of the list begin, and what each of them sorts by, for the mouse.
    columns: Vec<(u16, SortKey)>,
    /// Where the choices of the menu are: columns from, to, the first row, the choice in it.
    menu_area: (u16, u16, u16, usize),
    menu: Option<Menu>,
    mode: Mode,
    /// The first line of the help in view.
    help_line: usize,
    /// The first line of the report in view.
    report_line: usize,
    /// The end of the scheduler that was reported last.
    reported: Option<Exit>,
    search: Search,
    message: Option<Message>,
    pending: Option<Pending>,
    /// While the screen is held.
    pause: Option<Pause>,
    /// Between two snapshots.
    interval: Duration,
    /// When the newest snapshot was taken, shown or not.
    clock: Duration,
    /// Whether the CPUs' lanes have the place of the list.
    lanes: bool,
    tagged: HashSet<ProcessId>,
    sending: Option<Sending>,
    /// The moves whose answers are awaited.
    errand: Option<Errand>,
    /// What was moved, and where to: the last at the end.
    undos: Vec<Undo>,
    /// What the map said after moves, for the one snapshot that may have been taken before them.
    read_back: Vec<(ProcessId, Queue)>,
    /// Who rules since the last snapshot, by the keeper's answer.
    rules_since: Option<Ruler>,
    demo: Option<Demo>,
    presentation: Option<Presentation>,
    /// While a recording is shown.
    replay: Option<Replay>,
    changed: bool,
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

impl App {
    #[must_use]
    pub fn new() -> Self {
        Self {
            snapshot: None,
            tracker: Tracker::default(),
            tick: Err(Missing::First),
            percent: Vec::new(),
            comparisons: Comparisons::default(),
            waits: Ok(WaitSummary::default()),
            history: History::default(),
            list: List::default(),
            keymap: Keymap::default(),
            list_top: 0,
            chosen_columns: Vec::new(),
            columns: Vec::new(),
            menu_area: (0, 0, 0, 0),
            menu: None,
            mode: Mode::default(),
            help_line: 0,
            report_line: 0,
            reported: None,
            search: Search::default(),
            message: None,
            pending: None,
            pause: None,
            interval: Duration::from_secs(1),
            clock: Duration::ZERO,
            lanes: false,
            tagged: HashSet::new(),
            sending: None,
            errand: None,
            undos: Vec::new(),
            read_back: Vec::new(),
            rules_since: None,
            demo: None,
            presentation: None,
            replay: None,
            changed: true,
        }
    }

    /// Takes in one event; what it asks of the world outside comes back.
    pub fn handle(&mut self, event: Event) -> Option<Command> {
        self.changed = true;
        match event {
            Event::Key(key) => return self.key(key),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resize(..) => {}
            Event::Snapshot(snapshot) => self.see(snapshot),
            Event::Moved { id, result } => {
                let next = self.moved(id, result);
                // A recording has the kernel's answers; nobody is asked.
                return next.filter(|_| self.replay.is_none());
            }
            Event::Signalled(result) => return self.signalled(result),
            Event::Scheduler(result) => self.scheduler_answered(result),
            Event::Restarted(why) => self.restarted(&why),
            Event::Waits(result) => self.waits_switched(result),
            Event::Demo(news) => self.demo_news(news),
            Event::Recorder(said) => self.say(Tone::Refused, said),
            Event::Replay(news) => self.replay_news(news),
            Event::Signal(signal_hook::consts::SIGTSTP) => return Some(Command::Suspend),
            Event::Signal(signal_hook::consts::SIGCONT) => return Some(Command::Redraw),
            Event::Signal(signal) => return Some(Command::Quit(Outcome::Signal(signal))),
            Event::TerminalGone => return Some(Command::Quit(Outcome::TerminalGone)),
            Event::Panicked(message) => return Some(Command::Quit(Outcome::Panicked(message))),
        }
        None
    }

    /// Whether something changed since the last time this was asked.
    pub fn take_changed(&mut self) -> bool {
        !self.is_on_the_way() && std::mem::take(&mut self.changed)
    }

    /// Says where on the screen the list is.
    pub fn set_list_area(&mut self, top: u16, height: u16) {
        self.list_top = top;
        self.list.set_height(usize::from(height));
    }

    /// Says where the columns of the list begin.
    pub fn set_columns(&mut self, columns: Vec<(u16, SortKey)>) {
        self.columns = columns;
    }

    /// Says where on the screen the choices of the menu are, and which one is in the first row.
    pub fn set_menu_area(&mut self, from: u16, to: u16, top: u16, first: usize) {
        self.menu_area = (from, to, top, first);
    }

    fn see(&mut self, mut snapshot: Box<Snapshot>) {
        for (id, queue) in self.read_back.drain(..) {
            snapshot.put(id, queue);
        }
        if let Some(ruler) = self.rules_since.take() {
            snapshot.scheduler.ruler = ruler;
        }
        self.replay_sees(snapshot.at);
        let measured = self.tracker.measure(&snapshot);
        self.compare_sees(&snapshot);
        self.clock = snapshot.at;
        let now = self.clock;
        if self.snapshot.is_none()
            && let Some(message) = &mut self.message
        {
            // Said before there was a clock.
            *message = Message::new(message.tone, std::mem::take(&mut message.text), now);
        }
        self.message.take_if(|message| message.is_old(now));
        let ruler = self.snapshot.as_ref().map(|s| &s.scheduler.ruler);
        let same = ruler == Some(&snapshot.scheduler.ruler);
        if let Some(pause) = &mut self.pause {
            pause.hold(snapshot, measured);
            if !same {
                // Who rules the machine is never hidden.
                self.resume();
                self.say(Tone::Note, "The scheduler changed: the screen goes on.");
            }
            return;
        }
        if let Some(elapsed) = measured.elapsed {
            self.history.push(elapsed, measured.tick.as_ref().ok());
        }
        self.show(snapshot, measured);
    }

    fn show(&mut self, snapshot: Box<Snapshot>, measured: Measured) {
        self.tick = measured.tick;
        self.percent = measured.process_percent;
        self.waits = measured.waits;
        let before = self.selected().map(|p| (p.id, queues::title(p)));
        self.snapshot = Some(snapshot);
        if self.list.is_chosen()
            && let Some((id, title)) = before
            && self.processes().iter().all(|process| process.id != id)
        {
            self.say(Tone::Note, format!("{title} has ended."));
        }
        if !self.tagged.is_empty() {
            let tagged = std::mem::take(&mut self.tagged);
            let still = self.processes().iter().map(|process| process.id);
            self.tagged = still.filter(|id| tagged.contains(id)).collect();
        }
        if !self.list.view.folded.is_empty() {
            let folded = std::mem::take(&mut self.list.view.folded);
            let still = self.processes().iter().map(|process| process.id);
            self.list.view.folded = still.filter(|id| folded.contains(id)).collect();
        }
        self.notice_exit();
        self.refresh_list();
        self.point_at_metronome();
    }

    fn refresh_list(&mut self) {
        let processes = self.snapshot.as_ref().map_or(&[][..], |s| &s.processes);
        let waits: Vec<Option<u64>> = processes.iter().map(|p| self.wait_p99(p.id)).collect();
        self.list.update(processes, &self.percent, &waits);
    }

    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.message = Some(Message::new(tone, text, self.clock));
    }

    fn processes(&self) -> &[Process] {
        self.snapshot.as_ref().map_or(&[], |s| &s.processes)
    }

    /// The process under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Process> {
        let id = self.list.cursor()?;
        self.processes().iter().find(|process| process.id == id)
    }

    /// What a move or a signal would be about: of a thread under the cursor, its process.
    #[must_use]
    pub fn acted_on(&self) -> Option<&Process> {
        let id = self.selected()?.process_id();
        self.processes().iter().find(|process| process.id == id)
    }

    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// The rates of the last tick, or why there are none.
    ///
    /// # Errors
    /// With the reason why nothing could be counted.
    pub fn tick(&self) -> Result<&Tick, Missing> {
        self.tick.as_ref().map_err(|missing| *missing)
    }

    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    #[must_use]
    pub fn list(&self) -> &List {
        &self.list
    }

    #[must_use]
    pub fn keymap(&self) -> &Keymap {
        &self.keymap
    }

    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    #[must_use]
    pub fn menu(&self) -> Option<&Menu> {
        self.menu.as_ref()
    }

    #[must_use]
    pub fn help_line(&self) -> usize {
        self.help_line
    }

    #[must_use]
    pub fn search(&self) -> &Search {
        &self.search
    }

    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    #[must_use]
    pub fn pending(&self) -> Option<Pending> {
        self.pending
    }

    #[must_use]
    pub fn shows_lanes(&self) -> bool {
        self.lanes
    }

    /// How many processes are tagged.
    #[must_use]
    pub fn tagged(&self) -> usize {
        self.tagged.len()
    }

    /// The rows in view, from the top.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let cursor = self.list.cursor();
        self.list.in_view().filter_map(move |line| {
            let process = self.processes().get(line.index)?;
            Some(Row {
                process,
                cpu_percent: self.percent.get(line.index).copied().flatten(),
                wait_p99: self.wait_p99(process.id),
                under_cursor: Some(process.id) == cursor,
                tagged: self.tagged.contains(&process.process_id()),
                branch: line.branch,
            })
        })
    }

    /// Whether CPUs stand idle under our scheduler, so that a task never waits and moving one
    /// changes nothing.
    #[must_use]
    pub fn nothing_to_win(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| {
            let busy: Vec<f32> = snapshot
                .cpus
                .iter()
                .filter_map(|cpu| cpu.busy_percent)
                .collect();
            let idle: f32 = busy.iter().map(|percent| 100.0 - percent).sum();
            // At least one CPU's worth of idleness, and more than a few percent of a large machine.
            #[allow(clippy::cast_precision_loss)]
            let part = idle / busy.len().max(1) as f32;
            snapshot.scheduler.ruler == Ruler::Dualq && idle >= 75.0 && part >= 10.0
        })
    }
}
