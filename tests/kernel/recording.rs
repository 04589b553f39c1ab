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
    let mut terminal = Terminal::dashboard(&["demo", "--record", &file]);
    terminal.wait_for_screen("the cursor is on the metronome", |text| {
        text.contains("deadlines missed per second") && text.contains("demo-frame (")
    });
    let moves = |terminal: &mut Terminal, members: usize| {
        terminal.press(b" ");
        wait_until("the key did it", PATIENCE, || {
            maps::members().len() == members
        });
    };
    let state = |terminal: &mut Terminal, state: &str| {
        terminal.press(b"x");
        wait_until(state, PATIENCE, || guest::sched_ext_state() == state);
    };
    let says = |terminal: &mut Terminal, key: &[u8], sentence: &str| {
        terminal.press(key);
        terminal.wait_for_screen(sentence, |text| text.contains(sentence));
    };
    let look_for = |seconds| sleep(Duration::from_secs(seconds));
    look_for(12);
    // PRIORITY, back, and PRIORITY again: 0 of 60.
    moves(&mut terminal, 1);
    look_for(13);
    moves(&mut terminal, 0);
    look_for(8);
    moves(&mut terminal, 1);
    look_for(4);
    // What is known of one process is read, and recorded, only while its panel is open.
    terminal.press(b"i");
    look_for(10);
    terminal.press(b"\x1b");
    look_for(2);
    state(&mut terminal, "disabled");
    look_for(11);
    state(&mut terminal, "enabled");
    look_for(9);
    // The frame needs more of the CPU than BATCH leaves to it with half of the CPU.
    for percent in (15..=50).step_by(5) {
        says(&mut terminal, b"G", &format!("BATCH keeps {percent} %"));
        look_for(1);
    }
    look_for(6);
    for percent in (10..50).step_by(5).rev() {
        says(&mut terminal, b"g", &format!("BATCH keeps {percent} %"));
    }
    look_for(8);
    // A hog in PRIORITY shares it with the frame, until the frame has a higher level.
    terminal.press(b"/demo-hog\r");
    look_for(2);
    moves(&mut terminal, 2);
    look_for(9);
    terminal.press(b"/demo-frame\r");
    look_for(2);
    says(&mut terminal, b"+", "level 144");
    look_for(10);
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}
