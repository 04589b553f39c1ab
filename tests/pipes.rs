//! Output to a pipe without a reader, and to a full disk.

#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::process::{Command, Stdio};

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
