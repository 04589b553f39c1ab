//! A smoke test of a quarter of a minute for every kernel from 6.12 on. `vm/smoke`, a part of `make test`, runs it on
//! the newest kernel of each line, where the other tests run on two.

use std::io::Write;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps::{self, Counter};
use crate::support::program::{run, run_ok};
use crate::support::shares::{settles, share};
use crate::support::shell::Shell;
use crate::support::terminal::Terminal;

/// One row of the table in docs/RELIABILITY.md, past the harness, which keeps what a test prints.
fn report(result: &str, load: &str) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let row = format!("smoke | {} | {result} | {load} |", release.trim());
    writeln!(std::io::stderr().lock(), "{row}").unwrap();
}

/// Returns `doctor`'s text about the load.
fn load() -> Result<String, String> {
    let doctor = run(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let load = checks.iter().find(|check| check["name"] == "load");
    let load = load.unwrap_or_else(|| panic!("{doctor:?}"));
    let text = load["text"].as_str().unwrap().to_owned();
    if doctor.status.success() {
        Ok(text)
    } else {
        Err(text)
    }
}

#[test]
fn a_day_with_the_scheduler_passes_on_this_kernel() {
    let begun = Instant::now();
    let loaded = match load() {
        Ok(loaded) => loaded,
        Err(why) => {
            // The build's fault: nothing can be loaded there. Then that is said, and nothing is done.
            assert!(why.contains("type information is damaged"), "{why}");
            let refused = run(&["attach"]);
            assert_eq!(refused.status.code(), Some(3), "{refused:?}");
            assert!(refused.stderr.contains(&why), "{refused:?}");
            assert_eq!(guest::sched_ext_state(), "disabled");
            report(
                "refused with the reason: its type information is damaged",
                "none",
            );
            return;
        }
    };

    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    let last = guest::cpus() - 1;
    let hogs = [(); 2].map(|()| Load::hog().on_cpu(last).start());
    let both = [&hogs[0], &hogs[1]];
    let first = |got: &[f64]| vec![share(got[0], got[1])];
    settles("even shares", &both, 50.0, 8.0, first);
    let moved = maps::counter(Counter::MovedToPriority);
    run_ok(&["add", &hogs[0].pid().to_string()]);
    assert_eq!(maps::members(), [hogs[0].pid()]);
    settles("PRIORITY's share", &both, 90.0, 5.0, first);
    assert!(maps::counter(Counter::MovedToPriority) >= moved);
    let stats: Value = serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap();
    assert!(
        stats["waits"]["batch"]["requeue"]["count"].as_u64() > Some(0),
        "{stats}"
    );
    let served = maps::counter(Counter::BatchDispatched);
    wait_until("counters go on", PATIENCE, || {
        maps::counter(Counter::BatchDispatched) > served
    });
    run_ok(&["remove", &hogs[0].pid().to_string()]);

    let mut shell = Shell::start();
    run_ok(&["add", "--children", &shell.pid().to_string()]);
    let child = shell.child();
    wait_until("a child comes along", PATIENCE, || maps::is_member(child));
    drop(shell);
    wait_until("ends are noticed", PATIENCE, || maps::members().is_empty());

    // The hogs are bound to it.
    if last > 0 {
        drop(guest::OfflineCpu::new(last));
        assert!(guest::is_attached());
    }
    terminal.press(b"x");
    terminal.wait_for_screen(
        "x gives the machine back, and can be pressed again",
        |text| guest::sched_ext_state() == "disabled" && text.contains("x attaches dualq"),
    );
    terminal.press(b"x");
    wait_until("x takes it again", PATIENCE, guest::is_attached);
    let pid = Pid::from_raw(terminal.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    guest::wait_until_detached();
    let took = begun.elapsed().as_secs();
    report(&format!("all of it, in {took} s"), &loaded);
}
