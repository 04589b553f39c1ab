//! Levels of members: which goes first, who preempts whom, and that none starves.

use std::time::Duration;

use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};
use crate::support::shares::{measure, settles, share};
use crate::support::shell::Shell;
use crate::support::terminal::Terminal;

fn add(hog: &Hog, level: u8) {
    run_ok(&["add", "--level", &level.to_string(), &hog.pid().to_string()]);
}

fn listed(pid: u32) -> Value {
    let list: Value = serde_json::from_str(&run_ok(&["list", "--json"])).unwrap();
    let members = list["members"].as_array().unwrap();
    let member = members.iter().find(|member| member["pid"] == pid);
    member.cloned().unwrap_or_default()
}

#[test]
fn higher_level_goes_first_and_a_change_holds_at_once() {
    let _scheduler = Running::attach(&[]);
    let first = Load::hog().on_last_cpu().start();
    let second = Load::hog().on_last_cpu().start();
    add(&first, 200);
    run_ok(&["add", &second.pid().to_string()]);
    assert_eq!(
        (
            listed(first.pid())["level"].clone(),
            listed(second.pid())["level"].clone()
        ),
        (200.into(), 128.into())
    );
    let both = [&first, &second];
    // A tick in some five seconds is the other's.
    settles("the higher one's share", &both, 99.0, 2.0, |got| {
        vec![share(got[0], got[1])]
    });
    add(&second, 201);
    settles("the lower one's share", &both, 1.0, 2.0, |got| {
        vec![share(got[0], got[1])]
    });
    add(&first, 201);
    settles("on one level", &both, 50.0, 5.0, |got| {
        vec![share(got[0], got[1])]
    });
    // Added once more without a level, a member keeps the one that it has.
    run_ok(&["add", &first.pid().to_string()]);
    assert_eq!(listed(first.pid())["level"], 201);
    let output = run(&["add", "--level", "256", &first.pid().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn levels_hold_between_the_shared_queue_and_a_cpus_own() {
    let _scheduler = Running::attach(&[]);
    // As many free ones as there are CPUs, so that each CPU has the choice.
    let free: Vec<Hog> = (0..guest::cpus()).map(|_| Load::hog().start()).collect();
    let pinned = Load::hog().on_last_cpu().start();
    free.iter().for_each(|hog| add(hog, 100));
    add(&pinned, 101);
    let percent = |got: &[f64]| vec![50.0 * got[0]];
    settles(
        "the pinned one's part of its CPU",
        &[&pinned],
        98.0,
        4.0,
        percent,
    );
    add(&pinned, 99);
    settles(
        "the same below the free ones",
        &[&pinned],
        1.0,
        4.0,
        percent,
    );
}

/// With turns of 100 ms the one that is overtaken would have some 20 ms more in each round otherwise.
#[test]
fn a_member_that_is_raised_preempts_a_lower_one() {
    let _scheduler = Running::attach(&["--priority-slice", "100"]);
    let hogs = [(); 2].map(|()| Load::hog().on_last_cpu().start());
    add(&hogs[0], 2);
    add(&hogs[1], 1);
    let mut overtaken_has = Duration::ZERO;
    for level in 3..27 {
        let (raised, overtaken) = (&hogs[level % 2], &hogs[(level + 1) % 2]);
        add(raised, u8::try_from(level).unwrap());
        let (before, there) = (
            guest::run_time(overtaken.pid()),
            guest::run_time(raised.pid()),
        );
        wait_until("the raised one runs", PATIENCE, || {
            guest::run_time(raised.pid()) > there + Duration::from_millis(120)
        });
        overtaken_has += guest::run_time(overtaken.pid()) - before;
    }
    assert!(
        overtaken_has < Duration::from_millis(240),
        "{overtaken_has:?} in 24 rounds"
    );
}

/// Returns the median time from its timer to its run of a member that wakes 200 times.
fn median_of_probe(level: u8) -> Duration {
    let probe = Load::new(&["probe", "200"]).on_last_cpu().start_stopped();
    add(&probe, level);
    probe.median_delay()
}

/// First come, first served, it would wait for a round of the eight otherwise: levels alone make it preempt.
#[test]
fn a_member_that_wakes_preempts_a_lower_level_only() {
    let _scheduler = Running::attach(&["--priority-order", "fifo"]);
    let hogs = Load::new(&["threads", "8"]).on_last_cpu().start();
    add(&hogs, 100);
    let (higher, same) = (median_of_probe(101), median_of_probe(100));
    assert!(
        higher < Duration::from_millis(4),
        "{higher:?} late on a higher level"
    );
    assert!(
        same > Duration::from_millis(8),
        "{same:?} late on the same level"
    );
}

#[test]
fn no_level_starves_beside_the_highest() {
    let _scheduler = Running::attach_measuring(&["--watchdog", "4"]);
    let meek = Load::hog().start();
    let greedy: Vec<Hog> = (0..guest::cpus()).map(|_| Load::hog().start()).collect();
    greedy.iter().for_each(|hog| add(hog, 255));
    add(&meek, 0);
    let got = measure(&[&meek, &greedy[0]]);
    assert!(
        got[0] < 0.2 * got[1],
        "the lowest level is not behind: {got:?}"
    );
    for _ in 0..4 {
        meek.runs_within(
            Duration::from_secs(3),
            "level 0 runs within a quarter of the watchdog's limit, and its tick shows",
        );
    }
    assert!(guest::is_attached());
    let stats: Value = serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap();
    let longest = stats["waits"]["priority"]["requeue"]["max_ns"]
        .as_u64()
        .unwrap();
    // An eighth of the limit, the check's interval, and what an emulated machine adds; the limit is 4 s.
    assert!(
        (200_000_000..1_500_000_000).contains(&longest),
        "{longest} ns"
    );
}

/// While levels differ, a member's wake-up and each dispatch look at them.
#[test]
fn levels_cost_nothing_once_the_last_one_has_ended() {
    let _scheduler = Running::attach(&["--watchdog", "4"]);
    let hog = Load::hog().start();
    add(&hog, 200);
    let in_use = |said: &str, wanted: bool| {
        wait_until(said, PATIENCE, || maps::levels_differ() == wanted);
    };
    in_use("a level differs", true);
    add(&hog, 128);
    in_use("none differs", false);
    add(&hog, 10);
    in_use("one differs again", true);
    drop(hog);
    in_use("its member has ended", false);
}

#[test]
fn children_inherit_the_level_and_follow_its_changes() {
    let _scheduler = Running::attach(&[]);
    let mut shell = Shell::start();
    let living = shell.child();
    let pid = shell.pid().to_string();
    run_ok(&["add", "--children", "--level", "180", &pid]);
    let born = shell.child();
    wait_until("it is a member", PATIENCE, || maps::is_member(born));
    for child in [living, born] {
        assert_eq!(listed(child)["level"], 180, "{}", listed(child));
    }
    run_ok(&["add", "--level", "90", &pid]);
    let later = shell.child();
    wait_until("it is a member", PATIENCE, || maps::is_member(later));
    for process in [shell.pid(), living, born, later] {
        assert_eq!(listed(process)["level"], 90, "{}", listed(process));
    }
    let output = run(&[
        "run",
        "--level",
        "77",
        "--",
        "sh",
        "-c",
        "sh -c '$DUALQ_TOP list --json'",
    ]);
    assert!(output.stdout.contains("\"level\":77"), "{output:?}");
}

#[test]
fn keys_change_a_members_level_and_the_list_shows_it() {
    let hog = Load::hog().named("encoder").start();
    let mut terminal = Terminal::dashboard(&["--no-waits"]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    terminal.press(b"/encoder\r ");
    wait_until("space moves it", PATIENCE, || {
        maps::members() == [hog.pid()]
    });
    terminal.press(b"++");
    terminal.wait_for_screen("it says so, and the row shows it", |text| {
        text.contains("→ level 160") && text.contains("PRIORITY·160")
    });
    assert_eq!(listed(hog.pid())["level"], 160);
    run_ok(&["add", "--level", "3", &hog.pid().to_string()]);
    terminal.wait_for_screen("a change from elsewhere shows", |text| {
        text.contains("PRIORITY·3 ")
    });
    // x and back keeps it, since it is the member's.
    terminal.press(b"x");
    guest::wait_until_detached();
    terminal.wait_for_screen("it says so", |text| text.contains("x attaches"));
    terminal.press(b"x");
    wait_until("it is attached again", PATIENCE, guest::is_attached);
    assert_eq!(listed(hog.pid())["level"], 3);
}

#[test]
fn a_rule_gives_a_level_and_the_next_owner_keeps_it() {
    let rules = "/tmp/level-rules.toml";
    std::fs::write(rules, "[[rule]]\nname = \"^encoder$\"\nlevel = 222\n").unwrap();
    let hog = Load::hog().named("encoder").start();
    let scheduler = Running::attach(&["--rules", rules]);
    wait_until("the rule moves it", PATIENCE, || maps::is_member(hog.pid()));
    assert_eq!(listed(hog.pid())["level"], 222);
    let standby = Running::start(&["attach", "--no-waits", "--no-rules"]);
    wait_until("it waits", PATIENCE, || {
        standby.stdout().contains("waiting")
    });
    scheduler.terminate();
    wait_until("it has taken over", PATIENCE, || {
        standby.stdout().contains("taken over")
    });
    assert_eq!(listed(hog.pid())["level"], 222);
}
