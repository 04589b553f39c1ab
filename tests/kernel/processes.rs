//! Membership through the life of a process: threads, children, an id used again.

use std::time::{Duration, Instant};

use libbpf_rs::{MapCore, MapFlags};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, run_ok};
use crate::support::shares::{measure, settles, share};

fn add(hog: &Hog) {
    run_ok(&["add", &hog.pid().to_string()]);
}

#[test]
fn all_threads_of_a_member_go_first() {
    let _scheduler = Running::attach(&[]);
    let member = Load::new(&["threads", "3"]).on_last_cpu().start();
    let others = [(); 3].map(|()| Load::hog().on_last_cpu().start());
    add(&member);
    let all: Vec<&Hog> = [&member].into_iter().chain(&others).collect();
    // Were only the first one a member, the other two would have a fifth of what is left.
    settles("the member's share", &all, 90.0, 3.0, |got| {
        vec![share(got[0], got[1..].iter().sum())]
    });
}

#[test]
fn threads_that_come_and_go_leave_their_process_a_member() {
    let _scheduler = Running::attach(&[]);
    let member = Load::new(&["thread-storm"]).start();
    add(&member);
    let before = maps::counter(Counter::PriorityDispatched);
    wait_until("hundreds of threads have run", PATIENCE, || {
        maps::counter(Counter::PriorityDispatched) > before + 500
    });
    assert_eq!(maps::members(), [member.pid()]);
    assert_eq!(maps::counter(Counter::MemberExits), 0);
}

#[test]
fn a_child_of_a_member_is_no_member() {
    let _scheduler = Running::attach(&[]);
    let parent = Load::new(&["parent"]).on_last_cpu().start();
    let other = Load::hog().on_last_cpu().start();
    // Before it has a child.
    wait_until("it has stopped", PATIENCE, || {
        guest::is_stopped(parent.pid())
    });
    add(&parent);
    let pid = Pid::from_raw(parent.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::CONT).unwrap();
    let line = parent.next_line();
    let child: u32 = line.strip_prefix("child ").unwrap().parse().unwrap();
    wait_until("the child has run", PATIENCE, || {
        guest::cpu_time(child) > Duration::from_millis(100)
    });
    assert_eq!(maps::members(), [parent.pid()]);
    let before = [child, other.pid()].map(guest::cpu_time);
    measure(&[]);
    let [first, second] = [child, other.pid()].map(|pid| guest::cpu_time(pid).as_secs_f64());
    let got = share(
        first - before[0].as_secs_f64(),
        second - before[1].as_secs_f64(),
    );
    assert!((30.0..70.0).contains(&got), "its child went first: {got}");
}

#[test]
fn a_process_that_gets_the_id_of_a_former_member_is_no_member() {
    let _scheduler = Running::attach(&[]);
    let mut member = Load::hog().on_last_cpu().start();
    let pid = member.pid();
    add(&member);
    let map = maps::open("priority_pids_map").unwrap();
    let entry = map.lookup(&pid.to_ne_bytes(), MapFlags::ANY);
    let entry = entry.unwrap().unwrap();
    member.kill();
    wait_until("the membership has ended", PATIENCE, || {
        maps::members().is_empty()
    });

    let _again = Load::new(&["as-pid", &pid.to_string()])
        .on_last_cpu()
        .start();
    assert!(guest::is_alive(pid), "the id is not used again");
    assert!(maps::members().is_empty());
    // Not even where the end of the membership was missed, and the old entry has stayed.
    map.update(&pid.to_ne_bytes(), &entry, MapFlags::ANY)
        .unwrap();
    let before = maps::counter(Counter::PriorityDispatched);
    let other = Load::hog().on_last_cpu().start();
    wait_until("it takes turns with another", PATIENCE, || {
        guest::cpu_time(other.pid()) > Duration::from_secs(1)
    });
    assert_eq!(maps::counter(Counter::PriorityDispatched), before);
}

#[test]
fn when_a_member_ends_its_cpu_goes_to_batch() {
    let _scheduler = Running::attach(&[]);
    let mut member = Load::hog().on_last_cpu().start();
    let other = Load::hog().on_last_cpu().start();
    add(&member);
    settles("the member's share", &[&member, &other], 90.0, 3.0, |got| {
        vec![share(got[0], got[1])]
    });
    member.kill();
    // The guarantee was all it had; now it has the CPU.
    let window = Duration::from_secs(1);
    let had_it_all = guest::holds_within(PATIENCE, || {
        let before = guest::cpu_time(other.pid());
        let start = Instant::now();
        std::thread::sleep(window);
        guest::cpu_time(other.pid()) - before > start.elapsed().mul_f64(0.9)
    });
    assert!(had_it_all, "BATCH did not get the whole CPU");
    assert!(guest::is_attached());
}
