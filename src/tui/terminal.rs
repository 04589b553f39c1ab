//! The terminal: taken for the dashboard, and given back as it was, however the dashboard ends.

#![forbid(unsafe_code)]

use std::io::{self, IsTerminal, Stdout, stdin, stdout};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, bail};
use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp, getpid, kill_process};
use rustix::termios::{
    OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
};

use crate::sys::log;
use crate::tui::app::Event;
use crate::tui::event_queue::EventSender;

/// The terminal as ratatui draws to it.
pub type Screen = Terminal<CrosstermBackend<Stdout>>;

/// Clicks and the wheel, with coordinates of any size, not each movement; and a paste as one text.
const INPUT_ON: &str = "\x1b[?1000h\x1b[?1006h\x1b[?2004h";
const INPUT_OFF: &str = "\x1b[?2004l\x1b[?1006l\x1b[?1000l";

/// The usual screen, and its cursor.
const SCREEN_OFF: &str = "\x1b[?1049l\x1b[?25h";

/// The state of the terminal: not ours, ours, or being given back.
static STATE: AtomicU8 = AtomicU8::new(FREE);
const FREE: u8 = 0;
const OURS: u8 = 1;
const RETURNING: u8 = 2;

/// The modes of the terminal before it was taken, and those that it has since.
static MODES: Mutex<Option<Modes>> = Mutex::new(None);

struct Modes {
    before: Termios,
    raw: Termios,
}

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

    /// Returns the screen to draw to.
    pub fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        // Otherwise the screen writes to the terminal once more, after it has been given back.
        let _ = self.screen.show_cursor();
        restore();
    }
}

fn take() -> io::Result<()> {
    set_raw()?;
    log::set_screen_in_use(true);
    // Whatever was done so far is undone by restore, also if the rest fails.
    STATE.store(OURS, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, Print(INPUT_ON), Hide).inspect_err(|_| restore())
}

/// Sets raw mode. In the background the kernel stops the program here, as it stops any that would
/// change its shell's terminal, until it is in the foreground.
fn set_raw() -> io::Result<()> {
    let now = tcgetattr(stdin())?;
    let mut modes = MODES.lock().unwrap_or_else(PoisonError::into_inner);
    let local = |modes: &Termios| (modes.local_modes, modes.input_modes, modes.output_modes);
    // Where nobody has changed them since, those before are still what to give back.
    let before = match modes.take() {
        Some(Modes { before, raw }) if local(&raw) == local(&now) => before,
        _ => now.clone(),
    };
    let mut raw = now;
    raw.make_raw();
    let done = tcsetattr(stdin(), OptionalActions::Now, &raw);
    *modes = Some(Modes { before, raw });
    Ok(done?)
}

fn unset_raw() {
    let modes = MODES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(modes) = &*modes {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &modes.before);
    }
}

/// Gives the terminal back; harmless where that was done already. To be called before anything is
/// printed. Errors are of no use here: a terminal that has gone needs no restoring.
pub fn restore() {
    let ours = STATE.compare_exchange(OURS, RETURNING, Ordering::SeqCst, Ordering::SeqCst);
    if ours.is_ok() {
        let _ = execute!(stdout(), Print(INPUT_OFF), LeaveAlternateScreen, Show);
        unset_raw();
        log::set_screen_in_use(false);
        STATE.store(FREE, Ordering::SeqCst);
    }
}

/// Gives the terminal back from a signal handler, in which nothing may be allocated or waited for.
pub fn restore_at_fault() {
    if STATE.swap(FREE, Ordering::SeqCst) == FREE {
        return;
    }
    let out = rustix::stdio::stdout();
    let mut watched = [PollFd::from_borrowed_fd(out, PollFlags::OUT)];
    if rustix::event::poll(&mut watched, Some(&Timespec::default())) == Ok(0) {
        // Nobody reads it, and a write would wait.
        let _ = tcflush(out, QueueSelector::OFlush);
    }
    for bytes in [INPUT_OFF, SCREEN_OFF] {
        let _ = rustix::io::write(out, bytes.as_bytes());
    }
    if let Ok(modes) = MODES.try_lock()
        && let Some(modes) = &*modes
    {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &modes.before);
    }
}

/// Returns whether the terminal has still to be given back.
#[must_use]
pub fn is_taken() -> bool {
    STATE.load(Ordering::SeqCst) != FREE
}

/// Discards the output that waits to be read, if nobody reads the terminal, so that a thread that is
/// blocked in a write goes on. Otherwise does nothing and returns false.
#[allow(clippy::must_use_candidate)] // called for its effect
pub fn discard_unread() -> bool {
    let out = stdout();
    let mut watched = [PollFd::new(&out, PollFlags::OUT)];
    let full = rustix::event::poll(&mut watched, Some(&Timespec::default())) == Ok(0);
    if full {
        let _ = tcflush(&out, QueueSelector::OFlush);
        // The kernel looks again whether there is room once a signal has interrupted the write.
        let _ = kill_process(getpid(), Signal::WINCH);
    }
    full
}

/// Restores what needs no write to the terminal: its modes.
pub fn abandon() {
    discard_unread();
    unset_raw();
}

/// Stops the program as Ctrl-Z does in a shell, and takes the terminal again when it goes on. Does
/// nothing where the signal is ignored: nobody would let it go on.
///
/// # Errors
/// If the terminal cannot be taken again.
pub fn suspend() -> io::Result<()> {
    if crate::sys::signals::is_ignored(signal_hook::consts::SIGTSTP) {
        return Ok(());
    }
    restore();
    // The default action stops the process here; SIGCONT lets it go on.
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
    take()
}

/// Takes the terminal again after SIGCONT: a signal that nobody can catch may have stopped the program,
/// and the shell have set its own modes since.
///
/// # Errors
/// If it cannot be taken.
pub fn resume() -> io::Result<()> {
    match take() {
        // In the background, of a process group that no shell looks after.
        Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) && !foreground() => {
            Ok(())
        }
        taken => taken,
    }
}

/// Returns whether the terminal is this process group's; true if that cannot be known.
fn foreground() -> bool {
    tcgetpgrp(stdin()).map_or(true, |group| group == getpgrp())
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
