//! The keys that change the guarantee, and the marks where a tunable changed.

use std::time::Duration;

use dualq_top::model::{ActiveScheduler, Role, Tunables};

use crate::support::{FakeEffects, Shown, play, typed};
use crate::{SMALL, seen};

/// The marks stand below the chart of a large screen.
const LARGE: (u16, u16) = (160, 50);

#[test]
fn the_keys_raise_and_lower_the_guarantee_in_steps() {
    let (mut world, mut events) = seen(2);
    events.extend(typed("GGg"));
    events.push(world.tick());
    let mut effects = FakeEffects::default();
    let shown = play(LARGE, events, &mut effects);
    assert_eq!(
        effects.asked,
        ["guarantee 15", "guarantee 20", "guarantee 15"]
    );
    assert!(
        shown.has("BATCH keeps 15 % of a contended CPU"),
        "{}",
        shown.text()
    );
    assert!(shown.has("guarantee 15 %"), "{}", shown.text());
}

#[test]
fn the_keys_end_at_five_and_at_fifty_percent() {
    let (_, mut events) = seen(2);
    events.extend(typed("ggg"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["guarantee 5"]);
    assert!(shown.has("dualq-top set guarantee=N"), "{}", shown.text());
    let (mut world, _) = seen(2);
    world.scheduler().tunables = Some(Tunables {
        guarantee_percent: 50,
        ..Tunables::default()
    });
    let mut events = vec![world.tick(), world.tick()];
    events.extend(typed("G"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert!(effects.asked.is_empty());
    assert!(
        shown.has("half of a contended CPU at most"),
        "{}",
        shown.text()
    );
}

#[test]
fn a_change_of_a_tunable_is_marked_whoever_made_it() {
    let marked = |shown: &Shown, text: &str| {
        let mut lines = shown.lines().into_iter();
        lines.any(|line| line.contains('▲') && line.contains(text))
    };
    let (mut world, mut events) = seen(2);
    events.extend(typed("G"));
    events.extend((0..3).map(|_| world.tick()));
    world.scheduler().tunables = Some(Tunables {
        batch_slice: Duration::from_millis(8),
        ..Tunables::default()
    });
    events.extend((0..20).map(|_| world.tick()));
    let shown = play(LARGE, events, &mut FakeEffects::default());
    assert!(
        marked(&shown, "BATCH slice 8 ms") || marked(&shown, "guarantee 10 %"),
        "{}",
        shown.text()
    );
    let (mut world, mut events) = seen(2);
    events.extend((0..20).map(|_| world.tick()));
    let shown = play(LARGE, events, &mut FakeEffects::default());
    assert!(!marked(&shown, "guarantee"), "{}", shown.text());
}

#[test]
fn without_rights_or_scheduler_the_guarantee_stays() {
    let (mut world, mut events) = seen(2);
    world.scheduler().role = Role::View {
        reason: "no rights".into(),
    };
    events.push(world.tick());
    events.extend(typed("G"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert!(effects.asked.is_empty());
    assert!(
        shown.has("Cannot change the guarantee in view mode: no rights"),
        "{}",
        shown.text()
    );
    let (mut world, mut events) = seen(2);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    events.push(world.tick());
    events.extend(typed("G"));
    let shown = play(SMALL, events, &mut effects);
    assert!(effects.asked.is_empty());
    assert!(shown.has("x attaches it"), "{}", shown.text());
}
