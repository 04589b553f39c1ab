//! The program's loop: wait for an event, take it in, carry out what it asks, draw.

#![forbid(unsafe_code)]

use std::io;

use anyhow::Context;
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};
use tracing::debug;

use crate::model::{ProcessId, Wanted};
use crate::sys::failpoint;
use crate::tui::app::{App, Command, Event, Outcome, PlaybackRequest};
use crate::tui::effects::{Effects, Happened};
use crate::tui::event_queue::EventReceiver;
use crate::tui::ui::theme::Theme;
use crate::tui::ui::{self, HitMap};

/// The dashboard, ready to run.
pub struct Dashboard<'a> {
    app: App,
    theme: Theme,
    /// The current layout of the screen, for the mouse.
    hits: HitMap,
    watched: Option<ProcessId>,
    wanted: Wanted,
    suspend: Box<dyn FnMut() -> io::Result<()> + 'a>,
    resume: Box<dyn FnMut() -> io::Result<()> + 'a>,
    note: Box<dyn FnMut(Happened<'_>) -> Option<String> + 'a>,
}

impl<'a> Dashboard<'a> {
    /// Creates a dashboard that shows this state.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            app,
            theme: Theme::colour(),
            hits: HitMap::default(),
            watched: None,
            wanted: Wanted::default(),
            suspend: Box::new(|| Ok(())),
            resume: Box::new(|| Ok(())),
            note: Box::new(|_| None),
        }
    }

    /// Returns the state.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Sets the colours and characters.
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

    /// Takes down what happens: each event before it reaches the state, the state after each snapshot, each command.
    /// What it has to say for itself is shown.
    #[must_use]
    pub fn on_happened(mut self, note: impl FnMut(Happened<'_>) -> Option<String> + 'a) -> Self {
        self.note = Box::new(note);
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
        effects: &mut dyn Effects,
    ) -> anyhow::Result<Outcome>
    where
        B: Backend,
        B::Error: Send + Sync + 'static,
    {
        loop {
            self.draw(terminal)?;
            self.watch(effects);
            effects.perform(Command::Playback(PlaybackRequest::Next));
            let Some(event) = events.recv() else {
                return Ok(Outcome::Quit);
            };
            failpoint::here();
            // Everything that waits is taken in before the next drawing, so that a slow terminal
            // cannot make the keys lag behind. What has come by now, that is: never without end.
            let waiting = events.take_waiting(MOST_AT_ONCE);
            for event in std::iter::once(event).chain(waiting) {
                if let Some(outcome) = self.take(event, terminal, effects)? {
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

    fn watch(&mut self, effects: &mut dyn Effects) {
        let selected = self.app.selected().map(|process| process.id);
        if selected != self.watched {
            self.watched = selected;
            effects.perform(Command::Watch(selected));
        }
        let wanted = self.app.wanted();
        if wanted != self.wanted {
            self.wanted = wanted;
            effects.perform(Command::Want(wanted));
        }
    }

    fn note(&mut self, happened: Happened<'_>) {
        if let Some(said) = (self.note)(happened) {
            self.app.handle(Event::Recorder(said));
        }
    }

    fn handle(&mut self, event: Event) -> Option<Command> {
        self.note(Happened::Event(&event));
        let is_snapshot = matches!(event, Event::Snapshot(_));
        let command = self.app.handle(event);
        if is_snapshot {
            // It has nothing to say: events are what is taken down.
            (self.note)(Happened::State(&self.app));
        }
        command
    }

    fn take<B>(
        &mut self,
        event: Event,
        terminal: &mut Terminal<B>,
        effects: &mut dyn Effects,
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
        let mut next = self.handle(event);
        while let Some(command) = next.take() {
            debug!(?command, "the dashboard asks for");
            self.note(Happened::Command(&command));
            let answer = match command {
                Command::Suspend => {
                    (self.suspend)().context("cannot restore the terminal")?;
                    redraw(terminal)?;
                    None
                }
                Command::Redraw => {
                    redraw(terminal)?;
                    None
                }
                Command::Resume => {
                    (self.resume)().context("the terminal cannot be taken again")?;
                    redraw(terminal)?;
                    None
                }
                Command::Quit(outcome) => return Ok(Some(outcome)),
                command => effects.perform(command),
            };
            // An answer may lead to the next command.
            next = answer.and_then(|event| self.handle(event));
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
    effects: &mut dyn Effects,
    app: App,
) -> anyhow::Result<Outcome>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
{
    Dashboard::new(app).run(terminal, events, effects)
}
