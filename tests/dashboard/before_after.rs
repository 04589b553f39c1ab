//! The card of before and after.

use std::sync::Arc;

use dualq_top::model::{ActiveScheduler, NoWaits, Queue};
use dualq_top::tui::app::{Event, Key};

use crate::support::{FakeEffects, Metronome, Shown, World, key, play, typed};
use crate::{SMALL, SPACE, go_to, show};

const FFMPEG: u32 = 4121;

/// `before` seconds with ffmpeg under the cursor in BATCH, then the key, then `after` seconds.
fn toggled(before: usize, after: usize) -> (World, Vec<Event>) {
    let mut world = World::new(2);
    world.watch(FFMPEG);
    let mut events = vec![world.look()];
    events.extend(go_to("ffmpeg"));
    events.extend((0..before).map(|_| world.tick()));
    events.push(key(SPACE));
    world.put(FFMPEG, Queue::Priority);
    world.event();
    events.extend((0..after).map(|_| world.tick()));
    (world, events)
}

fn row(shown: &Shown, name: &str) -> String {
    let lines = shown.lines();
    let mut lines = lines.iter().skip_while(|line| !line.contains("before "));
    lines
        .find(|line| line.starts_with(&format!(" {name}")))
        .unwrap_or_else(|| panic!("no row {name}\n{}", shown.text()))
        .to_owned()
}

#[test]
fn a_toggle_pins_a_card_of_before_and_after() {
    let shown = show(toggled(12, 6).1);
    assert!(
        shown.has("ffmpeg (4121) BATCH → PRIORITY"),
        "{}",
        shown.text()
    );
    // One second of the six is where the after begins.
    assert!(shown.has("before 10 s → after 5 s"), "{}", shown.text());
    let ffmpeg = row(&shown, "ffmpeg");
    assert!(ffmpeg.contains("43.0 µs → 8.70 µs"), "{ffmpeg}");
    assert!(ffmpeg.contains("205 µs → 12.8 µs"), "{ffmpeg}");
    assert!(ffmpeg.contains("88.2 % →  88.2 %"), "{ffmpeg}");
    let rest = row(&shown, "the rest");
    assert!(rest.contains("10.8 µs → 12.8 µs"), "{rest}");
}

#[test]
fn too_few_waits_are_said_and_no_percentile_is_made_of_them() {
    let shown = show(toggled(12, 2).1);
    let ffmpeg = row(&shown, "ffmpeg");
    assert!(ffmpeg.contains("205 µs → 119/200"), "{ffmpeg}");
    let shown = show(toggled(12, 0).1);
    assert!(shown.has("before 10 s → after –"), "{}", shown.text());
}

#[test]
fn the_card_stays_as_it_is_after_its_window() {
    let (mut world, mut events) = toggled(12, 11);
    let then = show(crate::clone(&events));
    world.uses(FFMPEG, 12.0);
    events.extend((0..30).map(|_| world.tick()));
    let now = show(events);
    assert_eq!(row(&then, "ffmpeg"), row(&now, "ffmpeg"));
    assert!(now.has("after 10 s"), "{}", now.text());
}

#[test]
fn a_snapshot_taken_before_a_move_does_not_count_as_after() {
    let (mut world, mut events) = toggled(12, 0);
    // Taken before the move, seen after it.
    let mut before = world.clone();
    if let Ok(waits) = &mut before.snapshot.waits {
        Arc::make_mut(waits).event -= 1;
    }
    events.push(before.tick());
    world.tick();
    events.extend([world.tick(), world.tick()]);
    let shown = show(events);
    assert!(shown.has("after 1 s"), "{}", shown.text());
}

#[test]
fn handing_the_machine_over_pins_a_card_too() {
    let (mut world, mut events) = (World::new(2), vec![]);
    world.watch(FFMPEG);
    world.put(FFMPEG, Queue::Priority);
    events.push(world.look());
    events.extend(go_to("ffmpeg"));
    events.extend((0..12).map(|_| world.tick()));
    events.extend([key(Key::Char('x')), Event::Scheduler(Ok(()))]);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.event();
    events.extend((0..8).map(|_| world.tick()));
    let shown = show(events);
    assert!(
        shown.has("ffmpeg (4121) dualq → kernel default"),
        "{}",
        shown.text()
    );
    let ffmpeg = row(&shown, "ffmpeg");
    assert!(ffmpeg.contains("12.8 µs →"), "{ffmpeg}");
    assert!(!ffmpeg.ends_with("→ –  "), "{ffmpeg}");
    assert!(
        ffmpeg.trim_end().ends_with('–'),
        "nothing of ours dispatches: {ffmpeg}"
    );
}

#[test]
fn without_waits_the_card_still_shows_cpu_time() {
    let mut world = World::new(2);
    world.no_waits(NoWaits::Off);
    let mut events = vec![world.look()];
    events.extend(go_to("ffmpeg"));
    events.extend((0..12).map(|_| world.tick()));
    events.push(key(SPACE));
    events.extend((0..4).map(|_| world.tick()));
    let ffmpeg = row(&show(events), "ffmpeg");
    assert!(
        ffmpeg.contains("–") && ffmpeg.contains("88.2 % →  88.2 %"),
        "{ffmpeg}"
    );
}

#[test]
fn missed_deadlines_lead_where_the_metronome_is_moved() {
    let mut world = World::new(4);
    let mut events = vec![world.look()];
    let mut metronome = Metronome::start(&mut world);
    world.watch(Metronome::PID);
    events.push(metronome.read());
    for _ in 0..12 {
        events.extend(metronome.second(&mut world, 48));
    }
    events.push(key(SPACE));
    world.put(Metronome::PID, Queue::Priority);
    world.event();
    for _ in 0..4 {
        events.extend(metronome.second(&mut world, 0));
    }
    let tall = play(
        (120, 40),
        crate::clone(&events),
        &mut FakeEffects::default(),
    );
    let missed = tall.line("missed/s").replace(' ', "");
    assert!(missed.contains("missed/s48→0"), "{}", tall.text());
    for size in [SMALL, (90, 40)] {
        let shown = play(size, crate::clone(&events), &mut FakeEffects::default());
        let (heads, row) = (shown.line("missed/s"), row(&shown, "demo-f"));
        let below = |head: &str| {
            let place = heads.split(head).next().unwrap().chars().count();
            row.chars().skip(place).collect::<String>()
        };
        assert!(below("missed/s").starts_with("48 → 0 "), "{row}");
        assert!(below("dispatches").starts_with("0:100→30:70"), "{row}");
    }
}

#[test]
fn escape_puts_the_card_away_and_the_next_move_pins_the_next() {
    let (mut world, mut events) = toggled(12, 4);
    events.push(key(Key::Esc));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, crate::clone(&events), &mut effects);
    assert!(!shown.has("before 10 s"), "{}", shown.text());
    events.extend(typed("z"));
    world.put(FFMPEG, Queue::Batch);
    world.event();
    events.extend([world.tick(), world.tick()]);
    let shown = play(SMALL, events, &mut effects);
    assert!(
        shown.has("ffmpeg (4121) PRIORITY → BATCH"),
        "{}",
        shown.text()
    );
}
