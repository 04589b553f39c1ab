//! The terminal: taken for the dashboard, and given back as it was, however the dashboard ends.

#![forbid(unsafe_code)]

use std::io::{self, IsTerminal, Stdout, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, bail};
use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::app::Event;
use crate::tui::event_queue::EventSender;

pub type Screen = Terminal<CrosstermBackend<Stdout>>;

/// Clicks and the wheel, with coordinates of any size; not each movement.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Holds the terminal in raw mode on its alternate screen; gives it back when dropped.
#[derive(Debug)]
pub struct Tui {
    screen: Screen,
}

impl Tui {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If there is none, or it does not obey.
    pub fn new() -> anyhow::Result<Self> {
        if !stdout().is_terminal() {
            bail!("stdout is not a terminal: the dashboard needs one");
        }
        take().context("cannot set up the terminal")?;
        match Terminal::new(CrosstermBackend::new(stdout())) {
            Ok(screen) => Ok(Self { screen }),
            Err(error) => {
                restore();
                Err(error).context("cannot set up the terminal")
            }
        }
    }

    pub fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    // Whatever was done so far is undone by restore, also if the rest fails.
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, Print(MOUSE_ON), Hide).inspect_err(|_| restore())
}

/// Gives the terminal back; harmless where that was done already. To be called before anything is
/// printed. Errors are of no use here: a terminal that has gone needs no restoring.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), Print(MOUSE_OFF), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Stops the program as Ctrl-Z does in a shell, and takes the terminal again when it goes on.
///
/// # Errors
/// If the terminal cannot be taken again.
pub fn suspend() -> io::Result<()> {
    restore();
    // The default action stops the process here; SIGCONT lets it go on.
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
    take()
}

/// Makes sure that a panic is readable. In the thread that calls this, the terminal is restored
/// before the message is printed. A panic in another thread becomes an [`Event::Panicked`], so
/// that the dashboard can end in order; where nobody listens any more it is printed too.
pub fn report_panics(events: EventSender) {
    let dashboard = thread::current().id();
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() != dashboard {
            let thread = thread::current();
            let name = thread.name().unwrap_or("unnamed").to_owned();
            let message = format!("thread {name}: {panic}");
            if events.send(Event::Panicked(message)).is_ok() {
                return;
            }
        }
        restore();
        print(panic);
    }));
}
