//! A scheduler that the kernel ends: the reason is shown, and it is not started again unasked.

use std::time::Duration;

use libbpf_rs::{ObjectBuilder, ProgramInput};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Running, run_ok};
use crate::support::terminal::Terminal;

#[test]
fn sysrq_ends_it_and_attach_says_so() {
    let scheduler = Running::attach(&[]);
    guest::sysrq_s();
    let ended = scheduler.wait(PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("SysRq-S"), "{}", ended.stderr);
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn sysrq_ends_it_and_the_dashboard_says_so_and_waits_for_x() {
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    guest::sysrq_s();
    terminal.wait_for_screen("the reason, and what to do", |text| {
        text.contains("SysRq-S") && text.contains("x attaches")
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

/// Ends the scheduler that runs, with the kernel's request to attach it again.
fn ask_restart() {
    let path = std::env::var_os("DUALQ_OTHER").expect("DUALQ_OTHER names the tests' BPF object");
    let mut builder = ObjectBuilder::default();
    let object = builder.open_file(path).unwrap().load().unwrap();
    let mut programs = object.progs_mut();
    let program = programs.find(|program| program.name() == "ask_restart");
    program.unwrap().test_run(ProgramInput::default()).unwrap();
}

#[test]
fn attach_restarts_at_the_kernels_request_at_most_three_times() {
    let hog = Load::hog().start();
    let mut scheduler = Running::attach(&[]);
    run_ok(&["add", &hog.pid().to_string()]);
    for time in 1..=3 {
        ask_restart();
        wait_until("it is attached again, and says so", PATIENCE, || {
            assert!(!scheduler.has_ended(), "{}", scheduler.stderr());
            scheduler.stderr().matches("attached again").count() == time
        });
        assert!(guest::is_attached());
        assert_eq!(maps::members(), [hog.pid()], "members are kept");
    }
    ask_restart();
    let ended = scheduler.wait(PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("asked for by test 8"), "{ended:?}");
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn dashboard_restarts_at_the_kernels_request_and_says_why() {
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    ask_restart();
    terminal.wait_for_screen("it says so", |text| {
        text.contains("dualq was attached again: the kernel asked for a restart")
    });
    wait_until("it is attached again", PATIENCE, guest::is_attached);
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}
