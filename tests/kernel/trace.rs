//! `trace` and the dashboard's key `T`: what ran where and why, in a file for trace viewers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::program::{self, Running, run, run_ok};
use crate::support::terminal::Terminal;

/// A file that is not there yet, removed with the test.
struct TraceFile(PathBuf);

impl TraceFile {
    fn new(name: &str) -> Self {
        let file = Self(std::env::temp_dir().join(name));
        let _ = fs::remove_file(&file.0);
        file
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn read(&self) -> Trace {
        Trace::parse(&fs::read_to_string(&self.0).unwrap())
    }
}

impl Drop for TraceFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A run of a task, in nanoseconds.
struct Run {
    begin: u64,
    end: u64,
    arguments: Value,
}

impl Run {
    fn is_of(&self, pid: u32) -> bool {
        self.arguments["process"] == pid
    }

    fn why(&self) -> &str {
        self.arguments["why"].as_str().unwrap()
    }
}

struct Trace {
    /// By CPU, in the order of the file.
    cpus: BTreeMap<u64, Vec<Run>>,
    marks: Vec<(u64, String)>,
    totals: Value,
}

impl Trace {
    /// Reads a trace; whatever else Perfetto needs of the format is checked here.
    fn parse(text: &str) -> Self {
        let ns = |value: &Value| (value.as_f64().unwrap() * 1000.0).round() as u64;
        let value: Value = serde_json::from_str(text).unwrap();
        let (mut cpus, mut marks) = (BTreeMap::new(), Vec::new());
        for event in value["traceEvents"].as_array().unwrap() {
            assert_eq!(event["pid"], 1, "{event}");
            match event["ph"].as_str().unwrap() {
                "M" => assert!(event["args"]["name"].is_string(), "{event}"),
                "i" => marks.push((ns(&event["ts"]), event["name"].as_str().unwrap().to_owned())),
                "X" => {
                    assert!(!event["name"].as_str().unwrap().is_empty(), "{event}");
                    let begin = ns(&event["ts"]);
                    let runs: &mut Vec<Run> =
                        cpus.entry(event["tid"].as_u64().unwrap() - 1).or_default();
                    runs.push(Run {
                        begin,
                        end: begin + ns(&event["dur"]),
                        arguments: event["args"].clone(),
                    });
                }
                other => panic!("unknown phase {other}"),
            }
        }
        Self {
            cpus,
            marks,
            totals: value["otherData"].clone(),
        }
    }

    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.cpus.values().flatten()
    }
}

fn tracing(arguments: &[&str]) -> Running {
    let running = Running::start(&[&["trace"], arguments].concat());
    wait_until("it traces", PATIENCE, || {
        running.stderr().contains("tracing for")
    });
    running
}

#[test]
fn a_trace_has_each_run_with_its_queue_and_reason() {
    let _scheduler = Running::attach(&[]);
    let last = guest::cpus() - 1;
    let member = Load::hog().on_last_cpu().named("member").start();
    let other = Load::hog().on_last_cpu().start();
    let waker = Load::new(&["waker", "2000"]).on_last_cpu().start();
    run_ok(&["add", "--level", "100", &member.pid().to_string()]);
    run_ok(&["add", "--level", "200", &waker.pid().to_string()]);
    let file = TraceFile::new("trace-known.json");
    let running = tracing(&["--seconds", "6", "-o", file.path()]);
    wait_until("something is traced", PATIENCE, || {
        fs::metadata(&file.0).unwrap().len() > 500_000
    });
    run_ok(&["add", "--level", "150", &other.pid().to_string()]);
    run_ok(&["set", "guarantee=20"]);
    let output = running.wait(PATIENCE);
    assert!(output.status.success(), "{output:?}");
    assert!(
        output.stderr.contains("none lost; https://ui.perfetto.dev"),
        "{output:?}"
    );

    let trace = file.read();
    assert_eq!(trace.totals["lost"], 0, "{}", trace.totals);
    assert!(trace.totals["milliseconds"].as_u64().unwrap() >= 6000);
    for (cpu, runs) in &trace.cpus {
        for two in runs.windows(2) {
            assert!(two[0].end < two[1].begin, "CPU {cpu}: {}", two[1].arguments);
        }
    }
    // On the CPU that is never idle, little is missing.
    let runs = &trace.cpus[&(last as u64)];
    let ran: u64 = runs.iter().map(|run| run.end - run.begin).sum();
    let span = runs[runs.len() - 1].end - runs[0].begin;
    assert!(
        span > 5_000_000_000 && ran > span / 10 * 9,
        "{ran} of {span}"
    );

    let moved = format!("({}) → PRIORITY", other.pid());
    let mark = trace.marks.iter().find(|(_, text)| text.contains(&moved));
    let at = mark.expect("the move is a mark").0;
    assert!(runs[0].begin < at && at < runs[runs.len() - 1].end);
    assert!(
        trace
            .marks
            .iter()
            .any(|(_, text)| text.contains("batch-guarantee 20 %"))
    );
    // The log's time is that of the end of the move, in whole milliseconds.
    let (before, after) = (at - 300_000_000, at + 20_000_000);

    let of = |pid| runs.iter().filter(move |run| run.is_of(pid));
    for (pid, level) in [(member.pid(), 100), (waker.pid(), 200)] {
        for run in of(pid) {
            assert_eq!(run.arguments["queue"], "PRIORITY", "{}", run.arguments);
            assert_eq!(run.arguments["level"], level, "{}", run.arguments);
        }
    }
    // The waker preempts whatever runs. It has waited, but not for a slice.
    let woken: Vec<&Run> = of(waker.pid())
        .filter(|run| run.why() == "preempting")
        .collect();
    assert!(woken.len() > 100, "{}", woken.len());
    let waited = woken.iter().filter(|run| {
        run.arguments["waited_us"]
            .as_f64()
            .is_some_and(|us| us < 4000.0)
    });
    assert!(waited.count() > woken.len() / 2);
    // BATCH beside a member that never sleeps: only by the guarantee, or the rest of such a slice.
    let batch = || of(other.pid()).filter(|run| run.end < before);
    assert!(batch().any(|run| run.why() == "guarantee"));
    for run in batch() {
        assert_eq!(run.arguments["queue"], "BATCH", "{}", run.arguments);
        assert!(run.arguments.get("level").is_none(), "{}", run.arguments);
        assert!(
            ["guarantee", "rest of its slice"].contains(&run.why()),
            "{}",
            run.arguments
        );
    }
    // Then it is a member of a higher level than the other one.
    let moved = || of(other.pid()).filter(|run| run.begin > after);
    let reasons: BTreeSet<&str> = moved().map(Run::why).collect();
    let possible = [
        "continues",
        "first in its queue",
        "rest of its slice",
        "preempting",
    ];
    assert!(
        !reasons.is_empty() && reasons.iter().all(|why| possible.contains(why)),
        "{reasons:?}"
    );
    for run in moved() {
        assert_eq!(run.arguments["queue"], "PRIORITY", "{}", run.arguments);
        assert_eq!(run.arguments["level"], 150, "{}", run.arguments);
    }
}

/// A turn of 20 ms is cut to a tick beside forty that wait, if they are on its own level.
#[test]
fn a_crowd_of_a_lower_level_does_not_shorten_turns() {
    let _scheduler = Running::attach(&[]);
    let higher = Load::hog().on_last_cpu().start();
    let crowd = Load::new(&["threads", "40"]).on_last_cpu().start();
    run_ok(&["add", "--level", "200", &higher.pid().to_string()]);
    run_ok(&["add", &crowd.pid().to_string()]);
    let file = TraceFile::new("trace-turns.json");
    let output = tracing(&["--seconds", "4", "-o", file.path()]).wait(PATIENCE);
    assert!(output.status.success(), "{output:?}");
    let trace = file.read();
    let mut turns: Vec<u64> = trace
        .runs()
        .filter(|run| run.is_of(higher.pid()) && run.why() == "continues")
        .map(|run| run.end - run.begin)
        .collect();
    turns.sort_unstable();
    let median = turns[turns.len() / 2];
    assert!(median > 12_000_000, "{median} ns of {} turns", turns.len());
}

#[test]
fn readers_do_not_disturb_each_other_and_leave_no_cost() {
    let _scheduler = Running::attach(&[]);
    let handle = dualq_top::scheduler::Handle::open().unwrap();
    let hogs = [(); 2].map(|()| Load::hog().on_last_cpu().start());
    let alone = Load::hog().on_cpu(0).start();
    assert!(!handle.trace.look().unwrap().was_on);
    let file = TraceFile::new("trace-one.json");
    let to_file = tracing(&["--seconds", "60", "-o", file.path()]);
    let to_stdout = tracing(&["--seconds", "2", "-o", "-"]);
    let whole = TraceFile::new("trace-killed.json");
    let killed = tracing(&["--seconds", "60", "-o", whole.path()]);
    assert!(handle.trace.look().unwrap().was_on);
    let output = to_stdout.wait(PATIENCE);
    assert!(output.status.success(), "{:?}", output.stderr);
    let printed = Trace::parse(&output.stdout);
    // Ended early, the file is whole as well.
    let output = to_file.terminate();
    assert_eq!(output.status.code(), Some(128 + 15), "{output:?}");
    let written = file.read();
    assert_eq!(written.totals["ended"], "a signal ended it");
    let goes_on = |run: &Run| run.is_of(alone.pid()) && run.why() == "continues";
    assert!(written.runs().any(goes_on));
    // What both have seen is the same.
    let runs = |trace: &Trace| -> Vec<(u64, u64, Value)> {
        let of_a_hog = trace
            .runs()
            .filter(|run| hogs.iter().any(|hog| run.is_of(hog.pid())));
        of_a_hog
            .map(|run| (run.begin, run.end, run.arguments.clone()))
            .collect()
    };
    let (printed, written) = (runs(&printed), runs(&written));
    let same = printed.iter().filter(|one| {
        let near = |other: &&(u64, u64, Value)| {
            other.2 == one.2 && (other.1 - other.0).abs_diff(one.1 - one.0) < 2
        };
        written.iter().any(|other| near(&other))
    });
    assert!(printed.len() > 50, "{}", printed.len());
    assert_eq!(same.count(), printed.len());
    assert!(handle.trace.look().unwrap().was_on, "one still reads");
    killed.signal(Signal::KILL);
    wait_until("tracing goes off", PATIENCE, || {
        !handle.trace.look().unwrap().was_on
    });
    let trace = whole.read();
    assert!(trace.runs().count() > 50);
    assert_eq!(trace.totals["ended"], "the program was killed");
}

#[test]
fn runs_that_come_too_fast_are_counted_in_the_file() {
    let _scheduler = Running::attach(&[]);
    let _pair = Load::new(&["ping-pong"]).on_last_cpu().start();
    let file = TraceFile::new("trace-lost.json");
    let running = tracing(&["--seconds", "60", "-o", file.path()]);
    wait_until("something is traced", PATIENCE, || {
        fs::metadata(&file.0).unwrap().len() > 50_000
    });
    // For longer than tracing stays on by itself.
    running.signal(Signal::STOP);
    let handle = dualq_top::scheduler::Handle::open().unwrap();
    wait_until("tracing goes off", PATIENCE, || {
        !handle.trace.look().unwrap().was_on
    });
    running.signal(Signal::CONT);
    let size = fs::metadata(&file.0).unwrap().len();
    wait_until("it goes on", PATIENCE, || {
        fs::metadata(&file.0).unwrap().len() > size + 50_000
    });
    let output = running.terminate();
    let trace = file.read();
    assert!(
        trace.totals["lost"].as_u64().unwrap() > 0,
        "{}",
        trace.totals
    );
    assert_eq!(trace.totals["interruptions"], 1, "{}", trace.totals);
    assert!(output.stderr.contains(" lost; https"), "{output:?}");
    for runs in trace.cpus.values() {
        assert!(runs.windows(2).all(|two| two[0].end < two[1].begin));
    }
}

#[test]
fn a_trace_is_refused_or_ends_in_a_sentence() {
    let file = TraceFile::new("trace-refused.json");
    let traced = |arguments: &[&str]| run(&[&["trace"], arguments].concat());
    let output = traced(&["-o", file.path()]);
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    assert!(
        output.stderr.contains("the scheduler is not running"),
        "{output:?}"
    );
    assert!(!file.0.exists());

    let scheduler = Running::attach(&[]);
    let _hog = Load::hog().start();
    fs::write(&file.0, "kept").unwrap();
    let output = traced(&["-o", file.path()]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("is there already"), "{output:?}");
    assert_eq!(fs::read_to_string(&file.0).unwrap(), "kept");
    fs::remove_file(&file.0).unwrap();

    let folder = std::env::temp_dir().join("trace-full");
    fs::create_dir_all(&folder).unwrap();
    let full = format!(
        "unshare -m sh -c 'mount -t tmpfs -o size=64k,mode=700 none {0} && $DUALQ_TOP trace --seconds 60 -o {0}/t; echo status $?; cat {0}/t'",
        folder.display()
    );
    let _pair = Load::new(&["ping-pong"]).on_last_cpu().start();
    let output = Running::from_script(&full).wait(PATIENCE);
    assert!(
        output.stderr.contains("No space left on device"),
        "{output:?}"
    );
    let (status, text) = output.stdout.split_once('\n').unwrap();
    assert_eq!(status, "status 1");
    // Whole up to there, be it the first runs that found no room.
    let trace = Trace::parse(text);
    assert!(
        trace.totals["ended"]
            .as_str()
            .unwrap()
            .contains("nothing more could be written")
    );

    let running = tracing(&["--seconds", "60", "-o", file.path()]);
    assert!(scheduler.terminate().status.success());
    let output = running.wait(PATIENCE);
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    assert!(output.stderr.contains("attach dualq again"), "{output:?}");
    let trace = file.read();
    assert!(
        trace
            .marks
            .iter()
            .any(|(_, text)| text == "dualq is no longer the active scheduler")
    );
}

#[test]
fn the_dashboards_key_traces_ten_seconds() {
    let _scheduler = Running::attach(&[]);
    let folder = std::env::temp_dir().join("trace-key");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut command = program::command();
    command.arg("--no-waits").current_dir(&folder);
    let mut terminal = Terminal::start(command, 30, 120);
    terminal.wait_for_screen("it joined", |screen| screen.contains("● dualq"));
    terminal.press(b"T");
    terminal.wait_for_screen("what is traced and its cost", |screen| {
        screen.contains("Tracing 10 s, +") && screen.contains(" instructions a switch: dualq-20")
    });
    terminal.press(b"G");
    terminal.wait_for_screen("what was traced", |screen| screen.contains("runs in 10."));
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    let files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [file] = &files[..] else {
        panic!("{files:?}")
    };
    let trace = Trace::parse(&fs::read_to_string(file).unwrap());
    assert!(
        trace
            .marks
            .iter()
            .any(|(_, text)| text.contains("guarantee 15 %  (key, process "))
    );
    assert!(
        trace
            .runs()
            .any(|run| run.arguments["queue"] == "dualq-top")
    );
    fs::remove_dir_all(&folder).unwrap();
}
