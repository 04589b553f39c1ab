//! The policy, as its effect on processes shows it.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};

use crate::support::program::{Running, run_ok};
use crate::support::shares::{WINDOW, measure, settles, share};

#[test]
fn the_guarantee_is_what_the_option_says() {
    let _scheduler = Running::attach(&["--batch-guarantee", "30"]);
    let member = Load::hog().on_last_cpu().start();
    let other = Load::hog().on_last_cpu().start();
    run_ok(&["add", &member.pid().to_string()]);
    settles("PRIORITY's share", &[&member, &other], 70.0, 3.0, |got| {
        vec![share(got[0], got[1])]
    });
}

#[test]
fn two_member_hogs_share_and_leave_batch_its_guarantee() {
    let _scheduler = Running::attach(&[]);
    let members = [(); 2].map(|()| Load::hog().on_last_cpu().start());
    let others = [(); 10].map(|()| Load::hog().on_last_cpu().start());
    for member in &members {
        run_ok(&["add", &member.pid().to_string()]);
    }
    let all: Vec<&Hog> = members.iter().chain(&others).collect();
    settles("PRIORITY's share", &all, 90.0, 3.0, |got| {
        vec![share(got[0] + got[1], got[2..].iter().sum())]
    });
    settles(
        "the first member's share of theirs",
        &all,
        50.0,
        5.0,
        |got| vec![share(got[0], got[1])],
    );
}

#[test]
fn nice_values_keep_their_meaning_in_batch() {
    let _scheduler = Running::attach(&[]);
    let first = Load::hog().on_last_cpu().nice(0).start();
    let second = Load::hog().on_last_cpu().nice(5).start();
    // sched_prio_to_weight (kernel/sched/core.c): 1024 against 335.
    settles("nice 0 against 5", &[&first, &second], 75.3, 4.0, |got| {
        vec![share(got[0], got[1])]
    });
    drop((first, second));

    // In this order: its start would take a minute beside the other.
    let second = Load::hog().on_last_cpu().nice(19).start();
    let first = Load::hog().on_last_cpu().nice(-20).start();
    let got = measure(&[&first, &second]);
    assert!(share(got[0], got[1]) > 97.0, "nice -20 against 19: {got:?}");
}

/// A quarter of the CPU is what it wants, a ninth of it is its share.
#[test]
fn sleeper_does_not_wait_for_a_round_of_hogs() {
    let _scheduler = Running::attach(&[]);
    let _hogs = [(); 8].map(|()| Load::hog().on_last_cpu().start());
    let worker = Load::new(&["worker", "4000", "12000"])
        .on_last_cpu()
        .start();
    let mut got = Vec::new();
    while got.last().is_none_or(|&share| share < 18.0) {
        assert!(got.len() < 6, "percent of the CPU: {got:.1?}");
        got.push(100.0 * measure(&[&worker])[0] / WINDOW.as_secs_f64());
    }
}

#[test]
fn hogs_do_not_starve_behind_many_that_sleep_between_their_work() {
    let _scheduler = Running::attach(&[]);
    let workers = [(); 6].map(|()| Load::new(&["worker", "1000", "2000"]).on_last_cpu().start());
    let hogs = [(); 2].map(|()| Load::hog().on_last_cpu().start());
    let all: Vec<&Hog> = hogs.iter().chain(&workers).collect();
    // A quarter is the hogs' share, and a third of the time may be given to the others for nothing.
    settles("the hogs' share", &all, 20.0, 9.0, |got| {
        vec![share(got[0] + got[1], got[2..].iter().sum())]
    });
}

#[test]
fn a_member_that_is_cut_short_goes_on_before_the_others() {
    let _scheduler = Running::attach(&[]);
    let members = Load::new(&["turns", "200"]).on_last_cpu().start();
    wait_until("it waits for its start", PATIENCE, || {
        guest::is_stopped(members.pid())
    });
    run_ok(&["add", &members.pid().to_string()]);
    let _cuts = Load::new(&["waker", "1000"])
        .on_last_cpu()
        .realtime()
        .start();
    let pid = Pid::from_raw(members.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    let turns: usize = members.next_line().parse().unwrap();
    // Slices of 8 ms. Were each cut the end of a turn, it would be some 400.
    assert!(turns < 200, "{turns} turns in 600 ms");
}

/// None of the two that wake each other in turn passes by the queue in which the third waits.
#[test]
fn waking_member_runs_next_beside_two_that_wake_each_other() {
    let _scheduler = Running::attach(&[]);
    let pair = Load::new(&["ping-pong"]).on_last_cpu().start();
    let probe = Load::new(&["probe", "200"]).on_last_cpu().start_stopped();
    for member in [&pair, &probe] {
        run_ok(&["add", &member.pid().to_string()]);
    }
    let median = probe.median_delay();
    // Some 0.5 ms; otherwise 2 to 4, for a kernel thread's next run on that CPU.
    assert!(
        median < Duration::from_micros(1300),
        "it came {median:?} late (median)"
    );
}

/// Checks the share of a member with nice 0 beside one with nice 5, in percent.
fn share_against_nice_5(expected: f64) {
    let first = Load::hog().on_last_cpu().nice(0).start();
    let second = Load::hog().on_last_cpu().nice(5).start();
    let pids = [&first, &second].map(|hog| hog.pid().to_string());
    run_ok(&["add", &pids[0], &pids[1]]);
    let shares = |got: &[f64]| vec![share(got[0], got[1])];
    settles(
        "nice 0 against 5",
        &[&first, &second],
        expected,
        5.0,
        shares,
    );
}

#[test]
fn nice_values_keep_their_meaning_among_members() {
    let _scheduler = Running::attach(&[]);
    share_against_nice_5(75.3);
}

#[test]
fn first_come_first_served_among_members_knows_no_nice_values() {
    let _scheduler = Running::attach(&["--priority-order", "fifo"]);
    share_against_nice_5(50.0);
}

/// First come, first served, each of the eight would have its turn before it.
#[test]
fn a_member_that_wakes_does_not_wait_for_busy_members() {
    let _scheduler = Running::attach(&[]);
    let hogs = Load::new(&["threads", "8"]).on_last_cpu().start();
    let probe = Load::new(&["probe", "200"]).on_last_cpu().start_stopped();
    for member in [&hogs, &probe] {
        run_ok(&["add", &member.pid().to_string()]);
    }
    let median = probe.median_delay();
    // Some 25 µs in virtual time; for a round of the eight 32 ms.
    assert!(
        median < Duration::from_millis(10),
        "it came {median:?} late (median)"
    );
}

/// Returns how often, of 40 times, a task that has hardly any work began before another that was woken with it had worked
/// for 7 ms.
fn in_time(is_member: bool) -> usize {
    let pair = Load::new(&["woken-together", "40"]).on_last_cpu().start();
    wait_until("it waits for its start", PATIENCE, || {
        guest::is_stopped(pair.pid())
    });
    if is_member {
        run_ok(&["add", &pair.pid().to_string()]);
    }
    let pid = Pid::from_raw(pair.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    pair.next_line().parse().unwrap()
}

/// The long one is the first in half of the rounds. A turn of 8 ms in BATCH, or of 10 in PRIORITY, is too long then.
#[test]
fn short_task_woken_with_a_long_one_does_not_wait_for_it() {
    let _scheduler = Running::attach(&[]);
    for is_member in [false, true] {
        let in_time = in_time(is_member);
        assert!(
            in_time >= 36,
            "{in_time} of 40 times (members: {is_member})"
        );
    }
}

/// Checks that a task of nice 19 gets the CPU again and again, and that the kernel keeps the scheduler.
fn keeps_running(meek: &Hog) {
    for _ in 0..3 {
        meek.runs_within(
            Duration::from_secs(3),
            "nice 19 runs within a quarter of the watchdog's limit, and its tick shows",
        );
    }
    assert!(guest::is_attached());
}

#[test]
fn no_member_starves_whatever_the_nice_values() {
    let _scheduler = Running::attach(&["--watchdog", "4"]);
    let meek = Load::hog().on_last_cpu().nice(19).start();
    let greedy = [(); 2].map(|()| Load::hog().on_last_cpu().nice(-20).start());
    for member in greedy.iter().chain([&meek]) {
        run_ok(&["add", &member.pid().to_string()]);
    }
    keeps_running(&meek);
}

#[test]
fn a_yield_gives_up_the_rest_of_the_turn() {
    let _scheduler = Running::attach(&[]);
    let yielders = Load::new(&["yielders", "1000"]).on_last_cpu().start();
    let taken: usize = yielders.next_line().parse().unwrap();
    // A task that is ahead of the others runs alone until they are even. If a yielding task resumed its turn, it
    // would be 10.
    assert!(taken > 200, "both others ran after {taken} of 1000 yields");
}

#[test]
fn tasks_that_only_yield_take_no_cpu_from_a_hog() {
    let _scheduler = Running::attach(&[]);
    let _yielders = [(); 5].map(|()| {
        Load::new(&["yielders", "1000000000000"])
            .on_last_cpu()
            .start()
    });
    let hog = Load::hog().on_last_cpu().start();
    // Where a yield left what remains of the turn uncharged, it had 3 of 100. Emulated, their switches take long.
    settles("the hog's share", &[&hog], 60.0, 40.0, |got| {
        vec![100.0 * got[0] / WINDOW.as_secs_f64()]
    });
}

#[test]
fn a_yield_costs_a_quarter_of_a_turn_at_most() {
    let _scheduler = Running::attach(&[]);
    let hog = Load::hog().on_last_cpu().start();
    let yielders = Load::new(&["yielders", "1000"]).on_last_cpu().start();
    let before = guest::cpu_time(hog.pid());
    let _taken = yielders.next_line();
    let ran = guest::cpu_time(hog.pid()) - before;
    // A quarter is 1 ms. Where the whole rest of a turn counted, it was 2.2 s.
    assert!(
        ran < Duration::from_millis(1600),
        "beside 1,000 yields a hog ran for {ran:?}"
    );
}

#[test]
fn nobody_in_batch_starves_whatever_the_nice_values() {
    // The watchdog checks what a plain virtual time got wrong: ejected after 45 s at 30 s.
    let _scheduler = Running::attach(&["--watchdog", "4"]);
    let meek = Load::hog().on_last_cpu().nice(19).start();
    let _greedy = [(); 2].map(|()| Load::hog().on_last_cpu().nice(-20).start());
    keeps_running(&meek);
}

#[test]
fn batch_behind_member_hogs_outlives_the_watchdog() {
    let _scheduler = Running::attach(&["--watchdog", "4"]);
    let others: Vec<Hog> = [Load::hog().nice(19).start()]
        .into_iter()
        .chain((0..8).map(|_| Load::hog().start()))
        .collect();
    let member = Load::new(&["threads", "4"]).start();
    run_ok(&["add", &member.pid().to_string()]);
    let before: Vec<_> = others
        .iter()
        .map(|hog| guest::cpu_time(hog.pid()))
        .collect();
    let start = Instant::now();
    wait_until("twice the limit is over", Duration::from_secs(20), || {
        assert!(guest::is_attached(), "ejected after {:?}", start.elapsed());
        start.elapsed() > Duration::from_secs(8)
    });
    for (hog, before) in others.iter().zip(before) {
        assert!(
            guest::cpu_time(hog.pid()) > before,
            "process {} starved",
            hog.pid()
        );
    }
}

#[test]
fn with_guarantee_zero_the_watchdog_ends_it_and_attach_says_so() {
    let scheduler = Running::attach(&["--batch-guarantee", "0", "--watchdog", "2"]);
    let member = Load::hog().on_last_cpu().start();
    run_ok(&["add", &member.pid().to_string()]);
    let _other = Load::hog().on_last_cpu().start();
    let ended = scheduler.wait(Duration::from_secs(20));
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("watchdog"), "{}", ended.stderr);
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn first_come_first_served_knows_no_nice_values() {
    let _scheduler = Running::attach(&["--batch-order", "fifo"]);
    let first = Load::hog().on_last_cpu().nice(-20).start();
    let second = Load::hog().on_last_cpu().nice(19).start();
    settles(
        "nice -20 against 19",
        &[&first, &second],
        50.0,
        5.0,
        |got| vec![share(got[0], got[1])],
    );
}

/// Returns how often two hogs on one CPU took turns within a second.
fn switches(options: &[&str]) -> u64 {
    let _scheduler = Running::attach(options);
    let hogs = [(); 2].map(|()| Load::hog().on_last_cpu().start());
    let count = || -> u64 {
        hogs.iter()
            .map(|hog| guest::forced_switches(hog.pid()))
            .sum()
    };
    let before = count();
    std::thread::sleep(Duration::from_secs(1));
    count() - before
}

#[test]
fn slices_are_as_long_as_the_options_say() {
    let (short, long) = (
        switches(&["--batch-slice", "4"]),
        switches(&["--batch-slice", "100"]),
    );
    // 250 and 10 on a machine of our own; the host takes time from this one at random.
    assert!(short > 4 * long, "{short} against {long}");
    assert!(long > 0, "nobody took turns");
}
