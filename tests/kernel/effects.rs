//! The effect of moves from end to end: while all run, over a detach, and in the counters.

use crate::support::guest;
use crate::support::hog::{Hog, Load};
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, run_ok};
use crate::support::shares::{WINDOW, measure, settles, share};
use crate::support::terminal::Terminal;

/// Two hogs that want the same CPU.
fn rivals() -> [Hog; 2] {
    [(); 2].map(|()| Load::hog().on_last_cpu().start())
}

fn first_has(what: &str, rivals: &[Hog; 2], percent: f64) {
    settles(what, &[&rivals[0], &rivals[1]], percent, 4.0, |got| {
        vec![share(got[0], got[1])]
    });
}

#[test]
fn each_of_two_hogs_in_turn_gets_what_the_other_had() {
    let _scheduler = Running::attach(&[]);
    let hogs = rivals();
    let [first, second] = hogs.each_ref().map(|hog| hog.pid().to_string());
    run_ok(&["add", &first]);
    first_has("the first is a member", &hogs, 90.0);
    run_ok(&["remove", &first]);
    run_ok(&["add", &second]);
    first_has("the second is", &hogs, 10.0);
    run_ok(&["add", &first]);
    first_has("both are", &hogs, 50.0);
    run_ok(&["remove", &second]);
    first_has("the first alone again", &hogs, 90.0);
    run_ok(&["remove", &first]);
    first_has("neither is", &hogs, 50.0);
}

#[test]
fn members_have_their_share_again_after_x_and_back() {
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    let hogs = rivals();
    run_ok(&["add", &hogs[0].pid().to_string()]);
    first_has("a member", &hogs, 90.0);
    terminal.press(b"x");
    terminal.wait_for_screen("the kernel default runs", |text| {
        guest::sched_ext_state() == "disabled" && text.contains("x attaches dualq")
    });
    first_has("nobody is before another", &hogs, 50.0);
    terminal.press(b"x");
    terminal.wait_for_screen("ours runs again", |_| guest::is_attached());
    first_has("the member again", &hogs, 90.0);
    assert_eq!(maps::members(), [hogs[0].pid()]);
}

#[test]
fn reattached_scheduler_starts_empty_and_takes_same_members() {
    let hogs = rivals();
    let first = hogs[0].pid().to_string();
    for _ in 0..2 {
        let scheduler = Running::attach(&[]);
        assert!(maps::members().is_empty());
        first_has("no members yet", &hogs, 50.0);
        run_ok(&["add", &first]);
        first_has("a member", &hogs, 90.0);
        scheduler.terminate();
    }
}

#[test]
fn cpu_time_by_queue_is_what_proc_counts_for_the_processes() {
    let _scheduler = Running::attach(&[]);
    let cpus = guest::cpus();
    let one_a_cpu = || (0..cpus).map(|cpu| Load::hog().on_cpu(cpu).start());
    let (members, others) = (Vec::from_iter(one_a_cpu()), Vec::from_iter(one_a_cpu()));
    for member in &members {
        run_ok(&["add", &member.pid().to_string()]);
    }
    let seconds = || {
        [
            Counter::PriorityNs,
            Counter::BatchNs,
            Counter::OwnNs,
            Counter::KernelNs,
        ]
        .map(|counter| maps::counter(counter) as f64 / 1e9)
    };
    let all: Vec<&Hog> = members.iter().chain(&others).collect();
    let mut seen = Vec::new();
    // The host that emulates the CPUs may hold the test up between two of its looks.
    for _ in 0..4 {
        let (before, start) = (seconds(), std::time::Instant::now());
        let got = measure(&all);
        let (after, passed) = (seconds(), start.elapsed().as_secs_f64());
        let counted: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
        let agrees = |a: f64, b: f64| (a - b).abs() < 0.06 * b.max(WINDOW.as_secs_f64() / 2.0);
        // No CPU is ever idle, so that all the classes together have all the time there is.
        if agrees(counted[0], got[..cpus].iter().sum())
            && agrees(counted[1], got[cpus..].iter().sum())
            && agrees(counted.iter().sum(), cpus as f64 * passed)
        {
            return;
        }
        seen.push((got, counted, passed));
    }
    panic!("proc, PRIORITY BATCH own kernel, passed: {seen:.2?}");
}
