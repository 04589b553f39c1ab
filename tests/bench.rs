//! `bench` from outside, where no scheduler can be attached: what it refuses, and its processes one
//! by one, which take no rights.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn refused(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = program(arguments).output().unwrap();
    let words = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{arguments:?}: {words}");
    words
}

#[test]
fn unknown_measurement_is_refused_with_all_names() {
    let words = refused(&["bench", "--only", "pipe,wakeup"]);
    assert!(words.contains("invalid measurement 'wakeup'"), "{words}");
    for name in ["wake-up-8", "frame-2", "latency-1000", "shares"] {
        assert!(words.contains(name), "{words}");
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for arguments in [
        ["bench", "--repetitions", "0"],
        ["bench", "--seconds", "0"],
        ["bench", "--seconds", "601"],
    ] {
        refused(&arguments);
    }
}

#[test]
fn missing_tool_is_refused_with_its_package() {
    let names = [
        "hackbench",
        "cyclictest",
        "perf-messaging",
        "perf-pipe",
        "stress-ng",
    ];
    let packages = [
        "rt-tests",
        "rt-tests",
        "linux-perf",
        "linux-perf",
        "stress-ng",
    ];
    for (name, package) in names.iter().zip(packages) {
        let mut command = program(&["bench", "--only", name]);
        let Output { status, stderr, .. } = command.env("PATH", "/nowhere").output().unwrap();
        let words = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{words}");
        assert!(words.contains("not found in PATH; install it"), "{words}");
        assert!(words.contains(&format!("Debian: {package}")), "{words}");
        assert!(
            words.contains(&format!("leave {name} out of --only")),
            "{words}"
        );
    }
}

/// One process of a measurement, as the program starts it.
struct Part {
    child: Child,
    out: ChildStdout,
}

impl Part {
    /// Set up, and waiting for the span.
    fn ready(job: &Value) -> Self {
        let path = std::env::var_os("PATH").unwrap();
        Self::with_tools(path.as_ref(), job)
    }

    /// The programs that it may run lie there.
    fn with_tools(path: &Path, job: &Value) -> Self {
        let order = json!({"parent": std::process::id(), "policy": "normal", "job": job});
        let mut child = program(&["bench-worker", &order.to_string()])
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut byte = [0];
        out.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"r");
        Self { child, out }
    }

    /// Returns its report after this many milliseconds: units, wake-ups, ends.
    fn measure(mut self, ms: u64) -> (u64, Vec<u64>, Vec<u64>) {
        let now = clock_gettime(ClockId::Monotonic);
        let begin = now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned();
        let begin = Duration::from_nanos(begin + 20_000_000);
        let word = json!({"begin": begin, "end": begin + Duration::from_millis(ms)});
        let mut pipe = self.child.stdin.take().unwrap();
        pipe.write_all(word.to_string().as_bytes()).unwrap();
        drop(pipe);
        let report: Value = serde_json::from_reader(&mut self.out).unwrap();
        assert!(self.child.wait().unwrap().success());
        let numbers =
            |name: &str| -> Vec<u64> { serde_json::from_value(report[name].clone()).unwrap() };
        (
            report["units"].as_u64().unwrap(),
            numbers("wakes"),
            numbers("dones"),
        )
    }
}

fn periodic(threads: u32, period_ns: u64, spins: u64, span_ns: u64) -> Value {
    json!({"periodic": {
        "threads": threads, "period_ns": period_ns, "spins": spins, "span_ns": span_ns, "seed": 1,
    }})
}

#[test]
fn a_probe_wakes_up_at_its_times_and_tells_how_late_each_time() {
    let job = periodic(1, 2_000_000, 0, 400_000_000);
    let begun = Instant::now();
    let (units, wakes, dones) = Part::ready(&job).measure(400);
    // 200 on the average; where the machine was late it left some out.
    assert!((20..=260).contains(&units), "{units}");
    assert_eq!(wakes.len() as u64, units);
    assert!(wakes.iter().zip(&dones).all(|(wake, done)| wake <= done));
    let whole = u64::try_from(begun.elapsed().as_nanos()).unwrap();
    assert!(wakes.iter().all(|wake| *wake < whole), "{wakes:?}");
}

#[test]
fn threads_that_never_sleep_count_their_work_together() {
    let job = periodic(3, 0, 2_000, 200_000_000);
    let (units, wakes, dones) = Part::ready(&job).measure(200);
    assert!(units > 100, "{units}");
    assert!(wakes.is_empty() && dones.is_empty());
}

#[test]
fn all_messages_arrive_and_the_time_is_told() {
    let (units, _, dones) = Part::ready(&json!({"messages": {"groups": 2, "loops": 3}})).measure(1);
    assert_eq!(units, 2 * 20 * 20 * 3);
    assert!(dones.len() == 1 && dones[0] > 0, "{dones:?}");
}

#[test]
fn a_byte_goes_to_another_process_and_back() {
    let (units, _, dones) = Part::ready(&json!({"pipe": {"rounds": 100}})).measure(1);
    assert_eq!(units, 100);
    assert!(dones.len() == 1 && dones[0] > 0, "{dones:?}");
}

#[test]
fn figures_of_other_tools_are_reported() {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-tools");
    fs::create_dir_all(&tools).unwrap();
    // Each repeats what it printed on a real machine, if it is asked for the same work as ours.
    // stress-ng writes to standard error.
    let install = |name: &str, wanted: &str, says: &str| {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/measurements");
        let says = kept.join(says).display().to_string();
        let to = if name == "perf" { 1 } else { 2 };
        let script =
            format!("#!/bin/sh\n[ \"$*\" = '{wanted}' ] && exec /bin/cat '{says}' >&{to}\n");
        fs::write(tools.join(name), script).unwrap();
        fs::set_permissions(tools.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    let says = |tool: &str, count: u64| {
        let job = json!({"tool": {"tool": tool, "count": count, "span_ns": 2_000_000_000_u64}});
        Part::with_tools(&tools, &job).measure(1)
    };
    install(
        "perf",
        "bench sched messaging -t -g 10 -l 7",
        "perf-messaging",
    );
    assert_eq!(says("perf_messaging", 7).2, [36_000_000]);
    install("perf", "bench sched pipe -T -l 5000", "perf-pipe");
    assert_eq!(says("perf_pipe", 5000).2, [4317]);
    let wanted = "--cpu 16 --cpu-method hanoi -t 3 --metrics-brief";
    install("stress-ng", wanted, "stress-ng");
    assert_eq!(says("stress_ng", 16).0, 7_896_060);
}

#[test]
fn a_part_whose_parent_does_not_measure_any_more_ends() {
    let mut part = Part::ready(&json!({"pipe": {"rounds": 100}}));
    let children = format!("/proc/{0}/task/{0}/children", part.child.id());
    let other = fs::read_to_string(children).unwrap().trim().to_owned();
    drop(part.child.stdin.take());
    assert!(!part.child.wait().unwrap().success());
    let begun = Instant::now();
    while fs::exists(format!("/proc/{other}")).unwrap() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{other} is left");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_part_of_somebody_elses_does_not_even_begin() {
    let order = json!({"parent": 1, "policy": "normal", "job": "echo"});
    let output = program(&["bench-worker", &order.to_string()])
        .output()
        .unwrap();
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
}
