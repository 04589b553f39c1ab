//! Helpers of the dashboard's tests: a fictitious machine, effects that are recorded, and the whole program on a screen
//! in memory.
#![allow(
    dead_code,
    unused_imports,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod metronome;
pub mod scenes;
mod world;

use dualq_top::model::{ProcessId, Queue, Tunables, Wanted};
use dualq_top::tui::app::{App, Command, Event, Key, Outcome, Traced};
use dualq_top::tui::effects::Effects;
use dualq_top::tui::event_queue::EventReceiver;
use dualq_top::tui::run::Dashboard;
use dualq_top::tui::ui::theme::Theme;
pub use metronome::Metronome;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
pub use world::World;

/// Effects that note what was asked for, and a map that answers.
#[derive(Debug, Default)]
pub struct FakeEffects {
    pub asked: Vec<String>,
    /// The map's answer to every request, or the refusal.
    pub answer: Option<Result<Queue, String>>,
    /// The process whose waits were asked for last.
    pub watched: Option<ProcessId>,
    /// The optional values that the last request asked for.
    pub wanted: Wanted,
}

impl Effects for FakeEffects {
    fn perform(&mut self, command: Command) -> Option<Event> {
        let asked = match command {
            Command::Move(batch) => {
                let answers = batch.requests().map(|(id, to, children)| {
                    let with = if children { " with its children" } else { "" };
                    let to_name = to.name();
                    let level = batch.levels.get(&id).filter(|_| to == Queue::Priority);
                    let on = level.map_or_else(String::new, |level| format!(" on level {level}"));
                    self.asked
                        .push(format!("move {} to {to_name}{with}{on}", id.pid));
                    (id, self.answer.clone().unwrap_or(Ok(to)))
                });
                return Some(Event::Moved(answers.collect()));
            }
            Command::Signal { to, signal } => {
                let answers = to.into_iter().map(|id| {
                    self.asked.push(format!("signal {signal} to {}", id.pid));
                    match self.answer.clone() {
                        Some(Err(why)) => Err(why),
                        _ => Ok(()),
                    }
                });
                return Some(Event::Signalled(answers.collect()));
            }
            Command::Watch(id) => {
                self.watched = id;
                return None;
            }
            Command::Want(wanted) => {
                self.wanted = wanted;
                return None;
            }
            Command::Attach => "attach".into(),
            Command::Detach => "detach".into(),
            Command::Threads(true) => "threads shown".into(),
            Command::Threads(false) => "threads hidden".into(),
            Command::MeasureWaits(on) => format!("measure waits: {on}"),
            Command::Levels(levels) => {
                let asked = levels.iter();
                let asked = asked.map(|(id, level)| format!("level {level} for {}", id.pid));
                self.asked.extend(asked);
                let answers = levels.into_iter().map(|(id, level)| (id, Ok(level)));
                return Some(Event::Levelled(answers.collect()));
            }
            Command::Guarantee(percent) => {
                self.asked.push(format!("guarantee {percent}"));
                return Some(Event::Tuned(Ok(Tunables {
                    guarantee_percent: percent,
                    ..Tunables::default()
                })));
            }
            Command::Trace(span) => {
                self.asked.push(format!("trace {span:?}"));
                return Some(Event::Traced(Traced::Begun("trace.json".into())));
            }
            Command::Demo(true) => "start the demo".into(),
            Command::Demo(false) => "stop the demo".into(),
            Command::Interval(interval) => format!("look each {interval:?}"),
            Command::Playback(_)
            | Command::Past(_)
            | Command::Suspend
            | Command::Resume
            | Command::Redraw
            | Command::Quit(_) => {
                return None;
            }
        };
        self.asked.push(asked);
        None
    }
}

/// The last screen of the program, and its outcome.
pub struct Shown {
    pub buffer: Buffer,
    pub outcome: Outcome,
}

/// The whole program, fed with events, on a screen of this size. It runs until the events are over.
pub fn play(
    size: (u16, u16),
    events: impl IntoIterator<Item = Event>,
    effects: &mut FakeEffects,
) -> Shown {
    play_in(Theme::colour(), size, events, effects)
}

pub fn play_in(
    theme: Theme,
    size: (u16, u16),
    events: impl IntoIterator<Item = Event>,
    effects: &mut FakeEffects,
) -> Shown {
    play_app(App::new(), theme, size, events, effects)
}

pub fn play_app(
    app: App,
    theme: Theme,
    size: (u16, u16),
    events: impl IntoIterator<Item = Event>,
    effects: &mut dyn Effects,
) -> Shown {
    play_dashboard(Dashboard::new(app).theme(theme), size, events, effects)
}

pub fn play_dashboard(
    dashboard: Dashboard<'_>,
    (columns, rows): (u16, u16),
    events: impl IntoIterator<Item = Event>,
    effects: &mut dyn Effects,
) -> Shown {
    let receiver = EventReceiver::of(events);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let outcome = dashboard.run(&mut terminal, &receiver, effects).unwrap();
    Shown {
        buffer: terminal.backend().buffer().clone(),
        outcome,
    }
}

impl Shown {
    /// The lines without the outer frame, so that a panel's first column comes first.
    pub fn lines(&self) -> Vec<String> {
        let framed = |line: String| match line.strip_prefix('│') {
            Some(inner) => inner.trim_end_matches('│').trim_end().to_owned(),
            None => line,
        };
        self.framed_lines().into_iter().map(framed).collect()
    }

    fn framed_lines(&self) -> Vec<String> {
        let area = self.buffer.area;
        (0..area.height)
            .map(|y| {
                let mut line = String::new();
                let mut x = 0;
                while x < area.width {
                    let symbol = self.buffer[(x, y)].symbol();
                    line.push_str(symbol);
                    x += (dualq_top::sys::text::width(symbol) as u16).max(1);
                }
                line.trim_end().to_owned()
            })
            .collect()
    }

    pub fn text(&self) -> String {
        self.framed_lines().join("\n")
    }

    /// The line that holds `part`; a test that finds none is shown the screen.
    pub fn line(&self, part: &str) -> String {
        let found = self.lines().into_iter().find(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("“{part}” is not on the screen:\n{}", self.text()))
    }

    pub fn has(&self, part: &str) -> bool {
        self.lines().iter().any(|line| line.contains(part))
    }

    /// The line under the cursor: the only one of the list that is drawn in reverse.
    pub fn under_cursor(&self) -> String {
        let head = self
            .lines()
            .iter()
            .position(|line| line.contains("COMMAND"))
            .unwrap();
        let lines = self.lines();
        (head + 1..lines.len())
            .find(|&y| {
                self.buffer[(60, y as u16)]
                    .modifier
                    .contains(ratatui::style::Modifier::REVERSED)
            })
            .map(|y| lines[y].clone())
            .unwrap_or_default()
    }
}

/// Events cannot be copied; what is in those of a test can.
pub fn copies(events: &[Event]) -> impl Iterator<Item = Event> {
    events.iter().map(|event| match event {
        Event::Snapshot(snapshot) => Event::Snapshot(snapshot.clone()),
        Event::Key(key) => Event::Key(*key),
        Event::Scheduler(result) => Event::Scheduler(result.clone()),
        other => panic!("{other:?} is not copied here"),
    })
}

pub fn key(key: Key) -> Event {
    Event::Key(key)
}

pub fn typed(text: &str) -> Vec<Event> {
    text.chars().map(|c| key(Key::Char(c))).collect()
}

/// A machine of which `seconds` have been seen, with two members since some of them.
pub fn busy(cpus: u32, seconds: u64) -> (World, Vec<Event>) {
    let mut world = World::new(cpus);
    let mut events = vec![world.look()];
    for second in 0..seconds {
        if second + 60 == seconds {
            world.put(4121, Queue::Priority);
        }
        if second + 20 == seconds {
            world.put(2210, Queue::Priority);
        }
        events.push(world.tick());
    }
    (world, events)
}
