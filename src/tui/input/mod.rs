//! Keys, mouse and size of the terminal, read in a thread of their own.
//! It may import: `sys`, `tui::app`, `tui::event_queue`.
//! It must never know: what a key means, the screen.
//!
//! The bytes are read and decoded here rather than by crossterm. That spins when the terminal has gone, and a
//! key that comes together with a resize can be left until the next key.

#![forbid(unsafe_code)]

pub(crate) mod decode;
mod sequence;

use std::fs::File;
use std::io::{self, stdin};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use crate::sys::failpoint;
use crate::tui::app::Event;
use crate::tui::event_queue::{Closed, EventSender};
use decode::Decoder;

/// Starts the thread. It ends when nobody listens any more, or when the terminal has gone: then
/// [`Event::TerminalGone`] is the last that it sends.
///
/// # Errors
/// If there is no terminal to read from.
pub fn spawn(events: EventSender) -> io::Result<()> {
    let terminal = terminal()?;
    let (resized, signal) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGWINCH, signal)?;
    thread::Builder::new()
        .name("keys".into())
        .spawn(move || {
            if let Err(End::Gone) = read(terminal.as_fd(), resized.as_fd(), &events) {
                let _ = events.send(Event::TerminalGone);
            }
        })
        .map(drop)
}

/// Standard input, or where that is no terminal, the controlling one.
fn terminal() -> io::Result<OwnedFd> {
    if rustix::termios::isatty(stdin()) {
        stdin().as_fd().try_clone_to_owned()
    } else {
        Ok(File::open("/dev/tty")?.into())
    }
}

/// Why reading ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The terminal cannot be read any more.
    Gone,
    /// Nobody listens any more.
    Unheard,
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Unheard
    }
}

impl From<Errno> for End {
    fn from(_: Errno) -> Self {
        Self::Gone
    }
}

/// Reads until it ends.
fn read(terminal: BorrowedFd, resized: BorrowedFd, events: &EventSender) -> Result<(), End> {
    let mut decoder = Decoder::default();
    let mut buffer = [0; 1024];
    loop {
        let mut watched = [
            PollFd::from_borrowed_fd(terminal, PollFlags::IN),
            PollFd::from_borrowed_fd(resized, PollFlags::IN),
        ];
        match rustix::event::poll(&mut watched, decoder.patience()) {
            Err(Errno::INTR) => continue,
            Ok(0) => {
                if let Some(event) = decoder.flush() {
                    events.send_in_turn(event)?;
                }
                continue;
            }
            result => result?,
        };
        if watched[1].revents().contains(PollFlags::IN) {
            rustix::io::read(resized, &mut buffer)?;
            if let Ok(size) = rustix::termios::tcgetwinsize(terminal) {
                events.send(Event::Resize(size.ws_col, size.ws_row))?;
            }
        }
        failpoint::here();
        let state = watched[0].revents();
        if state.contains(PollFlags::IN) {
            match rustix::io::read(terminal, &mut buffer) {
                Ok(0) => return Err(End::Gone),
                Ok(count) => {
                    for event in decoder.feed(buffer.get(..count).unwrap_or_default()) {
                        events.send_in_turn(event)?;
                    }
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        } else if state.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Err(End::Gone);
        }
    }
}

#[cfg(test)]
#[path = "../../../tests/support/open_pty.rs"]
mod open_pty;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::open_pty::open_pty;
    use super::*;
    use crate::tui::app::Key;
    use crate::tui::event_queue::{self, EventReceiver};

    const SOON: Duration = Duration::from_secs(5);

    /// A terminal in which somebody else types, read in a thread.
    fn start() -> (File, UnixStream, EventReceiver, thread::JoinHandle<End>) {
        let (typist, terminal) = open_pty(24, 80);
        let mut modes = rustix::termios::tcgetattr(&terminal).unwrap();
        modes.make_raw();
        rustix::termios::tcsetattr(&terminal, rustix::termios::OptionalActions::Now, &modes)
            .unwrap();
        let (resized, signal) = UnixStream::pair().unwrap();
        let (sender, events) = event_queue::channel();
        let reader =
            thread::spawn(move || read(terminal.as_fd(), resized.as_fd(), &sender).unwrap_err());
        (typist, signal, events, reader)
    }

    fn next_key(events: &EventReceiver) -> Key {
        match events.recv_timeout(SOON).unwrap() {
            Event::Key(key) => key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_arrive_as_they_are_typed() {
        let (typist, _signal, events, _reader) = start();
        rustix::io::write(&typist, b"\x1b[6~").unwrap();
        assert_eq!(next_key(&events), Key::PageDown);
        rustix::io::write(&typist, b"\x1b").unwrap();
        assert_eq!(next_key(&events), Key::Esc);
        rustix::io::write(&typist, b"q").unwrap();
        assert_eq!(next_key(&events), Key::Char('q'));
    }

    #[test]
    fn a_key_that_comes_with_a_resize_is_not_left_lying() {
        let (typist, signal, events, _reader) = start();
        for _ in 0..50 {
            rustix::io::write(&signal, b"!").unwrap();
            rustix::io::write(&typist, b"q").unwrap();
            let mut got = [
                events.recv_timeout(SOON).unwrap(),
                events.recv_timeout(SOON).unwrap(),
            ];
            got.sort_by_key(|event| matches!(event, Event::Key(_)));
            assert!(
                matches!(got, [Event::Resize(..), Event::Key(Key::Char('q'))]),
                "{got:?}"
            );
        }
    }

    /// As when the window is closed, or the connection ends: the thread must not spin.
    #[test]
    fn a_terminal_that_hangs_up_ends_the_reading() {
        let (typist, _signal, _events, reader) = start();
        drop(typist);
        assert_eq!(reader.join().unwrap(), End::Gone);
    }

    #[test]
    fn reading_ends_when_nobody_listens() {
        let (typist, _signal, events, reader) = start();
        drop(events);
        rustix::io::write(&typist, b"q").unwrap();
        assert_eq!(reader.join().unwrap(), End::Unheard);
    }
}
