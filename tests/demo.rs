//! The demonstration load, on any kernel and without rights: real processes, seen from outside.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "support/full_pipe.rs"]
mod full_pipe;
use full_pipe::full_pipe;

const PATIENCE: Duration = Duration::from_secs(60);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    command.args(["demo", "--headless", "--as-is"]);
    command.args(arguments).stdin(Stdio::null());
    command
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Name, state and parent.
fn stat(pid: u32) -> Option<(String, char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = text.rsplit_once(") ")?;
    let mut fields = after.split(' ');
    let state = fields.next()?.chars().next()?;
    let name = before.split_once('(')?.1.to_owned();
    Some((name, state, fields.next()?.parse().ok()?))
}

fn children(of: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc").unwrap();
    let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| stat(pid).is_some_and(|(_, _, parent)| parent == of))
        .collect()
}

fn names(pids: &[u32]) -> Vec<String> {
    let mut names: Vec<String> = pids.iter().filter_map(|&p| Some(stat(p)?.0)).collect();
    names.sort_unstable();
    names
}

fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|(_, state, _)| state != 'Z' && state != 'X')
}

/// A load under way, killed at the end of the test.
struct Running(Child);

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self(program(arguments).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Once all have their names.
    fn children(&self, hogs: usize) -> Vec<u32> {
        let mut expected = vec!["demo-hog"; hogs];
        expected.insert(0, "demo-frame");
        wait_until("the load runs under its names", || {
            names(&children(self.0.id())) == expected
        });
        children(self.0.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measured(arguments: &[&str]) -> Value {
    let output = program(arguments).arg("--json").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_deadline_is_either_met_or_missed() {
    let report = measured(&["--hogs", "1", "--work", "1", "--phase", "2"]);
    let phase = &report["phases"][0];
    let sum = phase["on_time_per_second"].as_f64().unwrap()
        + phase["missed_per_second"].as_f64().unwrap();
    assert!((57.0..63.0).contains(&sum), "{report}");
    assert_eq!(report["hogs"], 1);
    assert_eq!(report["effect"], Value::Null);
}

#[test]
fn among_many_hogs_deadlines_are_missed() {
    let report = measured(&["--hogs", "16", "--work", "15", "--phase", "2"]);
    let missed = report["phases"][0]["missed_per_second"].as_f64().unwrap();
    assert!(missed > 20.0, "{report}");
}

#[test]
fn the_load_ends_with_its_parent_even_by_kill_9() {
    let mut running = Running::start(&["--hogs", "3", "--phase", "600"]);
    let children = running.children(3);
    running.0.kill().unwrap();
    running.0.wait().unwrap();
    wait_until("all of them have ended", || {
        children.iter().all(|&pid| !lives(pid))
    });
}

#[test]
fn a_signal_ends_the_load_and_the_program_in_order() {
    let mut running = Running::start(&["--hogs", "2", "--phase", "600"]);
    let children = running.children(2);
    let pid = rustix::process::Pid::from_child(&running.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(running.0.wait().unwrap().code(), Some(128 + 15));
    assert!(children.iter().all(|&pid| !lives(pid)));
}

#[test]
fn a_part_without_its_parent_ends_at_once() {
    for name in ["demo-hog", "demo-frame"] {
        let mut part = Command::new(env!("CARGO_BIN_EXE_dualq-top"))
            .arg0(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Not this process: as if the parent had died before it could be bound to it.
        let order = r#"{"parent":1,"seconds":600,"threads":1,"work":null}"#;
        let mut input = part.stdin.take().unwrap();
        input.write_all(order.as_bytes()).unwrap();
        drop(input);
        assert!(part.wait().unwrap().success());
    }
}

#[test]
fn a_part_started_by_hand_says_who_starts_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_dualq-top"))
        .arg0("demo-frame")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("dualq-top demo"));
}

#[test]
fn the_loads_command_lines_are_plain_names() {
    let running = Running::start(&["--hogs", "1", "--phase", "600"]);
    for pid in running.children(1) {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
        assert_eq!(line.trim_end_matches('\0'), stat(pid).unwrap().0);
    }
}

#[test]
fn a_part_bounds_its_memory_and_its_time() {
    let running = Running::start(&["--hogs", "1", "--seconds", "100", "--phase", "90"]);
    for pid in running.children(1) {
        let limits = || fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let limit = |name: &str| {
            let limits = limits();
            let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..]
                .split_whitespace()
                .next()?
                .parse::<u64>()
                .ok()
        };
        wait_until("the bounds are set", || limit("Max cpu time").is_some());
        // A frame has a thread for each CPU.
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap();
        let cpus = cpus
            .lines()
            .filter(|line| line.starts_with("processor"))
            .count() as u64;
        let threads = if stat(pid).unwrap().0 == "demo-frame" {
            cpus
        } else {
            1
        };
        assert_eq!(limit("Max cpu time"), Some(101 * threads));
        assert!(limit("Max address space").unwrap() <= (128 + threads) << 20);
    }
}

#[test]
fn the_load_ends_by_itself_and_that_is_said() {
    let output = program(&["--hogs", "1", "--seconds", "1", "--phase", "600"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--seconds"));
}

#[test]
fn more_than_the_machine_can_bear_is_refused() {
    for hogs in ["1025", "1024", "-1", "lots"] {
        let output = program(&["--hogs", hogs]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{hogs}: {output:?}");
        assert!(!output.stderr.is_empty());
    }
}

/// Otherwise the dashboard learns of a frame up to half a second late, and counts it as missed meanwhile.
#[test]
fn each_frame_is_reported_as_soon_as_it_is_done() {
    let mut frame = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    frame.arg0("demo-frame").stderr(Stdio::null());
    let mut frame = frame
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let order = serde_json::json!({
        "parent": std::process::id(),
        "seconds": 60,
        "threads": 1,
        "work": { "secs": 0, "nanos": 100_000 },
    });
    let mut input = frame.stdin.take().unwrap();
    input.write_all(order.to_string().as_bytes()).unwrap();
    drop(input);
    let mut reports = frame.stdout.take().unwrap();
    let _frame = Running(frame);
    let mut buffer = [0; 4096];
    let mut lines_of = || {
        let length = reports.read(&mut buffer).unwrap();
        let ends = buffer[..length].iter().filter(|byte| **byte == b'\n');
        ends.count()
    };
    let lines: Vec<usize> = (0..20).map(|_| lines_of()).collect();
    // A reader that a busy machine holds up finds some of them together.
    assert!(lines.contains(&1), "{lines:?}");
}

/// As behind a pager that was stopped.
#[test]
fn a_signal_ends_it_though_nobody_reads_the_result() {
    let (_unread, full) = full_pipe();
    let mut command = program(&["--phase", "1", "--hogs", "1"]);
    let mut child = command.stdout(full).spawn().unwrap();
    drop(command);
    let now = format!("/proc/{}/syscall", child.id());
    wait_until("it is stuck in a write", || {
        fs::read_to_string(&now).is_ok_and(|now| now.starts_with("1 0x1 "))
    });
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    wait_until("it has ended", || {
        stat(child.id()).is_some_and(|(_, state, _)| state == 'Z')
    });
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
}
