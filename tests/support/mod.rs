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

use dualq_top::app::{App, Event, Key, Outcome};
use dualq_top::dashboard::{Control, Dashboard};
use dualq_top::model::{ProcessId, Queue};
use dualq_top::tui::event_queue::EventReceiver;
use dualq_top::ui::theme::Theme;
pub use metronome::Metronome;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
pub use world::World;

/// Hands that remember what was asked, and a map that answers.
#[derive(Debug, Default)]
pub struct Hands {
    pub asked: Vec<String>,
    /// The map's answer to every request, or the refusal.
    pub answer: Option<Result<Queue, String>>,
    /// The process whose waits were asked for last.
    pub watched: Option<ProcessId>,
}

impl Control for Hands {
    fn move_process(&mut self, id: ProcessId, to: Queue, children: bool) -> anyhow::Result<Queue> {
        let with = if children { " with its children" } else { "" };
        let to_name = to.name();
        self.asked
            .push(format!("move {} to {to_name}{with}", id.pid));
        match self.answer.clone() {
            Some(answer) => answer.map_err(anyhow::Error::msg),
            None => Ok(to),
        }
    }

    fn attach(&mut self) {
        self.asked.push("attach".into());
    }

    fn detach(&mut self) {
        self.asked.push("detach".into());
    }

    fn signal(&mut self, id: ProcessId, signal: i32) -> anyhow::Result<()> {
        self.asked.push(format!("signal {signal} to {}", id.pid));
        match self.answer.clone() {
            Some(Err(why)) => Err(anyhow::Error::msg(why)),
            _ => Ok(()),
        }
    }

    fn threads(&mut self, show: bool) {
        let what = if show { "shown" } else { "hidden" };
        self.asked.push(format!("threads {what}"));
    }

    fn measure_waits(&mut self, on: bool) {
        self.asked.push(format!("measure waits: {on}"));
    }

    fn watch(&mut self, id: Option<ProcessId>) {
        self.watched = id;
    }

    fn demo(&mut self, start: bool) {
        self.asked.push(
            if start {
                "start the demo"
            } else {
                "stop the demo"
            }
            .into(),
        );
    }

    fn interval(&mut self, interval: std::time::Duration) {
        self.asked.push(format!("look each {interval:?}"));
    }
}

/// The last screen of the program, and its outcome.
pub struct Shown {
    pub buffer: Buffer,
    pub outcome: Outcome,
}

/// The whole program, fed with events, on a screen of this size. It runs until the events are over.
pub fn play(size: (u16, u16), events: impl IntoIterator<Item = Event>, hands: &mut Hands) -> Shown {
    play_in(Theme::colour(), size, events, hands)
}

pub fn play_in(
    theme: Theme,
    size: (u16, u16),
    events: impl IntoIterator<Item = Event>,
    hands: &mut Hands,
) -> Shown {
    play_app(App::new(), theme, size, events, hands)
}

pub fn play_app(
    app: App,
    theme: Theme,
    (columns, rows): (u16, u16),
    events: impl IntoIterator<Item = Event>,
    hands: &mut dyn Control,
) -> Shown {
    let receiver = EventReceiver::of(events);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let outcome = Dashboard::new(app)
        .theme(theme)
        .run(&mut terminal, &receiver, hands)
        .unwrap();
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
                    x += (dualq_top::text::width(symbol) as u16).max(1);
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
