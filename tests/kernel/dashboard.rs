//! The dashboard on a real kernel: keys go in, the effect is read from the kernel's map.

use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Running, run_ok};
use crate::support::terminal::Terminal;

fn attached(options: &[&str]) -> Terminal {
    let terminal = Terminal::dashboard(options);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    assert!(guest::is_attached());
    terminal
}

/// The row of a process in the list.
fn row(text: &str, pid: u32) -> Option<String> {
    let pid = pid.to_string();
    text.lines()
        .find(|line| line.split_whitespace().any(|word| word == pid))
        .map(str::to_owned)
}

/// PRIORITY's percent in the line of the CPU time: `CPU time … 88 : 12 …`.
fn share_of_cpu_time(text: &str) -> Option<u32> {
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with("CPU time"))?;
    let (before, _) = line.split_once(" : ")?;
    before.split_whitespace().last()?.parse().ok()
}

#[test]
fn space_moves_the_process_under_the_cursor_and_back() {
    let hog = Load::hog().named("encoder").start();
    let mut terminal = attached(&[]);
    terminal.wait_for_screen("the hog is listed", |text| row(text, hog.pid()).is_some());
    terminal.press(b"/encoder\r");
    terminal.press(b" ");
    wait_until("the kernel's map has it", PATIENCE, || {
        maps::members() == [hog.pid()]
    });
    terminal.wait_for_screen("its row says so", |text| {
        row(text, hog.pid()).is_some_and(|row| row.contains("PRIORITY"))
    });
    terminal.press(b" ");
    wait_until("the kernel's map is empty", PATIENCE, || {
        maps::members().is_empty()
    });
    terminal.wait_for_screen("its row says so", |text| {
        row(text, hog.pid()).is_some_and(|row| row.contains("BATCH"))
    });

    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(!std::path::Path::new(maps::PINS).exists());
}

#[test]
fn a_process_added_by_a_script_shows_on_the_dashboard() {
    let hog = Load::hog().start();
    let terminal = attached(&[]);
    run_ok(&["add", &hog.pid().to_string()]);
    terminal.wait_for_screen("the row says PRIORITY", |text| {
        row(text, hog.pid()).is_some_and(|row| row.contains("PRIORITY"))
    });
}

#[test]
fn x_gives_the_machine_back_and_takes_it_again_with_its_members() {
    let hog = Load::hog().start();
    let mut terminal = attached(&[]);
    run_ok(&["add", &hog.pid().to_string()]);
    terminal.press(b"x");
    wait_until("the kernel default runs", PATIENCE, || {
        guest::sched_ext_state() == "disabled"
    });
    terminal.wait_for_screen("the screen says so, and what to do", |text| {
        text.contains("kernel default") && text.contains("x attaches dualq")
    });
    terminal.press(b"x");
    terminal.wait_for_screen("ours runs again", |_| guest::is_attached());
    assert_eq!(maps::members(), [hog.pid()]);
}

#[test]
fn the_effect_of_a_move_is_seen_in_the_share_of_cpu_time() {
    let hogs: Vec<_> = (0..4).map(|_| Load::hog().start()).collect();
    let mut terminal = attached(&[]);
    // All are BATCH (but for what the dashboard itself needs), then one of two per CPU is not.
    terminal.wait_for_screen("nothing goes to PRIORITY", |text| {
        text.lines()
            .any(|line| line.contains("CPU time") && line.contains("0 : 100"))
    });
    for hog in &hogs[..2] {
        run_ok(&["add", &hog.pid().to_string()]);
    }
    terminal.wait_for_screen("most of the time goes to PRIORITY", |text| {
        share_of_cpu_time(text).is_some_and(|share| (80..100).contains(&share))
    });
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}

#[test]
fn without_rights_it_only_looks_and_says_why() {
    let hog = Load::hog().named("encoder").start();
    let mut command = crate::support::program::command();
    std::os::unix::process::CommandExt::uid(&mut command, 65_534);
    let mut terminal = Terminal::start(command, 24, 80);
    terminal.wait_for_screen("why, and the processes all the same", |text| {
        text.contains("view mode:") && text.contains("sudo") && row(text, hog.pid()).is_some()
    });
    terminal.press(b"/encoder\r ");
    terminal.wait_for_screen("nothing can be moved", |text| {
        text.contains("in view mode: ")
    });
    terminal.press(b"x");
    terminal.wait_for_screen("nor attached", |text| {
        text.contains("Cannot change the scheduler in view mode")
    });
    assert_eq!(guest::sched_ext_state(), "disabled");
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}

#[test]
fn killed_dashboard_leaves_kernel_default_within_a_second() {
    let terminal = attached(&[]);
    let pid = Pid::from_raw(terminal.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    wait_until("state is disabled", Duration::from_secs(1), || {
        guest::sched_ext_state() == "disabled"
    });
}

#[test]
fn a_signal_detaches_and_restores_the_terminal() {
    let mut terminal = attached(&[]);
    assert!(terminal.is_full_screen());
    let pid = Pid::from_raw(terminal.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(terminal.wait(PATIENCE).code(), Some(128 + 15));
    assert_eq!(guest::sched_ext_state(), "disabled");
    wait_until("the alternate screen is left", PATIENCE, || {
        !terminal.is_full_screen()
    });
}

#[test]
fn a_second_dashboard_joins_and_its_q_only_leaves() {
    let hog = Load::hog().named("encoder").start();
    let _owner = Running::attach(&[]);
    let mut terminal = attached(&[]);
    terminal.press(b"/encoder\r ");
    wait_until("it can move processes", PATIENCE, || {
        maps::members() == [hog.pid()]
    });
    terminal.press(b"x");
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert!(guest::is_attached(), "the owner's scheduler runs on");
}

#[test]
fn keys_answer_on_an_overloaded_machine() {
    let mut terminal = attached(&[]);
    // This test goes first: what it sees is not to depend on what it tests.
    run_ok(&["add", &std::process::id().to_string()]);
    // PRIORITY wants each CPU eight times over. In BATCH, among as many as this, the dashboard would
    // wait for its turn of the tenth that is theirs: it has a class of its own.
    let _others = Load::new(&["threads", "64"]).start();
    let members = Load::new(&["threads", "16"]).start();
    let pid = members.pid();
    terminal.wait_for_screen("the process is listed", |text| row(text, pid).is_some());
    terminal.press(format!("/{pid}\r ").as_bytes());
    wait_until("it is a member", PATIENCE, || maps::is_member(pid));
    let mut took = Vec::new();
    for help in [true, false, true, false, true, false, true] {
        let pressed = Instant::now();
        terminal.press(if help { b"?" } else { b"\x1b" });
        wait_until("the key answers", PATIENCE, || {
            terminal.screen().contains("keys and terms") == help
        });
        took.push(pressed.elapsed());
    }
    // The median: the host may have been busy. Emulated, it is 0.2 to 1 s against 4 to 14.
    took.sort_unstable();
    assert!(took[3] < Duration::from_secs(3), "{took:?}");
    assert!(guest::is_attached());
}
