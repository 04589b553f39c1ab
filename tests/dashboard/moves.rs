//! Moving several processes together, and taking moves back.

use dualq_top::model::Queue;
use dualq_top::tui::app::Key;

use crate::support::{FakeEffects, Shown, key, play, typed};
use crate::{SMALL, clone, go_to, seen};

fn keys(events: &[dualq_top::tui::app::Event], text: &str) -> (Shown, Vec<String>) {
    let mut events = clone(events);
    events.extend(typed(text));
    let mut effects = FakeEffects::default();
    (play(SMALL, events, &mut effects), effects.asked)
}

#[test]
fn all_that_is_tagged_moves_together() {
    let (_, events) = seen(2);
    let (shown, asked) = keys(&events, "vv ");
    assert_eq!(asked, ["move 4121 to PRIORITY", "move 3977 to PRIORITY"]);
    assert!(shown.has("2 processes → PRIORITY"), "{}", shown.text());
    assert!(shown.line("ffmpeg -i").starts_with("★+"));
    assert!(shown.line("COMMAND").contains("2 tagged"));
    let (shown, asked) = keys(&events, "vv  ");
    assert_eq!(asked.len(), 4, "the same key brings them back");
    assert!(shown.has("2 processes → BATCH"), "{}", shown.text());
}

#[test]
fn tagged_processes_of_both_queues_end_in_one() {
    let (mut world, mut events) = seen(2);
    world.put(3977, Queue::Priority);
    events.push(world.tick());
    let (shown, asked) = keys(&events, "vv ");
    assert_eq!(asked, ["move 4121 to PRIORITY"]);
    assert!(shown.has("ffmpeg (4121) → PRIORITY"), "{}", shown.text());
}

#[test]
fn untagged_processes_stay() {
    let (_, events) = seen(2);
    let (_, asked) = keys(&events, "vvU ");
    assert_eq!(
        asked,
        ["move 3978 to PRIORITY"],
        "only the one under the cursor"
    );
    let mut untagged = clone(&events);
    untagged.extend([key(Key::Char('v')), key(Key::Up), key(Key::Char('v'))]);
    let (shown, asked) = keys(&untagged, " ");
    assert_eq!(asked, ["move 3977 to PRIORITY"], "{}", shown.text());
}

#[test]
fn tags_follow_their_processes_and_end_with_them() {
    let (mut world, mut events) = seen(2);
    events.extend(typed("vv"));
    world.uses(3977, 99.0);
    events.push(world.tick());
    let (shown, _) = keys(&events, "");
    assert!(
        shown.line("queue.cpp").starts_with(" +"),
        "{}",
        shown.text()
    );
    world.end(3977);
    events.push(world.tick());
    let (shown, asked) = keys(&events, " ");
    assert_eq!(asked, ["move 4121 to PRIORITY"]);
    assert!(shown.line("COMMAND").contains("1 tagged"));
}

#[test]
fn one_refusal_does_not_keep_the_others() {
    let (_, mut events) = seen(2);
    events.extend(typed("v"));
    events.extend(go_to("ksoftirqd"));
    let (shown, asked) = keys(&events, "v ");
    assert_eq!(asked, ["move 4121 to PRIORITY"]);
    assert!(
        shown.has("1 not moved: Cannot move ksoftirqd/0"),
        "{}",
        shown.text()
    );
}

#[test]
fn moves_are_taken_back_one_after_the_other() {
    let (_, events) = seen(2);
    let (shown, asked) = keys(&events, "vv Uz");
    assert_eq!(asked[2..], ["move 4121 to BATCH", "move 3977 to BATCH"]);
    assert!(shown.has("Undone: 2 processes → BATCH"), "{}", shown.text());
    let mut two = clone(&events);
    two.extend([key(Key::Char(' ')), key(Key::Down), key(Key::Char(' '))]);
    let (_, asked) = keys(&two, "zz");
    assert_eq!(asked[2..], ["move 3977 to BATCH", "move 4121 to BATCH"]);
    let (shown, asked) = keys(&two, "zzz");
    assert!(asked.len() == 4 && shown.has("There is no move to undo."));
}

#[test]
fn a_process_that_has_ended_is_not_moved_back() {
    let (mut world, mut events) = seen(2);
    events.push(key(Key::Char(' ')));
    world.end(4121);
    events.push(world.tick());
    let (shown, asked) = keys(&events, "z");
    assert_eq!(asked.len(), 1);
    assert!(shown.has("process 4121 has ended."), "{}", shown.text());
}
