//! Events from a terminal, a shell and a service manager: output that is not read, answers, pastes, stops, signals.

#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/pty.rs"]
mod pty;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use dualq_top::record::{Reader, What};
use dualq_top::sys::signals::is_ignored;
use folder::Folder;
use pty::Pty;
use rustix::process::Signal;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    command.args(arguments).env_remove("XDG_CONFIG_HOME");
    command
}

/// The recording that comes with the program, standing still.
fn replay() -> Pty {
    let mut terminal = Pty::start(program(&["replay"]), 40, 120);
    terminal.wait_for("demo-frame");
    terminal
}

/// Checks that keys still reach the list, and nothing else has them.
fn pauses(terminal: &mut Pty) {
    terminal.press("p");
    terminal.wait_for("paused");
    terminal.press("p");
    terminal.wait_until("goes on", |screen| !screen.contains("paused"));
}

#[test]
fn signals_end_it_though_nobody_reads_the_terminal() {
    let ends = |signal: Signal, arguments: &[&str]| {
        let mut terminal = Pty::start(program(arguments), 40, 120);
        terminal.wait_for("COMMAND");
        terminal.fill_up();
        terminal.signal(signal);
        let asked = Instant::now();
        let status = terminal.status();
        assert_eq!(status, Some(128 + signal.as_raw()), "{arguments:?}");
        // Two seconds, and what a busy machine adds.
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(8), "{took:?}");
        assert!(terminal.is_as_a_shell_wants_it());
        terminal.read_on();
        terminal.settle();
        assert!(!terminal.is_full_screen());
    };
    std::thread::scope(|scope| {
        // A test that a shell runs in the background ignores some, and so does the program then.
        let heeded = |signal: &Signal| !is_ignored(signal.as_raw());
        let signals = [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP];
        for signal in signals.into_iter().filter(heeded) {
            scope.spawn(move || ends(signal, &["replay"]));
        }
        scope.spawn(move || ends(Signal::TERM, &["--view"]));
    });
}

/// Returns the number of snapshots in a recording that may still grow.
fn snapshots(file: &Path) -> usize {
    let Ok(mut reader) = Reader::new(std::io::Cursor::new(fs::read(file).unwrap())) else {
        return 0;
    };
    let mut count = 0;
    while let Ok(Some(record)) = reader.read() {
        count += usize::from(matches!(record.what, What::Snapshot(_)));
    }
    count
}

#[test]
fn a_recording_goes_on_while_nobody_reads_the_terminal() {
    let folder = Folder::new("unread");
    let file = folder.0.join("session.rec");
    let arguments = ["--view", "--record", file.to_str().unwrap()];
    let mut terminal = Pty::start(program(&arguments), 40, 120);
    terminal.wait_for("COMMAND");
    // Four looks a second.
    terminal.press("[[");
    terminal.fill_up();
    let before = snapshots(&file);
    let begun = Instant::now();
    while snapshots(&file) < before + 12 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{before} snapshots, then {}",
            snapshots(&file)
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    terminal.read_on();
    terminal.settle();
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn answers_of_the_terminal_press_no_key() {
    let mut terminal = replay();
    for answer in [
        "\x1b]11;rgb:1e1e/2e2e/3e3e\x1b\\",
        "\x1bP>|tmux 3.3a\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        "\x1b^qx\x1b\\",
        "\x1bXqx\x1b\\",
        "\x1b[24;80R",
    ] {
        terminal.press(answer);
        pauses(&mut terminal);
    }
    // In two pieces, as over a slow connection.
    terminal.press("\x1b]11;rgb:1e1e");
    std::thread::sleep(Duration::from_millis(100));
    terminal.press("/2e2e/3e3e\x1b\\");
    pauses(&mut terminal);
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn a_paste_presses_no_key_and_is_text_in_a_search() {
    let mut terminal = replay();
    assert!(terminal.takes_pastes());
    terminal.press("\x1b[200~/x k\ry q\x03\x1b[201~");
    pauses(&mut terminal);
    terminal.press("/\x1b[200~demo-hog\n\x1b[201~");
    terminal.wait_for("/demo-hog");
    terminal.press("\r\\\x1b[200~hog\x1b[201~");
    terminal.wait_for("\\hog");
    terminal.press("\x1b");
    terminal.wait_until("all again", |screen| !screen.contains("\\hog"));
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
    terminal.settle();
    assert!(!terminal.takes_pastes());
}

#[test]
fn an_extended_keyboard_works() {
    let mut terminal = replay();
    terminal.press("\x1b[63u");
    terminal.wait_for("keys and terms");
    terminal.press("\x1b[27u");
    pauses(&mut terminal);
    terminal.press("\x1b[27;5;99~");
    assert_eq!(terminal.status(), Some(0));
}

/// By a signal that nobody can catch; the shell that brings it back has set its own modes since.
#[test]
fn stopped_from_elsewhere_it_takes_the_terminal_again() {
    let mut terminal = replay();
    terminal.signal(Signal::STOP);
    terminal.wait_until_stopped();
    terminal.give_to_a_shell();
    terminal.signal(Signal::CONT);
    let begun = Instant::now();
    while terminal.is_as_a_shell_wants_it() || !terminal.is_full_screen() {
        assert!(begun.elapsed() < Duration::from_secs(60), "not taken again");
        terminal.settle();
    }
    terminal.wait_for("demo-frame");
    assert!(terminal.takes_pastes());
    pauses(&mut terminal);
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
    assert!(terminal.is_as_a_shell_wants_it());
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' HUP INT TSTP; exec \"$0\" replay"])
        .arg(env!("CARGO_BIN_EXE_dualq-top"));
    let mut terminal = Pty::start(command, 40, 120);
    terminal.wait_for("demo-frame");
    for signal in [Signal::HUP, Signal::INT, Signal::TSTP] {
        terminal.signal(signal);
        pauses(&mut terminal);
    }
    // Nobody would bring it back.
    terminal.press("\x1a");
    pauses(&mut terminal);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.status(), Some(128 + 15));
}

#[test]
fn every_signal_that_kills_hands_the_terminal_back_first() {
    let killed = |number: i32| {
        let mut terminal = replay();
        // By its number: not all have a name everywhere.
        let mut kill = Command::new("kill");
        kill.arg(format!("-{number}"))
            .arg(terminal.pid().to_string());
        assert!(kill.status().unwrap().success());
        let end = terminal.end();
        terminal.settle();
        let said = end.signal().or(end.code().map(|code| code - 128));
        assert_eq!(said, Some(number), "{end:?}");
        assert!(!terminal.is_full_screen(), "{number}");
        assert!(terminal.is_as_a_shell_wants_it(), "{number}");
    };
    std::thread::scope(|scope| {
        // USR1, USR2, ALRM, VTALRM, PROF, IO, PWR, XCPU, ABRT, STKFLT, and real-time ones.
        // SEGV, BUS, FPE, ILL, SYS, TRAP: what a fault in the program raises.
        for numbers in [
            &[10, 12, 14, 26][..],
            &[27, 29, 30, 24],
            &[6, 16, 35, 64],
            &[11, 7, 8, 4, 31, 5],
        ] {
            scope.spawn(move || numbers.iter().copied().for_each(killed));
        }
    });
}

#[test]
fn verbose_fills_a_file_and_leaves_the_screen_alone() {
    let folder = Folder::new("verbose");
    let steps = folder.0.join("steps");
    let command = program(&["replay", "--verbose"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 2>\"$STEPS\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env("STEPS", &steps).env_remove("XDG_CONFIG_HOME");
    let mut terminal = Pty::start(shell, 40, 120);
    terminal.wait_for("demo-frame");
    pauses(&mut terminal);
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
    let said = fs::read_to_string(&steps).unwrap();
    assert!(said.contains("DEBUG") && said.contains("Pause"), "{said}");

    let mut terminal = Pty::start(command, 40, 120);
    terminal.wait_for("demo-frame");
    pauses(&mut terminal);
    let bytes = String::from_utf8_lossy(terminal.bytes());
    let (before, screen) = bytes.split_once("\u{1b}[?1049h").unwrap();
    assert!(before.contains("DEBUG"), "{before}");
    assert!(!screen.contains("DEBUG"), "{screen}");
}
