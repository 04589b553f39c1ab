//! Keys, mouse and size of the terminal, read in a thread of their own.

use std::fs::File;
use std::io::{self, stdin};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crossterm::event::{
    self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use rustix::event::{PollFd, PollFlags};

use crate::app::{Event, Key, Mouse, MouseAction};

/// Starts the thread. It ends when nobody listens any more, or when the terminal has gone: then
/// [`Event::TerminalGone`] is the last that it sends.
///
/// # Errors
/// If there is no terminal to read from.
pub fn spawn(events: Sender<Event>) -> io::Result<()> {
    let terminal = terminal()?;
    let (resized, signal) = UnixStream::pair()?;
    resized.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGWINCH, signal)?;
    thread::Builder::new()
        .name("keys".into())
        .spawn(move || {
            if read(terminal.as_fd(), &resized, &events).is_err() {
                let _ = events.send(Event::TerminalGone);
            }
        })
        .map(drop)
}

/// The terminal that crossterm reads: standard input, or where that is none, the controlling one.
fn terminal() -> io::Result<OwnedFd> {
    if rustix::termios::isatty(stdin()) {
        stdin().as_fd().try_clone_to_owned()
    } else {
        Ok(File::open("/dev/tty")?.into())
    }
}

/// Reads until nobody listens (`Ok`) or nothing can be read any more (`Err`).
///
/// crossterm alone would spin at the end of input, so that its read is called only while the
/// terminal is there and has something to say.
fn read(terminal: BorrowedFd, resized: &UnixStream, events: &Sender<Event>) -> io::Result<()> {
    loop {
        let mut watched = [
            PollFd::from_borrowed_fd(terminal, PollFlags::IN),
            PollFd::new(resized, PollFlags::IN),
        ];
        match rustix::event::poll(&mut watched, None) {
            Err(rustix::io::Errno::INTR) => continue,
            result => result?,
        };
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        if watched[0].revents().intersects(gone) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if watched[1].revents().contains(PollFlags::IN) {
            io::copy(&mut &*resized, &mut io::sink())
                .map(drop)
                .or_else(|e| {
                    if e.kind() == io::ErrorKind::WouldBlock {
                        Ok(())
                    } else {
                        Err(e)
                    }
                })?;
            let (columns, rows) = crossterm::terminal::size()?;
            if events.send(Event::Resize(columns, rows)).is_err() {
                return Ok(());
            }
        }
        while event::poll(Duration::ZERO)? {
            if let Some(event) = translate(event::read()?)
                && events.send(event).is_err()
            {
                return Ok(());
            }
        }
    }
}

fn translate(event: event::Event) -> Option<Event> {
    match event {
        event::Event::Key(key) if key.kind != KeyEventKind::Release => {
            translate_key(key).map(Event::Key)
        }
        event::Event::Mouse(mouse) => translate_mouse(mouse).map(Event::Mouse),
        event::Event::Resize(columns, rows) => Some(Event::Resize(columns, rows)),
        _ => None,
    }
}

fn translate_key(key: KeyEvent) -> Option<Key> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    Some(match key.code {
        KeyCode::Char(c) if ctrl => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::F(n) => Key::F(n),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        _ => return None,
    })
}

fn translate_mouse(mouse: MouseEvent) -> Option<Mouse> {
    let action = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseAction::Click,
        MouseEventKind::ScrollUp => MouseAction::ScrollUp,
        MouseEventKind::ScrollDown => MouseAction::ScrollDown,
        _ => return None,
    };
    Some(Mouse {
        action,
        column: mouse.column,
        row: mouse.row,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
        translate_key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn keys_have_the_names_of_the_keymap() {
        let none = KeyModifiers::NONE;
        assert_eq!(pressed(KeyCode::Char(' '), none), Some(Key::Char(' ')));
        assert_eq!(
            pressed(KeyCode::Char('N'), KeyModifiers::SHIFT),
            Some(Key::Char('N'))
        );
        assert_eq!(
            pressed(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Key::Ctrl('c'))
        );
        assert_eq!(pressed(KeyCode::Char('q'), KeyModifiers::ALT), None);
    }

    /// As when the window is closed, or the connection ends: the thread must not spin.
    #[test]
    fn a_terminal_that_hangs_up_ends_the_reading() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (resized, _signal) = UnixStream::pair().unwrap();
        let (events, _listener) = std::sync::mpsc::channel();
        drop(theirs);
        assert!(read(ours.as_fd(), &resized, &events).is_err());
    }
}
