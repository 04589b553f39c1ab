//! The record of changes: `log`, the journal of the service, and the panel `m`.

use crate::support::guest::{PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::program::{self, Running, run_ok};
use crate::support::terminal::Terminal;

#[test]
fn each_change_is_told_with_its_cause() {
    let service = Running::start(&["attach", "--service", "--no-waits", "--no-rules"]);
    wait_until("it is attached", PATIENCE, || {
        service.stderr().contains("dualq attached")
    });
    let hog = Load::hog().start();
    let pid = hog.pid().to_string();
    run_ok(&["add", "--children", &pid]);
    run_ok(&["set", "guarantee=20"]);
    // The journal has what other instances do.
    let told = [
        format!("({pid}) → PRIORITY, with children  (command, process "),
        "<6>batch-guarantee 20 %  (command, process ".to_owned(),
    ];
    wait_until("the journal has both", PATIENCE, || {
        told.iter().all(|text| service.stderr().contains(text))
    });
    // A key, and the panel that shows all of it.
    let mut command = program::command();
    command.arg("--no-waits");
    let mut terminal = Terminal::start(command, 30, 120);
    terminal.wait_for_screen("it joined", |screen| screen.contains("● dualq"));
    terminal.press(b"G");
    terminal.wait_for_screen("the guarantee", |screen| screen.contains("25 %"));
    wait_until("the journal has the key", PATIENCE, || {
        service.stderr().contains("guarantee 25 %  (key, process ")
    });
    // The panel shows what was known when it was opened: until the next look, one change less.
    let all = |screen: &str| {
        let place = |text: &str| screen.find(text);
        let key = place("guarantee 25 %  (key, process ");
        let set = place("batch-guarantee 20 %  (command, process ");
        key.is_some() && key < set && screen.contains("scheduler attached  (service, process ")
    };
    let title = "Changes, the newest first";
    wait_until("the panel has all", PATIENCE, || {
        terminal.press(b"m");
        terminal.wait_for_screen("the panel opens", |screen| screen.contains(title));
        let screen = terminal.screen();
        terminal.press(b"\x1b");
        terminal.wait_for_screen("the panel closes", |screen| !screen.contains(title));
        all(&screen) && screen.contains(&told[0])
    });
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert!(service.terminate().status.success());
    let log: serde_json::Value = serde_json::from_str(&run_ok(&["log", "--json"])).unwrap();
    let changes = log["changes"].as_array().unwrap();
    let last = &changes[changes.len() - 1];
    assert_eq!(last["setting"], "scheduler detached", "{log}");
    assert_eq!(last["cause"], "service", "{log}");
    assert_eq!(last["pid"], serde_json::Value::Null, "{log}");
}
