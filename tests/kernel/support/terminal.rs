//! A program in a terminal of its own: keys go in, the screen is read as a person sees it.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::guest::{self, PATIENCE};
use super::program;

#[path = "../../support/open_pty.rs"]
mod open_pty;
use open_pty::{open_pty, open_slave, set_size};

/// include/uapi/asm-generic/ioctls.h; libc does not name it.
const TIOCVHANGUP: libc::Ioctl = 0x5437;

/// The program in a pseudo-terminal; killed on drop.
pub struct Terminal {
    child: Child,
    keys: File,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    /// Starts the dashboard with these options, on a screen of 24 lines of 80 columns.
    pub fn dashboard(options: &[&str]) -> Self {
        let mut command = program::command();
        command.args(options);
        Self::start(command, 24, 80)
    }

    pub fn start(mut command: Command, rows: u16, columns: u16) -> Self {
        let (master, slave) = open_pty(rows, columns);
        let stream = |slave: &OwnedFd| Stdio::from(slave.try_clone().expect("a file descriptor"));
        command.stdin(stream(&slave)).stdout(stream(&slave));
        command.stderr(stream(&slave));
        command.env("TERM", "xterm-256color");
        // SAFETY: two system calls, no allocation: fine between fork and exec.
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
                Ok(())
            });
        }
        let child = command.spawn().expect("the program starts");
        // The last slave left is the child's: reading ends when it does.
        drop((slave, command));

        let screen = Arc::new(Mutex::new(vt100::Parser::new(
            nonzero(rows),
            nonzero(columns),
            0,
        )));
        let mut source = master.try_clone().expect("a file descriptor");
        let sink = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // At the child's end this fails with EIO.
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                sink.lock().unwrap().process(&buffer[..count]);
            }
        });
        Self {
            child,
            keys: master,
            screen,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Types these bytes: `b"q"`, `b"\x1b[A"` for the up arrow.
    pub fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).expect("the terminal is open");
    }

    /// Changes the size, as a user does with the window; the program gets SIGWINCH.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        let mut screen = self.screen.lock().unwrap();
        screen
            .screen_mut()
            .set_size(nonzero(rows), nonzero(columns));
        set_size(&self.keys, rows, columns);
    }

    /// The text on the screen, a line a row, without the outer frame.
    pub fn screen(&self) -> String {
        let text = self.screen.lock().unwrap().screen().contents();
        let lines: Vec<&str> = text.lines().map(unframed).collect();
        lines.join("\n")
    }

    /// The row of the list under the cursor: the one that is marked to its end.
    pub fn under_cursor(&self) -> String {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        let columns = screen.size().1.get();
        let is_cursor = |row: &u16| {
            // Where the terminal has colours enough, the cursor is a background.
            let marked =
                |cell: &vt100::Cell| cell.inverse() || cell.bgcolor() != vt100::Color::Default;
            screen.cell(*row, columns - 2).is_some_and(marked)
        };
        let rows: Vec<String> = screen.rows(0, columns).collect();
        let head = rows.iter().position(|row| row.contains("COMMAND"));
        let list = u16::try_from(head.map_or(0, |head| head + 1)).unwrap();
        (list..)
            .take_while(|row| usize::from(*row) < rows.len())
            .find(is_cursor)
            .map_or_else(String::new, |row| {
                unframed(&rows[usize::from(row)]).to_owned()
            })
    }

    /// Clicks on a cell, counted from 0.
    pub fn click(&mut self, column: usize, row: usize) {
        self.press(format!("\x1b[<0;{};{}M\x1b[<0;{0};{1}m", column + 1, row + 1).as_bytes());
    }

    /// Whether the program has the alternate screen, as full-screen programs do.
    pub fn is_full_screen(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Waits until the text on the screen is as wanted; fails the test with the screen.
    pub fn wait_for_screen(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let seen = guest::holds_within(PATIENCE, || wanted(&self.screen()));
        assert!(seen, "never on screen: {what}\n{}", self.screen());
    }

    /// Detaches with the key, and waits until the screen says so.
    pub fn detach(&mut self) {
        self.press(b"x");
        self.wait_for_screen("the kernel default runs", |text| {
            guest::sched_ext_state() == "disabled" && text.contains("x attaches dualq")
        });
    }

    /// Attaches with the key, and waits until the screen says so.
    pub fn attach(&mut self) {
        self.press(b"x");
        self.wait_for_screen("ours runs again", |text| {
            guest::is_attached() && text.contains("dualq is attached.")
        });
    }

    /// Closes the terminal, as a window that is shut or a connection that breaks does.
    pub fn hang_up(&mut self) {
        let slave = open_slave(&self.keys);
        // SAFETY: the request takes no argument.
        let error = unsafe { libc::ioctl(slave.as_raw_fd(), TIOCVHANGUP, 0) };
        assert_eq!(error, 0, "{}", std::io::Error::last_os_error());
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// Waits for the program's end; fails the test with the screen beyond `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let ended = guest::holds_within(limit, || self.has_ended());
        assert!(ended, "no end within {limit:?}\n{}", self.screen());
        self.child.wait().expect("it is our child")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unframed(line: &str) -> &str {
    let line = line.trim_end();
    match line.strip_prefix('│') {
        Some(inner) => inner.trim_end_matches('│').trim_end(),
        None => line,
    }
}

fn nonzero(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a terminal has at least one line and column")
}
