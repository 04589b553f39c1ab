//! The pins: made again where another instance has replaced them, all of them or none.

use std::fs;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};
use crate::support::terminal::Terminal;

#[test]
fn x_keeps_the_promise_to_stay_after_another_instance_has_come_and_gone() {
    let mut terminal = Terminal::dashboard(&["--stay"]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    for _ in 0..2 {
        terminal.press(b"x");
        terminal.wait_for_screen("it is handed back", |text| {
            text.contains("x attaches dualq")
        });
        let another = Running::attach(&[]);
        terminal.wait_for_screen("another one runs", |text| text.contains("● dualq"));
        another.terminate();
        terminal.wait_for_screen("it has ended", |text| !text.contains("● dualq"));
        terminal.press(b"x");
        wait_until("it is attached again", PATIENCE, || {
            guest::is_attached() && maps::pin("link").exists()
        });
        terminal.wait_for_screen("it says so", |text| text.contains("dualq is attached."));
    }
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert!(guest::is_attached(), "it was asked to stay");
    run_ok(&["detach"]);
    assert!(!std::path::Path::new(maps::PINS).exists(), "pins are left");
}

#[test]
fn where_one_pin_cannot_be_made_no_other_is_left() {
    let in_the_way = maps::pin("newtask_link");
    fs::create_dir_all(&in_the_way).unwrap();
    let refused = run(&["attach", "--stay"]);
    let left: Vec<_> = fs::read_dir(maps::PINS)
        .unwrap()
        .map(|pin| pin.unwrap().file_name())
        .collect();
    fs::remove_dir(&in_the_way).unwrap();
    assert_ne!(refused.status.code(), Some(0), "{refused:?}");
    assert!(
        refused.stderr.contains("cannot pin newtask_link"),
        "{refused:?}"
    );
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert_eq!(left, ["newtask_link"], "what was in the way alone");
    // Once nothing is, it can.
    run_ok(&["attach", "--stay"]);
    run_ok(&["detach"]);
}
