//! Another scheduler of ours than before runs: what is shown, moved and ended is that one, and it is
//! ended only by its owner.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Running, run_ok};
use crate::support::terminal::Terminal;

fn joined(text: &str, owner: u32) -> bool {
    text.contains(&format!("joined: process {owner} owns"))
}

fn attached_dashboard(options: &[&str]) -> Terminal {
    let terminal = Terminal::dashboard(options);
    terminal.wait_for_screen("it is attached", |text| text.contains("● dualq"));
    terminal
}

/// Whoever starts one holds it.
const LOCK: &str = "/run/dualq-top.lock";
const MAP: &str = "anon_inode:bpf-map";

/// Of what it has open, how many are called so.
fn open_files(program: &Running, name: &str) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", program.pid())).unwrap();
    let files = open.flatten().flat_map(|fd| fs::read_link(fd.path()));
    files.filter(|file| file == Path::new(name)).count()
}

/// Also with what it moves while that one starts.
#[test]
fn a_joined_dashboard_goes_on_with_the_next_owners_scheduler() {
    let [early, late] = ["early", "late"].map(|name| Load::new(&["sleeper"]).named(name).start());
    let first = Running::attach(&[]);
    let second = Running::start(&["attach", "--no-waits"]);
    wait_until("the second one waits", PATIENCE, || {
        second.stdout().contains("take over when")
    });
    let mut dashboard = Terminal::dashboard(&[]);
    dashboard.wait_for_screen("it has joined", |text| joined(text, first.pid()));
    // It goes by what is on the screen, as between two looks.
    dashboard.press(b"p");
    dashboard.wait_for_screen("it stands still", |text| text.contains("is paused"));
    let lock = File::open(LOCK).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    first.signal(Signal::KILL);
    wait_until("the second one asks for its turn", PATIENCE, || {
        open_files(&second, LOCK) == 1
    });
    second.signal(Signal::STOP);
    flock(&lock, FlockOperation::Unlock).unwrap();
    dashboard.press(b"/early\r ");
    dashboard.wait_for_screen("it says so", |text| text.contains("→ PRIORITY"));
    let maps_of_the_first = open_files(&second, MAP);
    second.signal(Signal::CONT);
    wait_until("the second one loads its own", PATIENCE, || {
        open_files(&second, MAP) > maps_of_the_first
    });
    second.signal(Signal::STOP);
    dashboard.press(b"/late\r ");
    wait_until("it is moved where it was", PATIENCE, || {
        maps::is_member(late.pid())
    });
    second.signal(Signal::CONT);
    wait_until("the second one has taken over", PATIENCE, || {
        second.stdout().contains("dualq attached")
    });
    for (when, pid) in [("before", early.pid()), ("meanwhile", late.pid())] {
        let what = format!("moved {when}, it is a member");
        wait_until(&what, PATIENCE, || maps::is_member(pid));
    }

    // The screen goes on by itself: who rules the machine is never hidden.
    dashboard.wait_for_screen("it has joined the second one", |text| {
        joined(text, second.pid())
    });
    dashboard.press(b"/early\r ");
    wait_until("it is moved where it counts", PATIENCE, || {
        !maps::is_member(early.pid())
    });
    dashboard.wait_for_screen("the member is the running one's", |text| {
        text.contains("1 member")
    });
    let other = Load::hog().start();
    run_ok(&["add", &other.pid().to_string()]);
    dashboard.wait_for_screen("the members are the running one's", |text| {
        text.contains("2 members")
    });
    // With these it goes on itself.
    second.terminate();
    dashboard.wait_for_screen("the owner has gone", |text| text.contains("has ended: x"));
    dashboard.press(b"x");
    wait_until("it is attached again", PATIENCE, guest::is_attached);
    let mut both = [late.pid(), other.pid()];
    both.sort_unstable();
    assert_eq!(maps::members(), both);
    dashboard.press(b"q");
    assert!(dashboard.wait(PATIENCE).success());
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn moves_during_takeover_of_an_orphan_are_kept() {
    let moved = Load::new(&["sleeper"]).named("meanwhile").start();
    run_ok(&["attach", "--stay", "--no-waits"]);
    let mut dashboard = Terminal::dashboard(&[]);
    dashboard.wait_for_screen("it has joined", |text| text.contains("started with --stay"));
    let reader = Running::start(&["stats", "--watch", "1"]);
    wait_until("it reads", PATIENCE, || !reader.stdout().is_empty());
    let next = Running::start(&["attach", "--no-waits"]);
    // Those of the one that stays, which it copies the members from, are a reader's.
    wait_until("it loads its own maps", PATIENCE, || {
        open_files(&next, MAP) > open_files(&reader, MAP)
    });
    next.signal(Signal::STOP);
    dashboard.press(b"/meanwhile\r ");
    wait_until("it is moved where it was", PATIENCE, || {
        maps::is_member(moved.pid())
    });
    assert!(!next.stdout().contains("attached"), "it was too late");
    next.signal(Signal::CONT);
    dashboard.wait_for_screen("it has joined the next one", |text| {
        joined(text, next.pid())
    });
    assert_eq!(maps::members(), [moved.pid()]);
    next.terminate();
}

#[test]
fn x_leaves_the_next_owners_scheduler_alone_that_is_to_stay() {
    let first = Running::attach(&[]);
    let mut dashboard = Terminal::dashboard(&[]);
    dashboard.wait_for_screen("it has joined", |text| joined(text, first.pid()));
    first.terminate();
    let next = attached_dashboard(&["--stay"]);
    dashboard.wait_for_screen("it has joined the next one", |text| {
        joined(text, next.pid())
    });
    dashboard.press(b"x");
    dashboard.wait_for_screen("it is refused", |text| {
        text.contains(&format!("Process {} owns", next.pid()))
    });
    assert!(maps::pin("link").exists(), "it is no longer kept");
    assert!(guest::is_attached());
    drop(next);
    dashboard.wait_for_screen("its owner has gone", |text| text.contains("x ends it"));
    dashboard.press(b"x");
    guest::wait_until_detached();
}

#[test]
fn detached_owner_joins_next_scheduler_then_attaches_its_own() {
    let hog = Load::hog().named("encoder").start();
    let mut first = attached_dashboard(&[]);
    first.press(b"x");
    first.wait_for_screen("it is handed over", |text| text.contains("x attaches"));
    let next = Running::attach(&[]);
    first.wait_for_screen("it has joined", |text| joined(text, next.pid()));
    first.press(b"/encoder\r ");
    wait_until("it is moved where it counts", PATIENCE, || {
        maps::is_member(hog.pid())
    });
    first.press(b"x");
    first.wait_for_screen("x is refused", |text| {
        text.contains(&format!("Process {} owns", next.pid()))
    });
    assert!(guest::is_attached());
    next.terminate();
    first.wait_for_screen("nobody schedules", |text| !text.contains("joined"));

    run_ok(&["attach", "--stay", "--no-waits"]);
    first.wait_for_screen("it has joined", |text| text.contains("x ends it"));
    first.press(b"x");
    guest::wait_until_detached();
    first.wait_for_screen("it says so", |text| text.contains("x attaches"));
    first.press(b"x");
    wait_until("its own is attached again", PATIENCE, guest::is_attached);
    assert_eq!(maps::members(), [] as [u32; 0], "its own members");
    first.wait_for_screen("it owns it", |text| {
        text.contains("dualq is attached.") && !text.contains("joined")
    });
    first.press(b"q");
    assert!(first.wait(PATIENCE).success());
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn stats_goes_on_with_the_scheduler_that_runs() {
    let hog = Load::hog().start();
    let first = Running::attach(&[]);
    run_ok(&["add", &hog.pid().to_string()]);
    // Time enough for the next one to attach between two looks.
    let stats = Running::start(&["stats", "--json", "--watch", "15"]);
    let said = |what: &str| {
        stats
            .stdout()
            .lines()
            .last()
            .is_some_and(|l| l.contains(what))
    };
    wait_until("the first one's", PATIENCE, || said("\"members\":1,"));
    first.terminate();
    let second = Running::attach(&["--batch-guarantee", "20"]);
    wait_until(
        "the second one's",
        PATIENCE + Duration::from_secs(15),
        || said("\"members\":0,\"guarantee_percent\":20"),
    );
    second.terminate();
}
