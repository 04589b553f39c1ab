//! A fault in any one thread of the dashboard: the terminal is handed back, one message says what
//! happened, and the exit status does.

#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/pty.rs"]
mod pty;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use folder::Folder;
use pty::Pty;
use rustix::process::Signal;

impl Folder {
    /// The program, in which this is to happen from [`Folder::begin`] on.
    fn program(&self, failpoint: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
        let file = self.0.join("now");
        command
            .args(arguments)
            .env_remove("XDG_CONFIG_HOME")
            .env("RUST_BACKTRACE", "0")
            .env(
                "DUALQ_TOP_FAILPOINT",
                format!("{failpoint}:{}", file.display()),
            );
        command
    }

    fn begin(&self) {
        fs::write(self.0.join("now"), "").unwrap();
    }
}

/// The thread falls after something that wakes it up.
fn falls(thread: &str, arguments: &[&str], wake: impl FnOnce(&mut Pty), status: i32) {
    let folder = Folder::new(thread);
    let record = folder.0.join("session.rec");
    let mut arguments = arguments.to_vec();
    if thread == "recorder" {
        arguments.extend(["--record", record.to_str().unwrap()]);
    }
    let command = folder.program(&format!("panic:{thread}"), &arguments);
    let mut terminal = Pty::start(command, 24, 80);
    terminal.wait_for("COMMAND");
    folder.begin();
    wake(&mut terminal);
    assert_eq!(terminal.status(), Some(status), "{thread}");
    terminal.settle();
    let written = String::from_utf8_lossy(terminal.bytes()).into_owned();
    let (_, after) = written.rsplit_once("\x1b[?1049l").unwrap();
    assert!(
        after.contains("a failpoint") && after.contains(thread),
        "{thread}: {after:?}"
    );
    assert_eq!(
        written.matches("panicked").count(),
        1,
        "{thread}: {after:?}"
    );
    assert!(after.trim_end().lines().count() <= 5, "{thread}: {after:?}");
    assert!(terminal.is_as_a_shell_wants_it(), "{thread}");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a program for use has no failpoints")]
fn panic_in_any_thread_restores_terminal_and_reports_once() {
    let nothing = |_: &mut Pty| {};
    let key = |terminal: &mut Pty| terminal.press("H");
    let signal = |terminal: &mut Pty| terminal.signal(Signal::CONT);
    std::thread::scope(|scope| {
        scope.spawn(move || falls("main", &["--view"], key, 101));
        scope.spawn(move || falls("observe", &["--view"], nothing, 1));
        scope.spawn(move || falls("keys", &["--view"], key, 1));
        scope.spawn(move || falls("signals", &["--view"], signal, 1));
        scope.spawn(move || falls("recorder", &["--view"], key, 1));
        scope.spawn(move || falls("demo", &["--view"], |terminal| terminal.press("d"), 1));
        scope.spawn(move || falls("replay", &["replay"], nothing, 1));
    });
}

/// A fault that is no panic: the signal's handler restores the terminal, in whatever thread it happens.
#[test]
#[cfg_attr(not(debug_assertions), ignore = "a program for use has no failpoints")]
fn abort_and_stack_overflow_restore_the_terminal() {
    let falls = |what: &'static str, thread: &'static str, said: &'static str| {
        let folder = Folder::new(&format!("{what}-{thread}"));
        let program = folder.program(&format!("{what}:{thread}"), &["--view"]);
        let mut terminal = Pty::start(program, 24, 80);
        terminal.wait_for("COMMAND");
        folder.begin();
        terminal.press("H");
        let end = terminal.end();
        terminal.settle();
        assert_eq!(end.signal(), Some(6), "{what} in {thread}: {end:?}");
        assert!(!terminal.is_full_screen(), "{what} in {thread}");
        assert!(terminal.is_as_a_shell_wants_it(), "{what} in {thread}");
        let written = String::from_utf8_lossy(terminal.bytes()).into_owned();
        let (_, after) = written.rsplit_once("\x1b[?1049l").unwrap();
        assert!(after.contains(said), "{what} in {thread}: {after:?}");
    };
    std::thread::scope(|scope| {
        for thread in ["main", "observe", "keys"] {
            scope.spawn(move || falls("abort", thread, ""));
            scope.spawn(move || falls("overflow", thread, "has overflowed its stack"));
        }
    });
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "a program for use has no failpoints")]
fn a_signal_ends_it_though_no_key_is_read_any_more() {
    let folder = Folder::new("deaf");
    let mut terminal = Pty::start(folder.program("hang:keys", &["--view"]), 24, 80);
    terminal.wait_for("COMMAND");
    folder.begin();
    terminal.press("?q");
    terminal.settle();
    assert!(terminal.screen().contains("COMMAND"), "the key was read");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.status(), Some(128 + 15));
    assert!(terminal.is_as_a_shell_wants_it());
}
