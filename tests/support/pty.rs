//! The program in a terminal of its own, on this machine.

#![allow(dead_code)]

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

#[path = "open_pty.rs"]
mod open_pty;
use open_pty::open_pty;

const PATIENCE: Duration = Duration::from_secs(60);

/// Killed at the end of the test.
pub struct Pty {
    child: Child,
    keys: File,
    written: Receiver<Vec<u8>>,
    is_read: Arc<AtomicBool>,
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

impl Pty {
    pub fn start(mut command: Command, rows: u16, columns: u16) -> Self {
        let (master, slave) = open_pty(rows, columns);
        let stream = || Stdio::from(slave.try_clone().unwrap());
        command.stdin(stream()).stdout(stream()).stderr(stream());
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let child = command.spawn().unwrap();
        drop((slave, command));
        let (sender, written) = mpsc::channel();
        let mut source = master.try_clone().unwrap();
        let is_read = Arc::new(AtomicBool::new(true));
        let reads = Arc::clone(&is_read);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
                while !reads.load(Ordering::SeqCst) {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
        });
        Self {
            child,
            keys: master,
            written,
            is_read,
            screen: vt100::Parser::new(
                NonZero::new(rows.max(1)).unwrap(),
                NonZero::new(columns.max(1)).unwrap(),
                0,
            ),
            bytes: Vec::new(),
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Limits the size of the files that it writes, as `ulimit -f` does.
    pub fn limit_files_to(&self, bytes: u64) {
        let limit = Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        let pid = Some(Pid::from_child(&self.child));
        prlimit(pid, Resource::Fsize, limit).unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Nobody reads the terminal any more, until [`Pty::read_on`]; the program, which draws again and
    /// again, waits in the midst of that.
    pub fn fill_up(&mut self) {
        self.is_read.store(false, Ordering::SeqCst);
        let terminal = File::options()
            .write(true)
            .custom_flags((OFlags::NOCTTY | OFlags::NONBLOCK).bits().cast_signed())
            .open(format!("/proc/{}/fd/1", self.child.id()))
            .unwrap();
        let begun = Instant::now();
        let has_room = || {
            let mut watched = [PollFd::new(&terminal, PollFlags::OUT)];
            poll(&mut watched, Some(&Timespec::default())) != Ok(0)
        };
        while has_room() {
            assert!(begun.elapsed() < PATIENCE, "it never fills up");
            self.press("\x0c");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn read_on(&mut self) {
        self.is_read.store(true, Ordering::SeqCst);
    }

    /// As a shell sets it when it comes to the foreground: its own modes, and the usual screen.
    pub fn give_to_a_shell(&mut self) {
        let mut modes = tcgetattr(&self.keys).unwrap();
        modes
            .local_modes
            .insert(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(&self.keys, OptionalActions::Now, &modes).unwrap();
        self.screen.process(b"\x1b[?1049l\x1b[?2004l");
    }

    pub fn takes_pastes(&self) -> bool {
        self.screen.screen().bracketed_paste()
    }

    /// Lines are edited and typed letters shown, as before the program took it.
    pub fn is_as_a_shell_wants_it(&self) -> bool {
        let modes = tcgetattr(&self.keys).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    pub fn is_full_screen(&self) -> bool {
        self.screen.screen().alternate_screen()
    }

    /// Until a signal has stopped it, and all that it wrote before is taken in.
    pub fn wait_until_stopped(&mut self) {
        let begun = Instant::now();
        let path = format!("/proc/{}/stat", self.child.id());
        while !std::fs::read_to_string(&path).unwrap().contains(") T ") {
            assert!(begun.elapsed() < PATIENCE, "not stopped\n{}", self.screen());
            self.settle();
        }
        self.settle();
    }

    /// All that it has written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    pub fn screen(&self) -> String {
        self.screen.screen().contents()
    }

    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    pub fn wait_until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !wanted(&self.screen()) {
            let rest = PATIENCE.saturating_sub(begun.elapsed());
            match self.written.recv_timeout(rest) {
                Ok(bytes) => self.take_in(&bytes),
                Err(error) => panic!("never on screen ({error}): {what}\n{}", self.screen()),
            }
        }
    }

    /// Takes in what is still written, until there is a pause.
    pub fn settle(&mut self) {
        while let Ok(bytes) = self.written.recv_timeout(Duration::from_millis(100)) {
            self.take_in(&bytes);
        }
    }

    /// Returns the position of a replay from its header: minutes and seconds.
    pub fn place(screen: &str) -> String {
        let after = screen.split("REPLAY ").nth(1).unwrap_or_default();
        after.split(' ').next().unwrap_or_default().to_owned()
    }

    pub fn position(&self) -> String {
        Self::place(&self.screen())
    }

    /// With which status it ended.
    pub fn status(&mut self) -> Option<i32> {
        self.end().code()
    }

    /// Returns its exit status.
    pub fn end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            // Its output must be read, otherwise it blocks.
            if let Ok(bytes) = self.written.recv_timeout(Duration::from_millis(20)) {
                self.take_in(&bytes);
            }
        }
        panic!("no end\n{}", self.screen());
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.read_on();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
