//! The program's loop: wait for an event, take it in, carry out what it asks, draw.

#![forbid(unsafe_code)]

use std::io;
use std::time::Duration;

use anyhow::Context;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};

use crate::app::{App, Command, Event, Outcome, PlaybackRequest};
use crate::drill;
use crate::model::{ProcessId, Queue};
use crate::tui::event_queue::EventReceiver;
use crate::ui::theme::Theme;
use crate::ui::{self, HitMap};

/// The hands of the dashboard: what it can do to the world outside. What gives nothing
/// back may be left out by hands that do not do it.
pub trait Control {
    /// Moves a process, into PRIORITY with its children if asked for, and reads back from the kernel's map where it is now.
    ///
    /// # Errors
    /// One sentence for the message line: what was refused, and why.
    fn move_process(&mut self, id: ProcessId, to: Queue, children: bool) -> anyhow::Result<Queue>;

    /// Begins to attach the scheduler; the answer comes as [`Event::Scheduler`].
    fn attach(&mut self) {}

    /// Begins to detach the scheduler; the answer comes as [`Event::Scheduler`].
    fn detach(&mut self) {}

    /// Sends a signal to a process.
    ///
    /// # Errors
    /// One sentence for the message line: what was refused, and why.
    fn signal(&mut self, id: ProcessId, signal: i32) -> anyhow::Result<()>;

    /// Starts the demonstration load, or stops it; what comes of it is told by [`Event::Demo`].
    fn demo(&mut self, _start: bool) {}

    /// Sets the interval of snapshots.
    fn interval(&mut self, _interval: Duration) {}

    /// Turns the reading of threads on or off.
    fn threads(&mut self, _show: bool) {}

    /// Begins or ends to measure how long tasks wait; the answer comes as [`Event::Waits`].
    fn measure_waits(&mut self, _on: bool) {}

    /// Goes through a recording otherwise, or on, after all that came is on the screen.
    fn replay(&mut self, _order: PlaybackRequest) {}

    /// Takes down what happens: each event before it reaches the state, each command of the state.
    /// Returns a message of the recorder, if there is one.
    fn note(&mut self, _happened: Happened<'_>) -> Option<String> {
        None
    }

    /// Starts measuring the waits of the selected process.
    fn watch(&mut self, _id: Option<ProcessId>) {}
}

/// An event or a command: everything that passes between the state and the world.
#[derive(Debug, Clone, Copy)]
pub enum Happened<'a> {
    Event(&'a Event),
    Command(&'a Command),
}

/// The dashboard, ready to run.
pub struct Dashboard<'a> {
    app: App,
    theme: Theme,
    /// The current layout of the screen, for the mouse.
    hits: HitMap,
    watched: Option<ProcessId>,
    suspend: Box<dyn FnMut() -> io::Result<()> + 'a>,
    resume: Box<dyn FnMut() -> io::Result<()> + 'a>,
}

impl<'a> Dashboard<'a> {
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            app,
            theme: Theme::colour(),
            hits: HitMap::default(),
            watched: None,
            suspend: Box::new(|| Ok(())),
            resume: Box::new(|| Ok(())),
        }
    }

    #[must_use]
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }

    /// Sets the function that suspends the program as Ctrl-Z does, and returns when it continues.
    #[must_use]
    pub fn on_suspend(mut self, suspend: impl FnMut() -> io::Result<()> + 'a) -> Self {
        self.suspend = Box::new(suspend);
        self
    }

    /// Sets the function that takes the terminal again, after SIGCONT.
    #[must_use]
    pub fn on_resume(mut self, resume: impl FnMut() -> io::Result<()> + 'a) -> Self {
        self.resume = Box::new(resume);
        self
    }

    /// Runs until an event ends it, or until nobody is left who could send one.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn run<B>(
        mut self,
        terminal: &mut Terminal<B>,
        events: &EventReceiver,
        control: &mut dyn Control,
    ) -> anyhow::Result<Outcome>
    where
        B: Backend,
        B::Error: Send + Sync + 'static,
    {
        loop {
            self.draw(terminal)?;
            self.watch(control);
            control.replay(PlaybackRequest::Next);
            let Some(event) = events.recv() else {
                return Ok(Outcome::Quit);
            };
            drill::here();
            // Everything that waits is taken in before the next drawing, so that a slow terminal
            // cannot make the keys lag behind. What has come by now, that is: never without end.
            let waiting = events.take_waiting(MOST_AT_ONCE);
            for event in std::iter::once(event).chain(waiting) {
                if let Some(outcome) = self.take(event, terminal, control)? {
                    return Ok(outcome);
                }
            }
        }
    }

    fn draw<B>(&mut self, terminal: &mut Terminal<B>) -> anyhow::Result<()>
    where
        B: Backend,
        B::Error: Send + Sync + 'static,
    {
        if !self.app.take_changed() {
            return Ok(());
        }
        let size = terminal.size().context("cannot read the terminal's size")?;
        if size != self.hits.size() {
            self.hits = ui::fit(&mut self.app, size);
        }
        terminal
            .draw(|frame| self.hits.draw(frame, &self.app, &self.theme))
            .context("cannot write to the terminal")?;
        Ok(())
    }

    fn watch(&mut self, control: &mut dyn Control) {
        let selected = self.app.selected().map(|process| process.id);
        if selected != self.watched {
            self.watched = selected;
            control.watch(selected);
        }
    }

    fn handle(&mut self, event: Event, control: &mut dyn Control) -> Option<Command> {
        if let Some(said) = control.note(Happened::Event(&event)) {
            self.app.handle(Event::Recorder(said));
        }
        self.app.handle(event)
    }

    fn take<B>(
        &mut self,
        event: Event,
        terminal: &mut Terminal<B>,
        control: &mut dyn Control,
    ) -> anyhow::Result<Option<Outcome>>
    where
        B: Backend,
        B::Error: Send + Sync + 'static,
    {
        let event = match event {
            Event::Mouse(mouse) => {
                let target = self.hits.target(&self.app, mouse.column, mouse.row);
                Event::Pointer(mouse.action, target)
            }
            event => event,
        };
        let mut command = self.handle(event, control);
        // An answer may lead to the next command.
        while let Some(next) = command.take() {
            if let Some(said) = control.note(Happened::Command(&next)) {
                self.app.handle(Event::Recorder(said));
            }
            match next {
                Command::Moves(_) => command = self.app.next_move(),
                Command::Move { id, to, children } => {
                    let result = control
                        .move_process(id, to, children)
                        .map_err(|e| format!("{e:#}"));
                    command = self.handle(Event::Moved { id, result }, control);
                }
                Command::Attach => control.attach(),
                Command::Detach => control.detach(),
                Command::MeasureWaits(on) => control.measure_waits(on),
                Command::Demo(start) => control.demo(start),
                Command::Interval(interval) => control.interval(interval),
                Command::Threads(show) => control.threads(show),
                Command::Signal { id, signal } => {
                    let result = control.signal(id, signal).map_err(|e| format!("{e:#}"));
                    command = self.handle(Event::Signalled(result), control);
                }
                Command::Replay(order) => control.replay(order),
                Command::Suspend => {
                    (self.suspend)().context("cannot restore the terminal")?;
                    redraw(terminal)?;
                }
                Command::Resume => {
                    (self.resume)().context("the terminal cannot be taken again")?;
                    redraw(terminal)?;
                }
                Command::Redraw => redraw(terminal)?,
                Command::Quit(outcome) => return Ok(Some(outcome)),
            }
        }
        // What came may have changed the place of the list: the next key must know it.
        self.hits = ui::fit(&mut self.app, self.hits.size());
        Ok(None)
    }
}

/// Redraws every cell. [`Terminal::clear`] is not used because it asks the terminal for the cursor's position, and the
/// thread that reads keys would take the answer.
fn redraw<B>(terminal: &mut Terminal<B>) -> anyhow::Result<()>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
{
    let size = terminal.size().context("cannot read the terminal's size")?;
    terminal
        .resize(Rect::from((Position::ORIGIN, size)))
        .context("cannot write to the terminal")
}

/// Events taken in between two drawings, at most.
const MOST_AT_ONCE: usize = 1024;

/// Runs the dashboard as it is by default: in colour, and deaf to Ctrl-Z.
///
/// # Errors
/// If the terminal cannot be written to.
pub fn run<B>(
    terminal: &mut Terminal<B>,
    events: &EventReceiver,
    control: &mut dyn Control,
    app: App,
) -> anyhow::Result<Outcome>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
{
    Dashboard::new(app).run(terminal, events, control)
}
