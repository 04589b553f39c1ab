//! Output to a pipe without a reader, and to a full disk.

#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use regex_lite::Regex;

#[path = "support/full_pipe.rs"]
mod full_pipe;
use full_pipe::full_pipe;

const ANSWERS: [&[&str]; 4] = [&["--help"], &["man"], &["completions", "bash"], &["doctor"]];

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

#[test]
fn an_answer_that_nobody_reads_is_no_noise() {
    for arguments in ANSWERS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = program(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        // What doctor finds out about this machine is no noise.
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert!(!said.contains("pipe"), "{arguments:?}: {said}");
        assert_ne!(ended.status.code(), Some(101), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_said() {
    for arguments in [&["man"][..], &["completions", "bash"], &["doctor"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = program(arguments).stdout(full).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains("No space left on device"), "{said}");
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn verbose_tells_each_step_on_stderr_and_nothing_elsewhere() {
    let quiet = program(&["doctor"]).output().unwrap();
    let verbose = program(&["doctor", "--verbose"]).output().unwrap();
    assert_eq!(quiet.status, verbose.status);
    assert_eq!(
        String::from_utf8(quiet.stdout).unwrap().lines().count(),
        String::from_utf8(verbose.stdout).unwrap().lines().count()
    );
    let step = Regex::new(r"(?m)^\d{4}-\d\d-\d\dT[\d:.]+Z \[\d+\] DEBUG dualq-top \d").unwrap();
    let said = String::from_utf8(verbose.stderr).unwrap();
    assert!(step.is_match(&said), "{said}");
    assert!(!step.is_match(&String::from_utf8(quiet.stderr).unwrap()));
}

#[test]
fn steps_that_nobody_reads_hold_up_nothing() {
    let (_unread, full) = full_pipe();
    let begun = Instant::now();
    let ended = program(&["doctor", "--verbose"])
        .stderr(full)
        .output()
        .unwrap();
    assert!(!ended.stdout.is_empty());
    assert!(begun.elapsed() < Duration::from_secs(60));
}

/// Commands with which something is wrong.
const COMPLAINTS: [&[&str]; 5] = [
    &["replay", "/nonexistent"],
    &["--nonsense"],
    &["add", "x"],
    &["attach", "--batch-guarantee", "99"],
    &["list"],
];

/// As behind a pager that was stopped, or a log that hangs.
#[test]
fn a_complaint_that_nobody_reads_holds_up_no_end() {
    for arguments in COMPLAINTS {
        let usual = program(arguments).output().unwrap().status;
        let (_unread, full) = full_pipe();
        let mut child = program(arguments).stderr(full).spawn().unwrap();
        let begun = Instant::now();
        let ended = loop {
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            if begun.elapsed() > Duration::from_secs(60) {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(ended, usual, "{arguments:?}");
    }
}

/// As in a service whose log is on a full disk, or a script that has closed it.
#[test]
fn a_complaint_that_nobody_can_read_changes_no_status() {
    for arguments in COMPLAINTS {
        let usual = program(arguments).output().unwrap().status.code();
        assert_ne!(usual, Some(0), "{arguments:?}");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = program(arguments).stderr(full).status().unwrap();
        assert_eq!(ended.code(), usual, "{arguments:?}, full");
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$0\" \"$@\" 2>&-"]);
        shell.arg(env!("CARGO_BIN_EXE_dualq-top")).args(arguments);
        let ended = shell.stdin(Stdio::null()).status().unwrap();
        assert_eq!(ended.code(), usual, "{arguments:?}, closed");
    }
}
