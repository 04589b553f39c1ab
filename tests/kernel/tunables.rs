//! Tunables that change while the scheduler runs: what follows from them, who may change them, and who sees it.

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::program::{self, Running, run, run_ok};
use crate::support::shares::{settles, share};
use crate::support::terminal::Terminal;

/// A member and another process that want the same CPU.
fn rivals() -> [Hog; 2] {
    let rivals = [(); 2].map(|()| Load::hog().on_last_cpu().start());
    run_ok(&["add", &rivals[0].pid().to_string()]);
    rivals
}

fn batch_has(rivals: &[Hog; 2], percent: f64) {
    settles(
        "BATCH's share",
        &[&rivals[0], &rivals[1]],
        percent,
        4.0,
        |got| vec![share(got[1], got[0])],
    );
}

fn stats() -> serde_json::Value {
    serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap()
}

#[test]
fn the_guarantee_changes_while_attached() {
    let _scheduler = Running::attach(&[]);
    let rivals = rivals();
    batch_has(&rivals, 10.0);
    let said = run_ok(&["set", "guarantee=40"]);
    assert_eq!(said, "batch-guarantee 40 %\n");
    assert_eq!(stats()["guarantee_percent"], 40);
    batch_has(&rivals, 40.0);
    run_ok(&["set", "batch-guarantee=20"]);
    batch_has(&rivals, 20.0);
}

#[test]
fn slices_change_while_attached_in_whole_ticks() {
    let _scheduler = Running::attach(&["--sleeper-credit", "20"]);
    let hogs = [(); 2].map(|()| Load::hog().on_last_cpu().start());
    let switches = || {
        let count = || -> u64 {
            let counts = hogs.iter().map(|hog| guest::forced_switches(hog.pid()));
            counts.sum()
        };
        let before = count();
        std::thread::sleep(std::time::Duration::from_secs(1));
        count() - before
    };
    let short = switches();
    run_ok(&["set", "batch-slice=100", "protection=0"]);
    let long = switches();
    assert!(short > 4 * long && long > 0, "{short} against {long}");
    let stats = stats();
    // Both kernels of the tests have ticks of 4 ms or of 10.
    let slice = stats["batch_slice_ms"].as_f64().unwrap();
    assert!((100.0..110.0).contains(&slice), "{stats}");
    assert_eq!(stats["protection_us"].as_f64(), Some(0.0));
    assert_eq!(stats["sleeper_credit_percent"], 20);
    let all = run_ok(&["set"]);
    let names: Vec<_> = all.lines().map(|line| line.split(' ').next()).collect();
    let expected = [
        "batch-guarantee",
        "priority-slice",
        "batch-slice",
        "sleeper-credit",
        "protection",
    ];
    assert_eq!(names, expected.map(Some), "{all}");
}

#[test]
fn without_rights_or_with_wrong_values_nothing_is_tuned() {
    let _scheduler = Running::attach(&[]);
    let mut command = program::command();
    command.args(["set", "guarantee=20"]);
    std::os::unix::process::CommandExt::uid(&mut command, 65_534);
    let output = Running::spawn(command).wait(PATIENCE);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    // The second is wrong: neither is changed.
    let output = run(&["set", "batch-slice=8", "guarantee=60"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("from 0 to 50"), "{output:?}");
    let stats = stats();
    assert_eq!(stats["guarantee_percent"], 10, "{stats}");
    assert!(stats["batch_slice_ms"].as_f64() < Some(8.0), "{stats}");
}

#[test]
fn without_a_scheduler_set_says_how_to_start_one() {
    let output = run(&["set", "guarantee=20"]);
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    assert!(output.stderr.contains("not running"), "{output:?}");
}

#[test]
fn keys_change_the_guarantee_for_all_dashboards_and_x_keeps_it() {
    let mut command = program::command();
    command.args(["--no-waits"]);
    let mut terminal = Terminal::start(command, 30, 160);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    let rivals = rivals();
    terminal.press(b"GG");
    terminal.wait_for_screen("it says so", |text| {
        text.contains("BATCH keeps 20 %") && text.contains("guarantee 20 %")
    });
    assert_eq!(stats()["guarantee_percent"], 20);
    batch_has(&rivals, 20.0);
    terminal.press(b"x");
    guest::wait_until_detached();
    terminal.wait_for_screen("it says so", |text| text.contains("x attaches"));
    terminal.press(b"x");
    wait_until("it is attached again", PATIENCE, guest::is_attached);
    assert_eq!(stats()["guarantee_percent"], 20);
    batch_has(&rivals, 20.0);
    run_ok(&["set", "guarantee=35"]);
    terminal.wait_for_screen("a change from elsewhere shows", |text| {
        text.contains("guarantee 35 %")
    });
}

#[test]
fn the_next_owner_takes_the_tunables_over() {
    let first = Running::attach(&["--batch-guarantee", "20"]);
    let mut terminal = Terminal::start(program::command(), 30, 160);
    terminal.wait_for_screen("it has joined", |text| text.contains("joined"));
    run_ok(&["set", "guarantee=30"]);
    terminal.wait_for_screen("it shows", |text| text.contains("guarantee 30 %"));
    terminal.press(b"G");
    wait_until("the key changes it too", PATIENCE, || {
        stats()["guarantee_percent"] == 35
    });
    first.terminate();
    terminal.wait_for_screen("the kernel default runs", |text| {
        text.contains("x attaches")
    });
    terminal.press(b"x");
    wait_until("it is attached again", PATIENCE, guest::is_attached);
    assert_eq!(stats()["guarantee_percent"], 35);
}
