//! `bench` on a real kernel: it measures under all schedulers and leaves the machine as it was. How
//! fast anything is does not matter here.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::demo::named;
use crate::support::full_pipe::full_pipe;
use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::program::{self, Output, Running};

/// An empty folder of its own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from("/tmp").join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn start(folder: &Path, options: &[&str]) -> Running {
    start_for("1", folder, options)
}

fn start_for(seconds: &str, folder: &Path, options: &[&str]) -> Running {
    let out = folder.to_str().unwrap();
    let always = [
        "bench",
        "--quick",
        "--seconds",
        seconds,
        "--repetitions",
        "1",
        "--out",
        out,
    ];
    Running::start(&[&always[..], options].concat())
}

/// The folder named by the time, in which the report is.
fn report(folder: &Path) -> PathBuf {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().flatten().collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0).path()
}

fn nothing_is_left() -> bool {
    named("bench-worker").is_empty() && guest::sched_ext_state() == "disabled"
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{output:?}");
    wait_until("nothing is left", PATIENCE, nothing_is_left);
}

#[test]
fn a_measurement_leaves_a_report_and_the_machine_as_it_was() {
    // Our own, started as somebody else's would be: measured in its turn, and ended.
    let program = std::env::var("DUALQ_TOP").unwrap();
    let peer = format!("{program} attach --no-waits --batch-order fifo");
    let folder = folder("bench-whole");
    let output = start(&folder, &["--only", "pipe", "--peer", &peer]).wait(12 * PATIENCE);
    succeeded(&output);
    assert!(output.stdout.contains("| kernel default |"), "{output:?}");
    let place = report(&folder);
    let text = fs::read_to_string(place.join("report.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["repetitions"], 1);
    let rivals = json["measurements"][0]["rivals"].as_array().unwrap();
    let keys: Vec<&str> = rivals
        .iter()
        .map(|rival| rival["key"].as_str().unwrap())
        .collect();
    let ours = ["default", "fifo", "dualq_batch", "dualq_priority"];
    assert_eq!(keys, [&ours[..], &["peer:dualq"]].concat());
    for rival in rivals {
        let figures = rival["figures"].as_object().unwrap();
        assert!(!figures.is_empty(), "{rival}");
        for figure in figures.values() {
            assert!(figure["median"].as_f64().unwrap() > 0.0, "{rival}");
        }
    }
    assert!(json["cost"]["kernel_memory_kb"]["median"].as_f64().unwrap() > 0.0);
    assert!(place.join("report.md").is_file());
}

#[test]
fn ctrl_c_ends_it_and_what_was_measured_is_reported() {
    let folder = folder("bench-broken-off");
    let running = start(&folder, &["--only", "wake-up-2"]);
    wait_until("our scheduler is measured", 4 * PATIENCE, || {
        guest::is_attached() && !named("bench-worker").is_empty()
    });
    running.signal(Signal::INT);
    let output = running.wait(PATIENCE);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(nothing_is_left());
    let text = fs::read_to_string(report(&folder).join("report.md")).unwrap();
    assert!(
        text.contains("Broken off") && text.contains("| kernel default |"),
        "{text}"
    );
}

/// As behind a pager that was stopped, or a log that hangs.
#[test]
fn a_signal_ends_it_though_nobody_reads_what_is_said() {
    let folder = folder("bench-unread");
    let (_unread, full) = full_pipe();
    let mut command = program::command();
    command.args(["bench", "--quick", "--seconds", "1", "--repetitions", "1"]);
    command.args(["--only", "wake-up-2", "--out"]).arg(&folder);
    command.stderr(full.try_clone().unwrap()).stdout(full);
    let mut child = command.spawn().unwrap();
    drop(command);
    wait_until("our scheduler is measured", 4 * PATIENCE, || {
        guest::is_attached() && !named("bench-worker").is_empty()
    });
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    wait_until("it has ended", PATIENCE, || {
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert!(nothing_is_left());
    assert!(report(&folder).join("report.md").exists());
}

#[test]
fn killed_the_hard_way_it_leaves_neither_scheduler_nor_load() {
    // By themselves its processes would go on for a minute.
    let running = start_for("60", &folder("bench-killed"), &["--only", "toggle"]);
    wait_until("our scheduler is measured", 4 * PATIENCE, || {
        // More than its start takes: it has been told to begin.
        let works = |pid: &u32| guest::cpu_time(*pid) > Duration::from_millis(500);
        guest::is_attached() && named("bench-worker").iter().any(works)
    });
    kill_process(
        Pid::from_raw(running.pid().cast_signed()).unwrap(),
        Signal::KILL,
    )
    .unwrap();
    wait_until("nothing is left", Duration::from_secs(5), nothing_is_left);
}

#[test]
fn a_peer_that_attaches_nothing_is_named_and_nothing_is_left() {
    let folder = folder("bench-no-peer");
    let options = ["--only", "pipe", "--peer", "echo I cannot; false"];
    let output = start(&folder, &options).wait(12 * PATIENCE);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        output
            .stderr
            .contains("'echo I cannot; false' attached no scheduler"),
        "{output:?}"
    );
    assert!(nothing_is_left());
}

#[test]
fn beside_a_scheduler_that_runs_it_does_not_begin() {
    let scheduler = Running::attach(&[]);
    let folder = folder("bench-beside");
    let output = start(&folder, &[]).wait(PATIENCE);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert!(guest::is_attached(), "it is left alone");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "no empty report");
    scheduler.terminate();
}
