//! The record of changes: `log`, the journal of the service, and the panel `m`.

use serde_json::{Value, json};

use crate::support::guest::{PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::program::{self, Running, run_ok};
use crate::support::shell::Shell;
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
    // Those of earlier tests are among them.
    let attached = format!("scheduler attached  (service, process {})", service.pid());
    let all = |screen: &str| {
        let place = |text: &str| screen.find(text);
        let key = place("guarantee 25 %  (key, process ");
        let set = place("batch-guarantee 20 %  (command, process ");
        key.is_some() && key < set && screen.contains(&attached)
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

fn changes() -> Vec<Value> {
    let log: Value = serde_json::from_str(&run_ok(&["log", "--json"])).unwrap();
    log["changes"].as_array().unwrap().clone()
}

/// Returns whether there is a change that has all these values.
fn has_change(values: &Value) -> bool {
    let has = |change: &Value| {
        let mut values = values.as_object().unwrap().iter();
        values.all(|(key, value)| change[key] == *value)
    };
    changes().iter().any(has)
}

fn wait_for_change(what: &str, values: &Value) {
    wait_until(what, PATIENCE, || has_change(values));
}

#[test]
fn children_levels_and_the_dashboards_attach_have_a_cause() {
    let mut command = program::command();
    command.arg("--no-waits");
    let mut terminal = Terminal::start(command, 30, 120);
    terminal.wait_for_screen("it attached", |screen| screen.contains("● dualq"));
    let last = |cause: &str, setting: &str| {
        wait_until(setting, PATIENCE, || {
            let changes = changes();
            let last = &changes[changes.len() - 1];
            last["setting"] == setting && last["cause"] == cause
        });
    };
    last("command", "scheduler attached");
    let mut shell = Shell::start();
    let parent = shell.pid();
    run_ok(&["add", "--children", "--level", "200", &parent.to_string()]);
    let added = json!({"pid": parent, "cause": "command", "level": 200, "children": true});
    wait_for_change("the move with its level", &added);
    let child = shell.run("sleep 1000 & echo $!")[0];
    let born = json!({"pid": child, "cause": "parent", "through": parent, "level": 200, "queue": "PRIORITY"});
    wait_for_change("the child that was born", &born);
    let lowered = json!({"pid": parent, "cause": "key", "children": true, "queue": "PRIORITY"});
    // The list may not have the shell's command line yet.
    wait_until("the level by a key", PATIENCE, || {
        terminal.press(b"/nestmother\r-");
        has_change(&lowered)
    });
    let levels: Vec<Value> = changes()
        .iter()
        .map(|change| change["level"].clone())
        .collect();
    let lower = |level: &Value| level.as_u64().is_some_and(|level| level < 200);
    assert!(levels.iter().any(lower), "{levels:?}");
    let told = format!("({child}) → PRIORITY, level 200  (through {parent}, process ");
    wait_until("the panel has the child", PATIENCE, || {
        terminal.press(b"m");
        let title = "Changes, the newest first";
        terminal.wait_for_screen("the panel opens", |screen| screen.contains(title));
        let screen = terminal.screen();
        terminal.press(b"\x1b");
        terminal.wait_for_screen("the panel closes", |screen| !screen.contains(title));
        screen.contains(&told)
    });
    terminal.press(b"x");
    last("key", "scheduler detached");
    terminal.wait_for_screen("it detached", |screen| screen.contains("kernel default"));
    terminal.press(b"x");
    last("key", "scheduler attached");
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    last("command", "scheduler detached");
}
