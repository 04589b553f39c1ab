//! Tests that need two CPUs: the policy across them, and simultaneous events on both.

use std::thread;
use std::time::{Duration, Instant};

use dualq_top::scheduler::Handle;
use libbpf_rs::{MapCore, MapFlags};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, be_served_first, run_ok};
use crate::support::shares::{WINDOW, settles, share};
use crate::support::sleepers::{change_pids, pids, sleepers};

#[test]
fn members_get_all_but_the_guarantee_and_removal_makes_it_even() {
    let _scheduler = Running::attach(&[]);
    let members = [0, 1].map(|cpu| Load::hog().on_cpu(cpu).start());
    let others = [0, 1].map(|cpu| Load::hog().on_cpu(cpu).start());
    let pids = members.each_ref().map(|hog| hog.pid().to_string());
    run_ok(&["add", &pids[0], &pids[1]]);
    let all = [&members[0], &others[0], &members[1], &others[1]];

    let by_cpu = |got: &[f64]| vec![share(got[0], got[1]), share(got[2], got[3])];
    settles("PRIORITY's share of each CPU", &all, 90.0, 3.0, by_cpu);

    run_ok(&["remove", &pids[0], &pids[1]]);
    settles(
        "the first one's share after the removal",
        &all,
        50.0,
        3.0,
        by_cpu,
    );
}

#[test]
fn hogs_that_may_run_anywhere_share_all_cpus_evenly() {
    // Those that ran before the attach as well as those that come after it.
    let early: Vec<Hog> = (0..2).map(|_| Load::hog().start()).collect();
    let _scheduler = Running::attach(&[]);
    let late = Load::hog().start();
    let all: Vec<&Hog> = early.iter().chain([&late]).collect();
    settles(
        "each one's percent of the two CPUs",
        &all,
        33.3,
        3.0,
        |got| {
            let cpus = 2.0 * WINDOW.as_secs_f64();
            got.iter().map(|time| 100.0 * time / cpus).collect()
        },
    );
}

#[test]
fn pinned_and_free_tasks_get_the_same_time() {
    let _scheduler = Running::attach(&[]);
    be_served_first();
    let free = Load::hog().start();
    let bound = [0, 1].map(|cpu| [(); 4].map(|()| Load::hog().on_cpu(cpu).start()));
    let all: Vec<&Hog> = [&free].into_iter().chain(bound.iter().flatten()).collect();
    settles("one's share beside eight", &all, 100.0 / 9.0, 4.0, |got| {
        vec![share(got[0], got[1..].iter().sum())]
    });

    let more = [(); 7].map(|()| Load::hog().start());
    let left = bound.map(|[one, ..]| one);
    let all: Vec<&Hog> = left.iter().chain([&free]).chain(&more).collect();
    settles("two bound ones' share", &all, 20.0, 5.0, |got| {
        vec![share(got[0] + got[1], got[2..].iter().sum())]
    });
}

#[test]
fn counters_move_on_the_cpu_where_the_work_is() {
    let _scheduler = Running::attach(&[]);
    let member = Load::new(&["waker", "1000"]).on_cpu(1).start();
    run_ok(&["add", &member.pid().to_string()]);
    let enqueued = maps::counter_by_cpu(Counter::PriorityEnqueued);
    let dispatched = maps::counter_by_cpu(Counter::PriorityDispatched);
    wait_until("CPU 1 dispatches the member", PATIENCE, || {
        maps::counter_by_cpu(Counter::PriorityDispatched)[1] > dispatched[1] + 200
    });
    assert!(maps::counter_by_cpu(Counter::PriorityEnqueued)[1] > enqueued[1] + 200);
    assert_eq!(
        maps::counter_by_cpu(Counter::PriorityDispatched)[0],
        dispatched[0]
    );
    assert_eq!(
        maps::counter_by_cpu(Counter::PriorityEnqueued)[0],
        enqueued[0]
    );

    drop(member);
    let batch = Load::new(&["waker", "1000"]).on_cpu(0).start();
    let priority = maps::counter(Counter::PriorityDispatched);
    let before = maps::counter_by_cpu(Counter::BatchDispatched);
    wait_until("CPU 0 dispatches the other", PATIENCE, || {
        maps::counter_by_cpu(Counter::BatchDispatched)[0] > before[0] + 200
    });
    assert_eq!(maps::counter(Counter::PriorityDispatched), priority);
    drop(batch);
}

#[test]
fn a_cpu_with_pinned_hogs_goes_off_and_comes_back() {
    let _scheduler = Running::attach(&[]);
    let hogs: Vec<Hog> = (0..4).map(|_| Load::hog().on_cpu(1).start()).collect();
    run_ok(&["add", &hogs[0].pid().to_string()]);
    let start = Instant::now();
    let offline = guest::OfflineCpu::new(1);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    assert!(guest::is_attached());
    run_ok(&["add", &hogs[1].pid().to_string()]);
    drop(offline);
    assert!(guest::is_attached());
    assert_eq!(maps::members().len(), 2);
}

#[test]
fn the_totals_are_the_sums_over_the_cpus() {
    let _scheduler = Running::attach(&[]);
    let _hogs = [0, 1].map(|cpu| Load::hog().on_cpu(cpu).start());
    let stats: Value = serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap();
    let cpus = stats["cpus"].as_array().unwrap();
    let totals = stats["total"].as_object().unwrap();
    assert!(totals.len() >= 5, "{totals:?}");
    for (key, total) in totals {
        let sum: u64 = cpus.iter().map(|cpu| cpu[key].as_u64().unwrap()).sum();
        assert_eq!(total.as_u64(), Some(sum), "{key}");
    }
    // They only grow, so that the map, read later, bounds them.
    let later = maps::counter(Counter::BatchDispatched);
    assert!((1..=later).contains(&totals["batch_dis"].as_u64().unwrap()));
}

#[test]
fn task_woken_by_busy_waker_runs_on_idle_cpu_at_once() {
    let _scheduler = Running::attach(&["--priority-slice", "100"]);
    let pair = Load::new(&["late-after-sync", "20"]).start();
    wait_until("it waits for its start", PATIENCE, || {
        guest::is_stopped(pair.pid())
    });
    run_ok(&["add", &pair.pid().to_string()]);
    let pid = Pid::from_raw(pair.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    let late: u64 = pair.next_line().parse().unwrap();
    // Behind the one that woke it: tens of milliseconds.
    assert!(late < 15_000, "{late} µs late");
}

#[test]
fn dispatches_never_exceed_enqueues() {
    let _scheduler = Running::attach(&[]);
    let storm = Load::new(&["fork-storm"]).start();
    let wakers: Vec<Hog> = (0..6)
        .map(|_| Load::new(&["waker", "500"]).start())
        .collect();
    for waker in &wakers {
        run_ok(&["add", &waker.pid().to_string()]);
        run_ok(&["remove", &waker.pid().to_string()]);
    }
    drop((storm, wakers));
    // Dispatched is read first: what is enqueued in between makes the difference only larger.
    let dispatched =
        maps::counter(Counter::PriorityDispatched) + maps::counter(Counter::BatchDispatched);
    let enqueued = maps::counter(Counter::PriorityEnqueued) + maps::counter(Counter::BatchEnqueued);
    assert!(dispatched > 1000, "{dispatched}");
    assert!(
        dispatched <= enqueued,
        "{dispatched} dispatched, {enqueued} enqueued"
    );
}

#[test]
fn move_during_dispatch_counts_once_in_the_class_that_runs() {
    let _scheduler = Running::attach(&[]);
    // One of three always waits, and is taken at once.
    let yielders: Vec<Hog> = (0..2)
        .map(|_| Load::new(&["yielders", "1000000000000"]).start())
        .collect();
    let handle = Handle::open().unwrap();
    let moved = || maps::counter(Counter::MovedToBatch);
    let begun = Instant::now();
    while moved() < 3000 {
        for yielder in &yielders {
            handle.members.add(yielder.pid(), None).unwrap();
            handle.members.remove(yielder.pid()).unwrap();
        }
        assert!(begun.elapsed() < PATIENCE, "{} moved", moved());
    }
    drop(yielders);
    wait_until("as many have left PRIORITY as came", PATIENCE, || {
        let came =
            maps::counter(Counter::PriorityEnqueued) + maps::counter(Counter::MovedToPriority);
        came == maps::counter(Counter::PriorityDispatched) + moved()
    });
}

#[test]
fn changes_at_the_same_time_are_neither_lost_nor_mixed_up() {
    let _scheduler = Running::attach(&[]);
    let sleepers = sleepers(6);
    let pids = pids(&sleepers);
    let map = maps::open("priority_pids_map").unwrap();
    let value = vec![1; map.value_size() as usize];
    thread::scope(|scope| {
        // Commands, each on processes of its own; the first of each two is added last.
        for pair in pids.chunks(2) {
            scope.spawn(|| {
                for _ in 0..2 {
                    change_pids("add", pair);
                    change_pids("remove", pair);
                }
                change_pids("add", &pair[..1]);
            });
        }
        // And a tool that writes to the map itself.
        for part in 0..2 {
            let (map, value) = (&map, &value);
            scope.spawn(move || {
                let own = 1_000_000 + part * 1000..1_000_500 + part * 1000;
                for pid in own.clone() {
                    map.update(&u32::to_ne_bytes(pid), value, MapFlags::NO_EXIST)
                        .unwrap();
                }
                for pid in own.skip(1) {
                    map.delete(&u32::to_ne_bytes(pid)).unwrap();
                }
            });
        }
    });
    let mut expected: Vec<u32> = pids.chunks(2).map(|pair| pair[0]).collect();
    expected.extend([1_000_000, 1_001_000]);
    assert_eq!(maps::members(), expected);
}

#[test]
fn a_storm_of_children_leaves_nothing_behind() {
    let _scheduler = Running::attach(&[]);
    let storm = Load::new(&["fork-storm"]).start();
    let pid = storm.pid().to_string();
    run_ok(&["add", "--children", &pid]);
    wait_until("children have come and gone", PATIENCE, || {
        maps::counter(Counter::MemberExits) > 20
    });
    run_ok(&["remove", &pid]);
    assert!(maps::members().is_empty(), "{:?}", maps::members());
    let exits = maps::counter(Counter::MemberExits);
    let time = guest::cpu_time(storm.pid());
    wait_until("the storm goes on", PATIENCE, || {
        guest::cpu_time(storm.pid()) > time + Duration::from_millis(50)
    });
    assert_eq!(maps::counter(Counter::MemberExits), exits);
}

#[test]
fn scheduler_ended_during_start_is_not_reported_attached() {
    let scheduler = Running::start(&["attach"]);
    while guest::sched_ext_state() == "disabled" {
        std::thread::yield_now();
    }
    // At first the kernel may have nothing yet that it could end. Without a pause: it is to be ended
    // before it has started.
    let begun = Instant::now();
    while guest::sched_ext_state() != "disabled" {
        guest::sysrq_s();
        assert!(begun.elapsed() < PATIENCE, "it is not ended");
    }
    let ended = scheduler.wait(PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("SysRq-S"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("attached"), "{ended:?}");
    assert_eq!(guest::sched_ext_state(), "disabled");
    Running::attach(&[]).terminate();
}
