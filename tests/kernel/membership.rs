//! Membership: by commands, read back from the kernel's map, and through the life of processes.

use std::time::Duration;

use libbpf_rs::{MapCore, MapFlags};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, run, run_ok};

#[test]
fn add_list_and_remove_are_what_the_kernels_map_says() {
    let _scheduler = Running::attach(&[]);
    let hog = Load::hog().named("ffmpeg").start();
    let pid = hog.pid().to_string();
    assert_eq!(
        run_ok(&["add", &pid]),
        format!("ffmpeg ({pid}) → PRIORITY\n")
    );
    assert_eq!(maps::members(), [hog.pid()]);
    assert!(run_ok(&["list"]).contains(&pid));
    // Twice is no error and no second entry.
    run_ok(&["-a", &pid]);
    assert_eq!(maps::members(), [hog.pid()]);

    assert_eq!(run_ok(&["-r", &pid]), format!("ffmpeg ({pid}) → BATCH\n"));
    assert!(maps::members().is_empty());
    run_ok(&["remove", &pid]);
    assert!(run_ok(&["-l"]).contains("0 members"));
}

#[test]
fn invalid_process_id_is_refused_and_changes_nothing() {
    let scheduler = Running::attach(&[]);
    let threads = Load::new(&["threads", "3"]).start();
    let tasks = std::fs::read_dir(format!("/proc/{}/task", threads.pid())).unwrap();
    let thread = tasks
        .map(|task| task.unwrap().file_name().into_string().unwrap())
        .find(|tid| *tid != threads.pid().to_string())
        .unwrap();
    let good = threads.pid().to_string();
    for (pid, status, words) in [
        ("0", 2, "invalid process id"),
        ("-7", 2, "invalid process id"),
        ("lots", 2, "invalid process id"),
        ("2", 2, "kernel thread"),
        ("4000000", 7, "no process 4000000"),
        (thread.as_str(), 2, good.as_str()),
    ] {
        for arguments in [&["add", pid][..], &["add", &good, pid], &["-a", pid]] {
            let refused = run(arguments);
            assert_eq!(
                refused.status.code(),
                Some(status),
                "{arguments:?}: {refused:?}"
            );
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
            assert_eq!(
                refused.stderr.trim_end().lines().count(),
                1,
                "{}",
                refused.stderr
            );
            assert!(maps::members().is_empty(), "{arguments:?}");
        }
        assert_ne!(run(&["remove", pid]).status.code(), Some(0), "{pid}");
    }
    // This one only the kernel's side refuses: what went before it is taken out again.
    let refused = run(&["add", &good, &scheduler.pid().to_string()]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains("part of dualq-top"), "{refused:?}");
    assert!(maps::members().is_empty());
}

#[test]
fn a_member_that_ends_is_none_any_more() {
    let _scheduler = Running::attach(&[]);
    let mut hog = Load::hog().start();
    run_ok(&["add", &hog.pid().to_string()]);
    assert_eq!(maps::counter(Counter::MemberExits), 0);
    hog.kill();
    wait_until("the map is empty", PATIENCE, || maps::members().is_empty());
    assert_eq!(maps::counter(Counter::MemberExits), 1);
}

#[test]
fn a_leader_that_exits_first_keeps_the_membership() {
    let _scheduler = Running::attach(&[]);
    // Born to a member whose children come too, it is one before its leader ends.
    let me = std::process::id().to_string();
    run_ok(&["add", "--children", &me]);
    let load = Load::new(&["leader-exits"]).start();
    // The thread group lives on though its leader is a zombie.
    wait_until("the leader has gone", PATIENCE, || {
        !guest::is_alive(load.pid())
    });
    assert!(maps::is_member(load.pid()));
    run_ok(&["remove", &me]);
    assert!(maps::members().is_empty(), "{:?}", maps::members());
    let refused_or_not = run(&["add", &load.pid().to_string()]);
    assert!(refused_or_not.status.success(), "{refused_or_not:?}");
    assert!(maps::is_member(load.pid()));
    drop(load);
    wait_until("the map is empty", PATIENCE, || maps::members().is_empty());
}

#[test]
fn exec_from_a_thread_keeps_the_membership() {
    let _scheduler = Running::attach(&[]);
    // Born to a member whose children come too, it is one before the other thread's exec.
    let me = std::process::id().to_string();
    run_ok(&["add", "--children", &me]);
    let load = Load::new(&["exec-from-thread"]).start();
    assert!(maps::is_member(load.pid()));
    wait_until("it runs on", PATIENCE, || {
        guest::cpu_time(load.pid()) > Duration::from_millis(100)
    });
    assert!(maps::is_member(load.pid()));
    run_ok(&["remove", &me]);
    run_ok(&["add", &load.pid().to_string()]);
    assert_eq!(maps::members(), [load.pid()]);
}

#[test]
fn a_thread_that_ends_does_not_take_its_process_along() {
    let _scheduler = Running::attach(&[]);
    let hog = Load::hog().start();
    let threads = Load::new(&["brief-threads"]).start();
    run_ok(&["add", &hog.pid().to_string(), &threads.pid().to_string()]);
    let ran = maps::counter(Counter::PriorityDispatched);
    wait_until("its threads have come and gone", PATIENCE, || {
        maps::counter(Counter::PriorityDispatched) > ran + 100
    });
    // Children and their exits are not the member's.
    let storm = Load::new(&["fork-storm"]).start();
    let exits = maps::counter(Counter::BatchDispatched);
    wait_until("many processes have come and gone", PATIENCE, || {
        maps::counter(Counter::BatchDispatched) > exits + 500
    });
    drop(storm);
    assert_eq!(maps::members(), [hog.pid(), threads.pid()]);
    assert_eq!(maps::counter(Counter::MemberExits), 0);
}

#[test]
fn an_entry_of_another_start_time_is_not_a_member() {
    let _scheduler = Running::attach(&[]);
    let hog = Load::hog().on_last_cpu().start();
    let other = Load::hog().on_last_cpu().start();
    // What a used-again id would find: an entry of a process that is no more.
    let map = maps::open("priority_pids_map").unwrap();
    let mut value = vec![0; map.value_size() as usize];
    value[..8].copy_from_slice(&12_345u64.to_ne_bytes());
    map.update(&hog.pid().to_ne_bytes(), &value, MapFlags::ANY)
        .unwrap();

    let before = guest::cpu_time(hog.pid());
    let others = guest::cpu_time(other.pid());
    wait_until("the other has had its turns", PATIENCE, || {
        guest::cpu_time(other.pid()) > others + Duration::from_secs(2)
    });
    let got = guest::cpu_time(hog.pid()) - before;
    assert!(
        got < Duration::from_secs(3),
        "it went first all the same: {got:?}"
    );
    assert_eq!(maps::counter(Counter::PriorityDispatched), 0);
}

#[test]
fn ten_thousand_fit_and_the_next_is_refused() {
    let _scheduler = Running::attach(&[]);
    let map = maps::open("priority_pids_map").unwrap();
    let value = vec![1; map.value_size() as usize];
    for pid in 1_000_000u32..1_010_000 {
        map.update(&pid.to_ne_bytes(), &value, MapFlags::NO_EXIST)
            .unwrap();
    }
    let hog = Load::hog().start();
    let refused = run(&["add", &hog.pid().to_string()]);
    assert!(!refused.status.success());
    assert!(
        refused.stderr.contains("full (10,000)"),
        "{}",
        refused.stderr
    );
    map.delete(&1_000_000u32.to_ne_bytes()).unwrap();
    run_ok(&["add", &hog.pid().to_string()]);
}

#[test]
fn the_capacity_is_what_the_option_says() {
    let _scheduler = Running::attach(&["--max-members", "2"]);
    let hogs = [(); 3].map(|()| Load::hog().start());
    run_ok(&[
        "add",
        &hogs[0].pid().to_string(),
        &hogs[1].pid().to_string(),
    ]);
    let refused = run(&["add", &hogs[2].pid().to_string()]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains("full (2)"), "{}", refused.stderr);
}

#[test]
fn processes_are_added_and_removed_by_name() {
    let scheduler = Running::attach(&[]);
    let mut pids = [(); 2].map(|()| Load::hog().named("encoder").start());
    let other = Load::hog().named("decoder").start();
    pids.sort_by_key(Hog::pid);
    run_ok(&["add", "--name", "^enc"]);
    assert_eq!(maps::members(), [pids[0].pid(), pids[1].pid()]);
    run_ok(&["add", "--name", "coder$", &other.pid().to_string()]);
    assert_eq!(maps::members().len(), 3);
    run_ok(&["remove", "--name", "^encoder$"]);
    assert_eq!(maps::members(), [other.pid()]);
    for arguments in [
        ["add", "--name", "^nobody$"],
        ["remove", "--name", "^encoder$"],
    ] {
        let refused = run(&arguments);
        assert_eq!(refused.status.code(), Some(7), "{refused:?}");
    }
    assert_eq!(run(&["add", "--name", "("]).status.code(), Some(2));
    // Whatever matches, the program's own processes and the kernel's threads stay what they are.
    run_ok(&["add", "--name", "."]);
    assert!(maps::is_member(1), "all others are members now");
    assert!(!maps::is_member(2), "kthreadd is a kernel thread");
    assert!(!maps::is_member(scheduler.pid()));
    let refused = run(&["add", &scheduler.pid().to_string()]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains("part of dualq-top"), "{refused:?}");
}
