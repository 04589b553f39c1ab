//! Machines on which no scheduler can be started, for what their kernel is or was told at its start.
//! Each of these tests needs a machine of its own, so that they are ignored unless they are asked
//! for. `vm/test` boots one for each, and has the kernel and its command line for it.

use std::path::Path;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::maps::{self, Counter};
use crate::support::program::{self, Running, be_served_first, run, run_ok};
use crate::support::shares::{WINDOW, measure, settles, share};
use crate::support::terminal::Terminal;

/// `attach`, `doctor` and the dashboard refuse alike, in these words; looking is still possible;
/// nothing is left half done.
fn is_refused_everywhere(words: &[&str]) {
    let in_words = |text: &str| {
        for word in words {
            assert!(text.contains(word), "without {word}: {text}");
        }
    };
    for arguments in [&["attach"][..], &["attach", "--stay"], &["doctor"]] {
        let refused = run(arguments);
        assert_eq!(refused.status.code(), Some(3), "{arguments:?}: {refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
        in_words(&refused.stderr);
        if arguments == ["doctor"] {
            let mut lines = refused.stdout.lines();
            in_words(lines.find(|line| line.starts_with("refused")).unwrap());
        }
    }
    let mut dashboard = wide(&[]);
    assert_eq!(dashboard.wait(PATIENCE).code(), Some(3));
    dashboard.wait_for_screen("the one sentence", |text| {
        text.contains("dualq-top: ") && words.iter().all(|word| text.contains(word))
    });
    assert!(!dashboard.is_full_screen());

    let mut view = wide(&["--view"]);
    view.wait_for_screen("the processes", |text| {
        text.contains("view mode:") && text.contains("kthreadd")
    });
    view.press(b"q");
    assert!(view.wait(PATIENCE).success());

    let state = std::fs::read_to_string("/sys/kernel/sched_ext/state");
    assert!(!state.is_ok_and(|state| state.trim() != "disabled"));
    assert!(!Path::new(maps::PINS).exists(), "pins are left");
}

/// The dashboard where a sentence has room on one line.
fn wide(options: &[&str]) -> Terminal {
    let mut command = program::command();
    command.args(options);
    Terminal::start(command, 30, 200)
}

#[test]
#[ignore = "boots with lockdown=confidentiality"]
fn lockdown_confidentiality_is_refused_with_the_remedy() {
    is_refused_everywhere(&["confidentiality", "boot with lockdown=integrity or none"]);
}

#[test]
#[ignore = "boots with lockdown=integrity"]
fn on_a_kernel_locked_down_for_integrity_it_works() {
    let lockdown = std::fs::read_to_string("/sys/kernel/security/lockdown").unwrap();
    assert!(lockdown.contains("[integrity]"), "{lockdown}");
    let doctor = run_ok(&["doctor"]);
    assert!(!doctor.contains("refused"), "{doctor}");
    let scheduler = Running::attach(&[]);
    let hog = Load::hog().start();
    run_ok(&["add", &hog.pid().to_string()]);
    assert_eq!(maps::members(), [hog.pid()]);
    scheduler.terminate();
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
#[ignore = "boots a real-time kernel"]
fn a_real_time_kernel_is_refused_with_the_reason() {
    is_refused_everywhere(&["PREEMPT_RT", "boot a kernel without"]);
}

#[test]
#[ignore = "boots with isolcpus=1"]
fn with_an_isolated_cpu_it_is_refused_with_the_reason() {
    is_refused_everywhere(&["CPUs 1 are isolated", "boot without isolcpus="]);
}

#[test]
#[ignore = "boots a kernel without sched_ext"]
fn a_kernel_without_sched_ext_is_refused_and_another_way_named() {
    is_refused_everywhere(&[
        "no sched_ext",
        "CONFIG_SCHED_CLASS_EXT",
        "make demo",
        "dualq-top replay",
    ]);
    for arguments in [&["list"][..], &["stats"], &["add", "1"]] {
        let refused = run(arguments);
        assert_eq!(refused.status.code(), Some(3), "{arguments:?}: {refused:?}");
        assert!(refused.stderr.contains("make demo"), "{refused:?}");
    }
}

/// Each thread's part of what one CPU has, at the least in the best of some windows.
fn reaches(what: &str, hog: &Hog, percent: f64) {
    let mut seen = Vec::new();
    while seen.last().is_none_or(|&got| got < percent) {
        assert!(seen.len() < 6, "{what}: percent of a CPU: {seen:.1?}");
        seen.push(100.0 * measure(&[hog])[0] / WINDOW.as_secs_f64());
    }
}

#[test]
#[ignore = "boots with four CPUs"]
fn crowd_confined_to_two_of_four_cpus_takes_no_share_from_rest() {
    assert_eq!(guest::online_cpus(), "0-3");
    let scheduler = Running::attach(&[]);
    be_served_first();
    let crowd = Load::new(&["threads", "20"]).on_cpus(&[0, 1]).start();
    let free = [(); 3].map(|()| Load::hog().start());
    let bound = Load::hog().on_cpu(3).start();
    // Half of its CPU is its share. It had a thousandth: the crowd's head stood before it each time.
    reaches("one that is bound to another CPU", &bound, 25.0);
    drop((crowd, free, bound));

    let crowd = [(); 3].map(|()| Load::hog().on_cpus(&[0, 1]).start());
    let free = [(); 2].map(|()| Load::hog().start());
    let meek = Load::hog().nice(19).start();
    let all = [&meek, &free[0], &free[1]];
    settles("nice 19 beside two of nice 0", &all, 0.0, 12.0, |got| {
        vec![share(got[0], got[1] + got[2])]
    });
    drop((crowd, free, meek));

    let crowd = [0, 0, 19, 19].map(|nice| Load::hog().nice(nice).on_cpus(&[0, 1]).start());
    // Not bound, though it has its CPU for itself: its time is the shared queue's, and goes by fast.
    let alone = Load::hog().nice(19).on_cpus(&[2, 3]).start();
    let all: Vec<&Hog> = crowd.iter().chain([&alone]).collect();
    settles("nice 0 against 19 in the crowd", &all, 98.0, 8.0, |got| {
        vec![share(got[0] + got[1], got[2] + got[3])]
    });
    drop((crowd, alone));

    let crowd = Load::new(&["threads", "4"]).on_cpus(&[0, 1]).start();
    run_ok(&["add", &crowd.pid().to_string()]);
    let hog = Load::hog().on_cpu(3).start();
    let before = maps::counter(Counter::Preemptions);
    // Members wait all the time, but not for that CPU.
    let waker = Load::new(&["waker", "1000"]).on_cpu(3).start();
    wait_until("who wakes in BATCH preempts a hog", PATIENCE, || {
        maps::counter(Counter::Preemptions) > before + 100
    });
    drop((crowd, hog, waker));
    scheduler.terminate();
}
