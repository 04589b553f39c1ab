//! Sending signals.

use dualq_top::tui::app::{Event, Key};

use crate::support::{FakeEffects, Shown, key, play, typed};
use crate::{SMALL, clone, go_to, seen};

fn press(events: &[Event], keys: &[Key], effects: &mut FakeEffects) -> Shown {
    let mut events = clone(events);
    events.extend(keys.iter().map(|k| key(*k)));
    play(SMALL, events, effects)
}

#[test]
fn a_signal_is_sent_only_after_a_yes() {
    let (_, events) = seen(2);
    let mut effects = FakeEffects::default();
    let shown = press(&events, &[Key::F(9)], &mut effects);
    assert!(
        shown.has("Send to ffmpeg (4121)") && shown.has("9 SIGKILL"),
        "{}",
        shown.text()
    );
    let shown = press(&events, &[Key::Char('k'), Key::Enter], &mut effects);
    assert!(
        shown.has("Send SIGTERM to ffmpeg (4121)?  y sends it"),
        "{}",
        shown.text()
    );
    for no in [
        Key::Enter,
        Key::Esc,
        Key::Char('n'),
        Key::Char(' '),
        Key::Char('k'),
    ] {
        let shown = press(&events, &[Key::Char('k'), Key::Enter, no], &mut effects);
        assert!(shown.has("No signal was sent."), "{}", shown.text());
    }
    assert!(effects.asked.is_empty());
    let keys = [Key::Char('k'), Key::Down, Key::Enter, Key::Char('y')];
    let shown = press(&events, &keys, &mut effects);
    assert_eq!(effects.asked, ["signal 9 to 4121"]);
    assert!(
        shown.has("SIGKILL sent to ffmpeg (4121)."),
        "{}",
        shown.text()
    );
}

#[test]
fn the_question_keeps_its_process_when_the_list_resorts() {
    let (mut world, mut events) = seen(2);
    events.extend([key(Key::Char('k')), key(Key::Enter)]);
    world.uses(4121, 0.0);
    events.push(world.tick());
    let mut effects = FakeEffects::default();
    press(&events, &[Key::Char('y')], &mut effects);
    assert_eq!(effects.asked, ["signal 15 to 4121"]);
}

#[test]
fn all_that_is_tagged_gets_the_signal() {
    let (_, mut events) = seen(2);
    events.extend(typed("vvk"));
    let mut effects = FakeEffects::default();
    let shown = press(&events, &[Key::Enter, Key::Char('y')], &mut effects);
    assert_eq!(effects.asked, ["signal 15 to 4121", "signal 15 to 3977"]);
    assert!(
        shown.has("SIGTERM sent to 2 tagged processes."),
        "{}",
        shown.text()
    );
}

#[test]
fn a_refused_signal_is_said() {
    let (_, events) = seen(2);
    let mut effects = FakeEffects {
        answer: Some(Err("process 4121 belongs to another user.".into())),
        ..FakeEffects::default()
    };
    let keys = [Key::Char('k'), Key::Enter, Key::Char('y')];
    let shown = press(&events, &keys, &mut effects);
    assert!(shown.has("belongs to another user."), "{}", shown.text());
}

#[test]
fn kernel_threads_and_own_processes_get_no_signal() {
    for (name, sentence) in [
        ("ksoftirqd", "is a kernel thread, which ignores signals."),
        ("dualq-top", "is part of dualq-top: q quits."),
    ] {
        let (_, mut events) = seen(2);
        events.extend(go_to(name));
        let mut effects = FakeEffects::default();
        let shown = press(&events, &[Key::Char('k')], &mut effects);
        assert!(
            shown.has(sentence) && !shown.has("Send to"),
            "{}",
            shown.text()
        );
    }
}
