//! The capabilities that each command needs: root runs it with these and no others.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::program::{self, Output, Running};
use crate::support::terminal::Terminal;

/// By their numbers in include/uapi/linux/capability.h; none of the others is held.
const PERFMON: u32 = 38;
const BPF: u32 = 39;
const LAST: u32 = 63;

/// The program, as root with these capabilities alone: what the bounding set lacks, no exec gives.
fn with(capabilities: &'static [u32], arguments: &[&str]) -> Command {
    let mut command = program::command();
    command.args(arguments);
    // SAFETY: system calls only, no allocation: fine between fork and exec.
    unsafe {
        command.pre_exec(move || {
            for capability in (0..=LAST).filter(|number| !capabilities.contains(number)) {
                // An error says that the kernel knows no such capability.
                libc::prctl(
                    libc::PR_CAPBSET_DROP,
                    libc::c_ulong::from(capability),
                    0,
                    0,
                    0,
                );
            }
            Ok(())
        });
    }
    command
}

fn run(capabilities: &'static [u32], arguments: &[&str]) -> Output {
    Running::spawn(with(capabilities, arguments)).wait(PATIENCE)
}

/// Returns true if it is refused in one sentence because capabilities are missing.
fn is_refused(output: &Output) -> bool {
    output.status.code() == Some(4) && output.stderr.lines().count() == 1
}

/// The table in docs/CLI.md, "Privileges".
#[test]
fn each_verb_needs_the_documented_capabilities_and_no_more() {
    const BOTH: &[u32] = &[BPF, PERFMON];
    for too_few in [&[][..], &[BPF], &[PERFMON]] {
        let output = run(too_few, &["attach"]);
        assert!(is_refused(&output), "{too_few:?}: {output:?}");
    }
    assert_eq!(run(&[BPF], &["demo", "--headless"]).status.code(), Some(4));
    assert_eq!(run(&[BPF], &["doctor"]).status.code(), Some(4));
    assert!(run(BOTH, &["doctor"]).status.success());

    let hog = Load::hog().start();
    let pid = hog.pid().to_string();
    let mut scheduler = Running::spawn(with(BOTH, &["attach", "--no-waits", "--stay"]));
    wait_until("it is attached", PATIENCE, || {
        assert_eq!(scheduler.stderr(), "", "ended: {}", scheduler.has_ended());
        guest::is_attached() && scheduler.stdout().contains("attached")
    });
    for verb in [&["list"][..], &["stats"], &["add", &pid], &["remove", &pid]] {
        let output = run(&[], verb);
        assert!(output.status.success(), "{verb:?}: {output:?}");
    }
    scheduler.terminate();
    let output = run(&[BPF], &["detach"]);
    assert!(is_refused(&output) && guest::is_attached(), "{output:?}");
    let output = run(BOTH, &["detach"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(guest::sched_ext_state(), "disabled");

    for (capabilities, text) in [(BOTH, "● dualq"), (&[PERFMON], "view mode: ")] {
        let mut terminal = Terminal::start(with(capabilities, &["--no-waits"]), 24, 80);
        terminal.wait_for_screen(text, |screen| screen.contains(text));
        terminal.press(b"q");
        assert!(terminal.wait(PATIENCE).success());
        assert_eq!(guest::sched_ext_state(), "disabled");
    }
}
