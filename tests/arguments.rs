//! The command line as typed: options count wherever they stand, and what is wrong is named as what it is.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_dualq-top"))
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn options_count_after_process_ids_too() {
    // Whatever this machine answers then: it is about the scheduler, not about the arguments.
    for arguments in [
        &["add", "1", "--children"][..],
        &["add", "1", "--children", "2"],
        &["add", "1", "--name", "x"],
        &["remove", "1", "--name", "x"],
        &["add", "1", "--ascii"],
    ] {
        let (status, said) = run(arguments);
        assert_ne!(status, Some(2), "{arguments:?}: {said}");
    }
    for arguments in [
        &["add", "1", "--help"][..],
        &["remove", "1", "--help"],
        &["add", "1", "-h"],
    ] {
        let (status, said) = run(arguments);
        assert_eq!(status, Some(0), "{arguments:?}: {said}");
        assert!(said.contains("Usage: "), "{arguments:?}: {said}");
    }
    let (status, said) = run(&["add", "1", "--childern"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("'--children'"), "the nearest: {said}");
}

#[test]
fn negative_numbers_are_answered_as_numbers() {
    for arguments in [
        &["add", "-1"][..],
        &["add", "1", "-5"],
        &["remove", "-1"],
        &["-a", "-1"],
        &["-r", "-1"],
    ] {
        let (status, said) = run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("process id"), "{arguments:?}: {said}");
    }
    for arguments in [
        &["attach", "--batch-guarantee", "-1"][..],
        &["attach", "--batch-slice", "-1"],
        &["attach", "--max-members", "-1"],
        &["--watchdog", "-1"],
        &["demo", "--hogs", "-1"],
        &["demo", "--headless", "--phase", "-1"],
        &["stats", "--watch", "-1"],
        &["bench", "--repetitions", "-1"],
        &["bench", "--seconds", "-1"],
    ] {
        let (status, said) = run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("invalid value '-1'"), "{arguments:?}: {said}");
    }
}

#[test]
fn an_empty_pattern_is_refused_not_everybody_moved() {
    for arguments in [
        &["add", "--name", ""][..],
        &["add", "1", "--name="],
        &["remove", "--name", ""],
    ] {
        let (status, said) = run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("empty"), "{arguments:?}: {said}");
    }
}
