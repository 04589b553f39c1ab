//! The capabilities that an owner keeps after loading, and that they are enough.

use std::fs;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Running, run_ok};
use crate::support::terminal::Terminal;

/// CAP_KILL and CAP_SYS_PTRACE, by their numbers in include/uapi/linux/capability.h.
const KEPT: u64 = 1 << 5 | 1 << 19;

/// The line `key:` of a thread's status.
fn line<'a>(status: &'a str, key: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap().trim_start_matches(':').trim()
}

/// Returns true if every thread of the process has dropped all capabilities except [`KEPT`], for good.
fn has_least_rights(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads.flatten().all(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let sets = ["CapPrm", "CapEff", "CapInh", "CapAmb"]
            .map(|key| u64::from_str_radix(line(&status, key), 16).unwrap());
        sets == [KEPT, KEPT, 0, 0] && line(&status, "NoNewPrivs") == "1"
    })
}

#[test]
fn dashboard_with_least_privilege_switches_moves_and_measures() {
    let hog = Load::hog().named("encoder").start();
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    wait_until("every thread has given up the rest", PATIENCE, || {
        has_least_rights(terminal.pid())
    });
    terminal.press(b"/encoder\r ");
    wait_until("space moves it", PATIENCE, || {
        maps::members() == [hog.pid()]
    });
    terminal.detach();
    terminal.attach();
    terminal.press(b"w");
    terminal.wait_for_screen("nothing is measured", |text| {
        text.contains("No longer measuring waits")
    });
    terminal.press(b"w");
    terminal.wait_for_screen("it is measured again", |text| {
        text.contains("Measuring waits")
    });
    terminal.press(b" ");
    wait_until("space moves it back", PATIENCE, || {
        maps::members().is_empty()
    });
    assert!(has_least_rights(terminal.pid()));
}

#[test]
fn attach_keeps_the_least_rights_and_can_be_reached() {
    let scheduler = Running::attach(&[]);
    wait_until("every thread has given up the rest", PATIENCE, || {
        has_least_rights(scheduler.pid())
    });
    let hog = Load::hog().start();
    run_ok(&["add", &hog.pid().to_string()]);
    assert_eq!(maps::members(), [hog.pid()]);
    scheduler.terminate();
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(!std::path::Path::new(maps::PINS).exists());
}
