//! Taking over after an owner's end: joined dashboards, a second `attach`, the next start after `--stay`. Members are
//! kept, and no instance takes a scheduler from a living owner.

use std::fs;

use rustix::process::Signal;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};
use crate::support::terminal::Terminal;

fn owner() -> u32 {
    let map = maps::open("owner").expect("the owner's record is pinned");
    let bytes = libbpf_rs::MapCore::lookup(&map, &[0; 4], libbpf_rs::MapFlags::ANY);
    let bytes = bytes.unwrap().unwrap();
    u32::from_ne_bytes(bytes[4..8].try_into().unwrap())
}

#[test]
fn a_second_attach_waits_and_takes_over_with_all_members() {
    let hog = Load::hog().start();
    let first = Running::attach(&[]);
    run_ok(&["add", &hog.pid().to_string()]);
    let mut second = Running::start(&["attach"]);
    let told = format!("dualq is already attached by process {}", first.pid());
    wait_until("it says whom it waits for", PATIENCE, || {
        second.stdout().contains(&told)
    });
    assert!(!second.has_ended());
    assert_eq!(owner(), first.pid(), "the first one's goes on");

    first.signal(Signal::KILL);
    wait_until("the second one has attached", PATIENCE, || {
        guest::is_attached() && second.stdout().contains("1 member taken over")
    });
    assert_eq!(owner(), second.pid());
    assert_eq!(maps::members(), [hog.pid()]);
    let ended = second.terminate();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(!std::path::Path::new(maps::PINS).exists(), "pins are left");
}

#[test]
fn a_second_attach_that_is_interrupted_leaves_the_first_alone() {
    let first = Running::attach(&[]);
    let second = Running::start(&["attach"]);
    wait_until("it waits", PATIENCE, || {
        second.stdout().contains("take over when")
    });
    let ended = second.terminate();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(guest::is_attached());
    assert_eq!(owner(), first.pid());
    assert_eq!(run(&["list"]).status.code(), Some(0));
    first.terminate();
}

#[test]
fn to_stay_is_refused_beside_a_living_owner() {
    let first = Running::attach(&[]);
    let refused = run(&["attach", "--stay"]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(
        refused.stderr.contains(&format!("process {}", first.pid())),
        "{refused:?}"
    );
    assert_eq!(owner(), first.pid());
    first.terminate();
}

#[test]
fn attach_takes_over_a_scheduler_that_was_asked_to_stay() {
    let hog = Load::hog().start();
    run_ok(&["attach", "--stay", "--batch-guarantee", "30"]);
    run_ok(&["add", &hog.pid().to_string()]);
    let next = Running::attach(&["--batch-guarantee", "20"]);
    wait_until("it says what it took over", PATIENCE, || {
        next.stdout().contains("1 member taken over")
    });
    assert_eq!(maps::members(), [hog.pid()]);
    let stats: serde_json::Value = serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap();
    assert_eq!(stats["guarantee_percent"], 20, "its own options hold");
    next.terminate();
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn orphan_with_too_many_members_is_not_taken_over() {
    let hogs = [(); 2].map(|()| Load::hog().start());
    run_ok(&["attach", "--stay"]);
    for hog in &hogs {
        run_ok(&["add", &hog.pid().to_string()]);
    }
    let before = maps::members();
    let refused = run(&["attach", "--max-members", "1"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(
        refused.stderr.contains("--max-members allows 1"),
        "{refused:?}"
    );
    assert!(guest::is_attached());
    assert_eq!(maps::members(), before);
    run_ok(&["detach"]);
}

#[test]
fn joined_dashboard_attaches_with_members_after_owner_is_killed() {
    let hog = Load::hog().named("encoder").start();
    let first = Running::attach(&[]);
    run_ok(&["add", &hog.pid().to_string()]);
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("it has joined", |text| text.contains("joined: process"));
    first.signal(Signal::KILL);
    terminal.wait_for_screen("it says that the owner has gone", |text| {
        text.contains("the owner of the scheduler has ended")
    });
    terminal.press(b"x");
    wait_until("it owns a scheduler", PATIENCE, || {
        guest::is_attached() && owner() == terminal.pid()
    });
    assert_eq!(maps::members(), [hog.pid()]);
    terminal.wait_for_screen("it says so", |text| text.contains("dualq is attached."));
    // Its keys go to the new one.
    terminal.press(b"/encoder\r ");
    wait_until("the member is moved", PATIENCE, || {
        maps::members().is_empty()
    });
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn dashboard_with_stay_detaches_and_attaches_with_stay_again() {
    let hog = Load::hog().start();
    run_ok(&["attach", "--stay", "--batch-guarantee", "30"]);
    run_ok(&["add", &hog.pid().to_string()]);
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("it has joined", |text| text.contains("started with --stay"));
    terminal.press(b"x");
    guest::wait_until_detached();
    terminal.wait_for_screen("it says so", |text| text.contains("x attaches"));
    terminal.press(b"x");
    wait_until("it is attached again", PATIENCE, || {
        guest::is_attached() && owner() == terminal.pid()
    });
    assert_eq!(maps::members(), [hog.pid()]);
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert!(guest::is_attached(), "it was asked to stay");
    let stats: serde_json::Value = serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap();
    assert_eq!(stats["guarantee_percent"], 30);
    run_ok(&["detach"]);
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn a_member_that_ends_between_two_schedulers_is_not_taken_over() {
    let mut hog = Load::hog().start();
    let other = Load::hog().start();
    run_ok(&["attach", "--stay"]);
    run_ok(&["add", &hog.pid().to_string(), &other.pid().to_string()]);
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("it has joined", |text| text.contains("started with --stay"));
    terminal.press(b"x");
    guest::wait_until_detached();
    terminal.wait_for_screen("it says so", |text| text.contains("x attaches"));
    // Nothing of ours runs now that could notice.
    hog.kill();
    terminal.press(b"x");
    wait_until("it is attached again", PATIENCE, guest::is_attached);
    wait_until("its pins are there", PATIENCE, || owner() == terminal.pid());
    assert_eq!(maps::members(), [other.pid()]);
    run(&["detach"]);
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    run_ok(&["detach"]);
}

#[test]
fn why_the_kernel_ended_it_is_logged_with_the_dump() {
    let log = "/var/log/dualq-top.log";
    let _ = fs::remove_file(log);
    let attach = Running::attach(&[]);
    guest::sysrq_s();
    let ended = attach.wait(PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("SysRq-S"), "{}", ended.stderr);
    assert!(ended.stderr.contains(log), "{}", ended.stderr);
    assert_eq!(
        guest::sched_ext_state(),
        "disabled",
        "no restart of its own"
    );
    let text = fs::read_to_string(log).expect("a log is written");
    assert!(
        text.contains("the kernel ended dualq: ended by SysRq-S"),
        "{text}"
    );
    assert!(text.lines().all(|line| !line.contains('\u{1b}')));

    // The dashboard's end is logged alike, by the thread that owns the scheduler.
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    guest::sysrq_s();
    terminal.wait_for_screen("it says why", |text| text.contains("SysRq-S"));
    wait_until("it is logged", PATIENCE, || {
        fs::read_to_string(log).is_ok_and(|text| text.matches("ended by SysRq-S").count() == 2)
    });
    terminal.press(b"x");
    wait_until("x attaches it again", PATIENCE, guest::is_attached);
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}
