//! Records the built-in recording again: a demonstration on one CPU in deterministic virtual time (`vm/record`). Its
//! pace is for human viewers.

use std::thread::sleep;
use std::time::Duration;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::maps;
use crate::support::terminal::Terminal;

#[test]
#[ignore = "makes the recording that comes with the program"]
fn a_demonstration_is_recorded() {
    let file = std::env::var("DUALQ_RECORDING").expect("DUALQ_RECORDING names the new file");
    let mut terminal =
        Terminal::dashboard(&["demo", "--hogs", "4", "--work", "8", "--record", &file]);
    terminal.wait_for_screen("the cursor is on the metronome", |text| {
        text.contains("deadlines missed per second") && text.contains("demo-frame (")
    });
    let is_member = |terminal: &mut Terminal, member: bool| {
        terminal.press(b" ");
        wait_until("the key did it", PATIENCE, || {
            maps::members().len() == usize::from(member)
        });
    };
    let state = |terminal: &mut Terminal, state: &str| {
        terminal.press(b"x");
        wait_until(state, PATIENCE, || guest::sched_ext_state() == state);
    };
    let look_for = |seconds| sleep(Duration::from_secs(seconds));
    look_for(13);
    is_member(&mut terminal, true);
    look_for(13);
    is_member(&mut terminal, false);
    look_for(9);
    is_member(&mut terminal, true);
    look_for(9);
    state(&mut terminal, "disabled");
    look_for(12);
    state(&mut terminal, "enabled");
    look_for(12);
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}
