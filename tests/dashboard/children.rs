//! Moving a process with its children.

use dualq_top::model::{Membership, Queue};
use dualq_top::tui::app::{Event, Key};

use crate::support::{FakeEffects, World, key, play, typed};
use crate::{SMALL, SPACE, seen, show};

fn asked(mut events: Vec<Event>, keys: &str) -> Vec<String> {
    events.extend(typed(keys));
    let mut effects = FakeEffects::default();
    play(SMALL, events, &mut effects);
    effects.asked
}

/// ffmpeg is a member in this way, rustc through it.
fn with_member(membership: Membership) -> (World, Vec<Event>) {
    let (mut world, mut events) = seen(2);
    world.put(4121, Queue::Priority);
    world.process(4121).membership = Some(membership);
    world.put(3990, Queue::Priority);
    world.process(3990).membership = Some(Membership::ThroughParent);
    events.push(world.tick());
    (world, events)
}

#[test]
fn c_takes_the_children_along_and_space_does_not() {
    let (_, events) = seen(2);
    assert_eq!(
        asked(events, "c"),
        ["move 4121 to PRIORITY with its children"]
    );
    let (_, events) = seen(2);
    assert_eq!(asked(events, " "), ["move 4121 to PRIORITY"]);
    let (_, mut events) = seen(2);
    events.push(key(Key::Char('c')));
    assert!(show(events).has("ffmpeg (4121) → PRIORITY, with children"));
}

#[test]
fn marks_tell_the_chosen_from_those_through_a_parent() {
    let (_, events) = with_member(Membership::WithChildren);
    let shown = show(events);
    assert!(shown.line("ffmpeg -i").starts_with('★'));
    assert!(shown.line("rustc").starts_with('☆'), "{}", shown.text());
}

#[test]
fn c_adds_children_to_a_member_and_removes_them_with_it() {
    let (_, events) = with_member(Membership::Chosen);
    assert_eq!(
        asked(events, "c"),
        ["move 4121 to PRIORITY with its children"]
    );
    for key in ["c", " "] {
        let (_, events) = with_member(Membership::WithChildren);
        assert_eq!(asked(events, key), ["move 4121 to BATCH"], "{key}");
    }
    let (_, events) = with_member(Membership::Chosen);
    assert_eq!(asked(events, " "), ["move 4121 to BATCH"]);
}

#[test]
fn undo_of_a_move_with_children_moves_them_too() {
    let (_, events) = with_member(Membership::WithChildren);
    assert_eq!(
        asked(events, " z"),
        [
            "move 4121 to BATCH",
            "move 4121 to PRIORITY with its children"
        ]
    );
    let (_, mut events) = seen(2);
    events.push(key(SPACE));
    assert_eq!(
        asked(events, "z"),
        ["move 4121 to PRIORITY", "move 4121 to BATCH"]
    );
}

#[test]
fn undo_brings_a_process_back_without_children() {
    let (mut world, mut events) = with_member(Membership::WithChildren);
    world.put(3977, Queue::Priority);
    world.process(3977).membership = Some(Membership::Chosen);
    events.push(world.tick());
    let mut asked = asked(events, "vv z");
    asked.sort();
    assert_eq!(
        asked,
        [
            "move 3977 to BATCH",
            "move 3977 to PRIORITY",
            "move 4121 to BATCH",
            "move 4121 to PRIORITY with its children"
        ]
    );
}

#[test]
fn undo_of_c_leaves_the_member_without_children() {
    let (_, events) = with_member(Membership::Chosen);
    assert_eq!(
        asked(events, "cz"),
        [
            "move 4121 to PRIORITY with its children",
            "move 4121 to BATCH",
            "move 4121 to PRIORITY"
        ]
    );
}
