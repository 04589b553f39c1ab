//! Tests of the waits on the screen.

use std::sync::Arc;
use std::time::Duration;

use dualq_top::model::{ActiveScheduler, NoWaits, Queue, Role};
use dualq_top::tui::app::{Event, Key};

use crate::support::{FakeEffects, Shown, World, key, play, typed};
use crate::{SMALL, clone, seen, show};

const WIDE: (u16, u16) = (120, 40);

/// A machine with a member, seen for some seconds.
fn waiting(seconds: usize) -> (World, Vec<Event>) {
    let (mut world, mut events) = seen(2);
    world.put(4121, Queue::Priority);
    events.extend((0..seconds).map(|_| world.tick()));
    (world, events)
}

fn wide(events: Vec<Event>) -> Shown {
    play(WIDE, events, &mut FakeEffects::default())
}

/// The line of a queue's wake-up waits, from the queue's name on.
fn woken(shown: &Shown, queue: &str) -> String {
    let lines = shown.lines();
    let part = lines.iter().filter_map(|line| line.split_once("│ "));
    part.map(|(_, panel)| panel.to_owned())
        .find(|panel| panel.starts_with(queue) && panel.contains("woken"))
        .unwrap_or_else(|| panic!("{}", shown.text()))
}

#[test]
fn first_screen_shows_waits_and_goals() {
    let (_, events) = waiting(8);
    let line = show(events).line("wait p99");
    assert!(line.contains("PRIORITY 12.8 µs ✔ <100 µs holds"), "{line}");
    assert!(line.contains("BATCH  205 µs ✔ <1 ms holds"), "{line}");
}

#[test]
fn waits_and_missed_goal_are_shown_under_kernel_default() {
    let (mut world, mut events) = waiting(8);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    events.extend((0..3).map(|_| world.tick()));
    let shown = wide(events);
    assert!(shown.has("PRIORITY nobody waits"), "{}", shown.text());
    assert!(shown.has("BATCH ✘ <1 ms missed"), "{}", shown.text());
    // Nothing of what was waited under dualq is in it.
    assert!(shown.has("waits, last 2 s"), "{}", shown.text());
}

#[test]
fn median_p99_and_longest_of_either_queue_and_of_both_kinds() {
    let (_, events) = waiting(8);
    let shown = wide(events);
    let words = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let priority = words(woken(&shown, "PRIORITY"));
    assert_eq!(priority, "PRIORITY woken 8.70 µs 12.8 µs 41.0 µs");
    let batch = words(woken(&shown, "BATCH"));
    assert_eq!(batch, "BATCH woken 43.0 µs 205 µs 710 µs");
    assert_eq!(shown.text().matches("preempted").count(), 2);
    assert!(shown.has("costs  290 ns an event, 0.03 % of all CPUs"));
}

#[test]
fn goal_that_is_missed_stands_apart_from_the_next_queue() {
    let (mut world, mut events) = waiting(8);
    world.tick();
    let waits = world.snapshot.waits.as_mut().unwrap();
    let wake = &mut Arc::make_mut(waits).priority.wake;
    wake.histogram.count(400_000, 100_000);
    wake.max_ns = 450_000;
    events.push(Event::Snapshot(Box::new(world.snapshot.clone())));
    let shown = wide(events);
    let line = shown.line("<100 µs missed");
    let (_, next) = line.split_once("<100 µs missed").unwrap();
    assert!(
        next.starts_with(' ') && next.trim_start().starts_with("BATCH ✔"),
        "{line}"
    );
}

#[test]
fn a_p99_is_said_only_of_two_hundred_waits() {
    let mut world = World::new(2);
    world.busy = 0.02;
    world.put(4121, Queue::Priority);
    let mut events = vec![world.look()];
    events.extend((0..4).map(|_| world.tick()));
    let shown = wide(clone(&events));
    assert!(shown.has("BATCH 52/200 waits"), "{}", shown.text());
    assert!(
        !woken(&shown, "BATCH").contains("205 µs"),
        "{}",
        shown.text()
    );
    world.busy = 1.0;
    events.push(world.tick());
    let shown = wide(events);
    assert!(!shown.has("/200 waits"), "{}", shown.text());
    assert!(
        woken(&shown, "BATCH").contains("205 µs"),
        "{}",
        shown.text()
    );
}

#[test]
fn waits_before_a_move_do_not_mix_with_waits_after() {
    let (mut world, mut events) = waiting(20);
    assert!(wide(clone(&events)).has("waits, last 10 s"));
    world.event();
    events.push(world.look_later());
    let begun = wide(clone(&events));
    assert!(begun.has("BATCH measuring"), "{}", begun.text());
    events.push(world.pass(Duration::from_secs(1)));
    let shown = wide(events);
    assert!(shown.has("waits, last 1 s"), "{}", shown.text());
    assert!(
        woken(&shown, "BATCH").contains("205 µs"),
        "{}",
        shown.text()
    );
}

#[test]
fn w_switches_the_measuring_and_the_screen_says_that_it_is_off() {
    let (mut world, mut events) = waiting(3);
    events.push(key(Key::Char('w')));
    let mut effects = FakeEffects::default();
    play(SMALL, clone(&events), &mut effects);
    assert_eq!(effects.asked, ["measure waits: false"]);

    world.no_waits(NoWaits::Off);
    events.extend([Event::Waits(Ok(false)), world.tick()]);
    for size in [SMALL, WIDE] {
        let shown = play(size, clone(&events), &mut FakeEffects::default());
        let said = shown.has("not measured: w switches it on");
        assert!(said, "{}", shown.text());
    }
    events.push(key(Key::Char('w')));
    let mut effects = FakeEffects::default();
    play(SMALL, events, &mut effects);
    assert_eq!(effects.asked[1..], ["measure waits: true"]);
}

#[test]
fn w_is_the_owners() {
    let (mut world, mut events) = waiting(3);
    world.scheduler().role = Role::Joined { owner: Some(1234) };
    events.extend([world.tick(), key(Key::Char('w'))]);
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert!(shown.has("Another process owns the scheduler"));
    assert!(effects.asked.is_empty());
}

#[test]
fn an_instrument_that_cannot_be_loaded_says_why() {
    let (mut world, mut events) = waiting(1);
    world.no_waits(NoWaits::Unavailable("no such program".into()));
    events.extend([world.tick(), key(Key::Char('w'))]);
    let mut effects = FakeEffects::default();
    let shown = play(WIDE, events, &mut effects);
    let lines = shown.text().matches("no such program").count();
    assert_eq!(lines, 2, "{}", shown.text());
    assert!(effects.asked.is_empty());
}

#[test]
fn a_members_own_wait_stands_in_its_row() {
    let (_, events) = waiting(8);
    let shown = wide(events);
    assert!(
        shown.line("ffmpeg -i").contains("12.8 µs"),
        "{}",
        shown.text()
    );
    let other = shown.line("cc1plus -quiet -O2 main");
    assert!(other.contains("–    cc1plus"), "{other}");
}

#[test]
fn the_list_sorts_by_wait() {
    let (mut world, mut events) = waiting(1);
    world.put(640, Queue::Priority);
    events.extend((0..8).map(|_| world.tick()));
    events.extend(typed(">"));
    events.extend((0..5).map(|_| key(Key::Down)));
    events.push(key(Key::Enter));
    let shown = wide(events);
    assert!(shown.has("WAIT p99▼"), "{}", shown.text());
    let lines = shown.lines();
    let head = lines.iter().position(|l| l.contains("COMMAND")).unwrap();
    for line in &lines[head + 1..head + 3] {
        assert!(line.contains(" µs "), "{}", shown.text());
    }
}

#[test]
fn the_process_under_the_cursor_is_looked_at() {
    let (world, mut events) = seen(2);
    let mut effects = FakeEffects::default();
    play(SMALL, clone(&events), &mut effects);
    assert_eq!(effects.watched, Some(world.id(4121)));
    events.push(key(Key::Down));
    play(SMALL, events, &mut effects);
    assert_eq!(effects.watched, Some(world.id(3977)));
}

#[test]
fn wait_in_progress_is_shown_before_it_ends() {
    let mut world = World::new(2);
    world.busy = 0.0;
    world.scheduler().guarantee_percent = Some(0);
    world.scheduler().oldest_wait = Some(std::time::Duration::from_millis(7300));
    let events = vec![world.look(), world.tick(), world.tick()];
    let line = show(events).line("wait p99");
    assert!(line.contains("✘ oldest 7.3 s"), "{line}");
    assert!(!line.contains("BATCH nobody waits"), "{line}");
}
