//! The panel of changes: who moved what, and the way from there to the process.

use dualq_top::model::{Cause, Change};
use dualq_top::tui::app::{Event, Key};

use crate::support::{FakeEffects, Shown, key, play, typed};
use crate::{SMALL, seen};

fn moved(pid: u32, name: &str, second: u32) -> Change {
    Change {
        time: format!("2026-11-29T14:02:{second:02}.123Z"),
        pid: Some(pid),
        start_ticks: Some(u64::from(pid) * 100),
        name: name.into(),
        queue: Some("PRIORITY".into()),
        setting: None,
        children: false,
        level: None,
        through: None,
        others: 0,
        cause: Cause::Command,
        rule: None,
        by: 812,
    }
}

/// Presses `m` and then these keys, where these changes were made.
fn pressed(changes: Vec<Change>, keys: &[Key]) -> Shown {
    let (_, mut events) = seen(2);
    events.push(Event::Changes(changes));
    events.extend(typed("m"));
    events.extend(keys.iter().map(|k| key(*k)));
    play(SMALL, events, &mut FakeEffects::default())
}

#[test]
fn changes_are_listed_with_cause_the_newest_first() {
    let changes = vec![
        Change {
            children: true,
            ..moved(4121, "ffmpeg", 1)
        },
        Change {
            cause: Cause::Rule,
            rule: Some("/etc/dualq/rules.toml:3".into()),
            queue: Some("BATCH".into()),
            ..moved(3977, "rustc", 2)
        },
        Change {
            pid: None,
            start_ticks: None,
            queue: None,
            setting: Some("guarantee 20 %".into()),
            cause: Cause::Key,
            ..moved(0, "", 3)
        },
    ];
    let shown = pressed(changes, &[]);
    let line = |text: &str| {
        let found = shown.lines().iter().position(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("no {text}: {}", shown.text()))
    };
    let newest = line("14:02:03  guarantee 20 %  (key, process 812)");
    let rule = line("14:02:02  rustc (3977) → BATCH  (rule /etc/dualq/rules.toml:3, process 812)");
    let first = line("14:02:01  ffmpeg (4121) → PRIORITY, with children  (command, process 812)");
    assert!(newest < rule && rule < first, "{}", shown.text());
}

#[test]
fn levels_and_inherited_memberships_have_their_cause_too() {
    let changes = vec![
        Change {
            level: Some(200),
            cause: Cause::Key,
            ..moved(4121, "ffmpeg", 1)
        },
        Change {
            children: true,
            through: Some(4121),
            others: 12,
            cause: Cause::Parent,
            ..moved(3977, "rustc", 2)
        },
    ];
    let shown = pressed(changes, &[]);
    for line in [
        "14:02:01  ffmpeg (4121) → PRIORITY, level 200  (key, process 812)",
        "14:02:02  rustc (3977) → PRIORITY, and 12 more  (through 4121, process",
    ] {
        assert!(shown.has(line), "{line}: {}", shown.text());
    }
}

#[test]
fn enter_goes_to_the_process_that_was_moved() {
    let changes = vec![moved(3977, "rustc", 1), moved(4121, "ffmpeg", 2)];
    let shown = pressed(changes.clone(), &[Key::Down, Key::Enter]);
    assert!(shown.under_cursor().contains("3977"), "{}", shown.text());
    let shown = pressed(changes, &[Key::Enter]);
    assert!(shown.under_cursor().contains("4121"), "{}", shown.text());
}

#[test]
fn enter_on_what_is_gone_says_so() {
    // The number is in use, by another process that began later.
    let reused = Change {
        start_ticks: Some(1),
        ..moved(4121, "old", 1)
    };
    let shown = pressed(vec![reused], &[Key::Enter]);
    assert!(shown.has("Process 4121 has ended."), "{}", shown.text());
    let tunable = Change {
        pid: None,
        setting: Some("guarantee 20 %".into()),
        ..moved(4121, "", 1)
    };
    let shown = pressed(vec![tunable], &[Key::Enter]);
    assert!(shown.has("not about a process"), "{}", shown.text());
    let shown = pressed(Vec::new(), &[]);
    assert!(shown.has("No change is known"), "{}", shown.text());
}
