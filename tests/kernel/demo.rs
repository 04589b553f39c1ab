//! The demonstration on a real kernel: a metronome among hogs, in BATCH and in PRIORITY.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::maps;
use crate::support::program::Running;
use crate::support::terminal::Terminal;

/// Little work behind many hogs in one line: the difference is so large that an emulated CPU on a
/// busy host shows it too.
const SHARP: [&str; 6] = ["--hogs", "16", "--work", "1", "--batch-order", "fifo"];

/// The living processes of a name.
pub fn named(name: &str) -> Vec<u32> {
    let mut pids: Vec<u32> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            std::fs::read_to_string(format!("/proc/{pid}/comm"))
                .is_ok_and(|comm| comm.trim() == name)
                && guest::is_alive(*pid)
        })
        .collect();
    pids.sort_unstable();
    pids
}

fn nothing_is_left() -> bool {
    named("demo-hog").is_empty() && named("demo-frame").is_empty()
}

fn dashboard(options: &[&str]) -> Terminal {
    let mut arguments = vec!["demo"];
    arguments.extend(options);
    let terminal = Terminal::dashboard(&arguments);
    terminal.wait_for_screen("the cursor is on the metronome", |text| {
        text.contains("deadlines missed per second") && text.contains("demo-frame (")
    });
    terminal
}

#[test]
fn metronome_misses_deadlines_in_batch_few_in_priority() {
    let mut arguments = vec!["demo", "--headless", "--json", "--phase", "4"];
    arguments.extend(SHARP);
    let output = Running::start(&arguments).wait(4 * PATIENCE);
    println!("{}", output.stdout);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    let rate = |phase: usize, key: &str| report["phases"][phase][key].as_f64().unwrap();
    let missed = |phase| rate(phase, "missed_per_second");
    let on_time = |phase| rate(phase, "on_time_per_second");
    let queues: Vec<_> = (0..3)
        .map(|phase| report["phases"][phase]["queue"].as_str().unwrap())
        .collect();
    assert_eq!(queues, ["BATCH", "PRIORITY", "BATCH"]);
    assert!(missed(0) > 20.0 && missed(2) > 20.0, "{report}");
    // Misses in PRIORITY are the host's, which takes the virtual CPUs away: what is on time tells.
    let batch = on_time(0).max(on_time(2));
    assert!(on_time(1) > 3.0 * batch + 1.0, "{report}");
    assert_eq!(report["effect"], true);
    wait_until("nothing is left", PATIENCE, nothing_is_left);
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn a_running_scheduler_is_used_and_left_running() {
    let scheduler = Running::attach(&[]);
    let mut arguments = vec!["demo", "--headless", "--phase", "1"];
    arguments.extend(SHARP);
    let output = Running::start(&arguments).wait(4 * PATIENCE);
    assert!(output.stdout.contains("PRIORITY"), "{output:?}");
    assert!(guest::is_attached());
    wait_until("no member is left", PATIENCE, || maps::members().is_empty());
    scheduler.terminate();
}

#[test]
fn space_moves_the_metronome_and_d_stops_and_starts_the_load() {
    let mut terminal = dashboard(&SHARP);
    let metronome = named("demo-frame")[0];
    wait_until("all hogs have their name", PATIENCE, || {
        named("demo-hog").len() == 16
    });
    assert!(maps::members().is_empty(), "all of it is BATCH");
    terminal.press(b" ");
    wait_until("it is a member", PATIENCE, || {
        maps::members() == [metronome]
    });
    terminal.wait_for_screen("the panel says so", |text| {
        text.contains(&format!("demo-frame ({metronome}) PRIORITY"))
    });
    terminal.press(b"d");
    wait_until("the load is gone", PATIENCE, nothing_is_left);
    terminal.wait_for_screen("the panel too", |text| {
        !text.contains("deadlines missed per second")
    });
    terminal.press(b"d");
    terminal.wait_for_screen("it is back, with a new metronome in BATCH", |text| {
        text.lines()
            .any(|line| line.contains("demo-frame (") && line.contains(") BATCH"))
    });
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert!(nothing_is_left());
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn a_dashboard_killed_the_hard_way_leaves_no_load() {
    let terminal = dashboard(&["--hogs", "4"]);
    let pid = Pid::from_raw(terminal.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    wait_until("nothing is left", Duration::from_secs(2), nothing_is_left);
    wait_until("nor the scheduler", Duration::from_secs(2), || {
        guest::sched_ext_state() == "disabled"
    });
}
