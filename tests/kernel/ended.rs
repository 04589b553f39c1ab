//! A scheduler that the kernel ends: the reason is shown, and it is not started again unasked.

use std::fs;
use std::time::Duration;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::program::Running;
use crate::support::terminal::Terminal;

/// SysRq-S: the key with which a person gets the kernel's scheduler back.
fn sysrq() {
    fs::write("/proc/sysrq-trigger", "S").unwrap();
}

#[test]
fn sysrq_ends_it_and_attach_says_so() {
    let scheduler = Running::attach(&[]);
    sysrq();
    let ended = scheduler.wait(PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("SysRq-S"), "{}", ended.stderr);
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn sysrq_ends_it_and_the_dashboard_says_so_and_waits_for_x() {
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    sysrq();
    terminal.wait_for_screen("the reason, and what to do", |text| {
        text.contains("SysRq-S") && text.contains("x attaches it")
    });
    // Two of the dashboard's ticks on: had it been started again, it would show.
    let again = guest::holds_within(Duration::from_secs(2), || {
        guest::sched_ext_state() != "disabled"
    });
    assert!(!again, "it was started again unasked");
    terminal.press(b"x");
    wait_until("x has attached it", PATIENCE, guest::is_attached);
    terminal.wait_for_screen("the reason has gone", |text| {
        text.contains("● dualq") && !text.contains("SysRq-S")
    });
}

#[test]
fn a_scheduler_that_is_ended_while_it_starts_is_not_called_attached() {
    let scheduler = Running::start(&["attach"]);
    while guest::sched_ext_state() == "disabled" {
        std::thread::yield_now();
    }
    // At first the kernel may have nothing yet that it could end.
    wait_until("it is ended", PATIENCE, || {
        sysrq();
        guest::sched_ext_state() == "disabled"
    });
    let ended = scheduler.wait(PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("SysRq-S"), "{}", ended.stderr);
    assert_eq!(guest::sched_ext_state(), "disabled");
    Running::attach(&[]).terminate();
}
