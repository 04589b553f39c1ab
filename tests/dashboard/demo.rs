//! The demonstration: what is asked, what its panel says, where the cursor goes.

use std::time::Duration;

use dualq_top::model::DemoStatus;
use dualq_top::model::{ActiveScheduler, DemoReading, Queue};
use dualq_top::tui::app::{Event, Key};

use crate::support::{FakeEffects, Metronome, Shown, World, key, play, typed};
use crate::{SMALL, SPACE, seen, show};

/// A machine with a load that has run for some seconds, all deadlines missed.
fn under_load(seconds: u64) -> (World, Metronome, Vec<Event>) {
    let (mut world, mut events) = seen(2);
    let mut metronome = Metronome::start(&mut world);
    events.push(Event::Demo(DemoStatus::Starting));
    events.push(metronome.read());
    for _ in 0..seconds {
        events.extend(metronome.second(&mut world, 48));
    }
    (world, metronome, events)
}

#[test]
fn d_starts_the_load_and_d_stops_it() {
    let (_, mut events) = seen(2);
    events.extend(typed("d"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["start the demo"]);
    assert!(shown.has("deadlines missed per second") && shown.has("calibrating"));

    let (_, _, mut events) = under_load(2);
    // A second d while it stops asks for nothing more.
    events.extend(typed("dd"));
    let mut effects = FakeEffects::default();
    play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["stop the demo"]);

    let (_, _, mut events) = under_load(2);
    events.extend(typed("d"));
    events.push(Event::Demo(DemoStatus::Stopped));
    let shown = show(events);
    assert!(!shown.has("deadlines missed"), "{}", shown.text());
}

#[test]
fn missed_deadlines_are_counted_over_the_last_second() {
    let (_, _, events) = under_load(5);
    let shown = show(events);
    // 48 in big digits: the first line of a 4 and of an 8.
    assert!(
        shown
            .line("deadlines missed per second")
            .contains("██  ██  ██████"),
        "{}",
        shown.text()
    );
    assert!(
        shown.has("In BATCH it misses 48 of 60: space moves it to PRIORITY."),
        "{}",
        shown.text()
    );
    assert!(shown.has("of 60 frames with 10 ms of work on each CPU, beside 4 hogs"));
}

#[test]
fn the_cursor_goes_to_the_metronome_once() {
    let (mut world, mut metronome, events) = under_load(2);
    assert!(show(events).under_cursor().contains("demo-frame"));

    let (mut _world, _, mut events) = under_load(2);
    events.push(key(Key::Home));
    events.extend(metronome.second(&mut world, 48));
    assert!(!show(events).under_cursor().contains("demo-frame"));
}

/// After five seconds in BATCH and three in PRIORITY.
fn moved() -> (World, Metronome, Vec<Event>) {
    let (mut world, mut metronome, mut events) = under_load(5);
    world.put(Metronome::PID, Queue::Priority);
    events.push(key(SPACE));
    events.push(world.tick());
    for _ in 0..3 {
        events.extend(metronome.second(&mut world, 0));
    }
    (world, metronome, events)
}

#[test]
fn the_panel_says_in_a_sentence_what_a_move_did() {
    let (_, _, events) = moved();
    let shown = show(events);
    let sentence = "In PRIORITY it misses 0 of 60; everyone else has 3 % less.";
    assert!(shown.has(sentence), "{}", shown.text());
}

#[test]
fn the_panel_says_what_it_was_in_the_other_queue() {
    let (mut world, mut metronome, mut events) = moved();
    world.put(Metronome::PID, Queue::Batch);
    events.push(key(SPACE));
    events.push(world.tick());
    for _ in 0..3 {
        events.extend(metronome.second(&mut world, 48));
    }
    let shown = show(events);
    let sentence = "In BATCH it misses 48 of 60, in PRIORITY it missed 0.";
    assert!(shown.has(sentence), "{}", shown.text());
}

#[test]
fn a_frame_with_too_few_rivals_says_that_nothing_shows() {
    let (mut world, mut events) = seen(2);
    let mut metronome = Metronome::start(&mut world);
    events.push(metronome.read());
    for _ in 0..4 {
        events.extend(metronome.second(&mut world, 3));
    }
    let shown = show(events);
    let sentence = "Too few rivals: BATCH misses only 4 of 60; more --hogs?";
    assert!(shown.has(sentence), "{}", shown.text());
}

/// The frame in BATCH for some seconds, and then in PRIORITY: missed deadlines a second, and the hogs' CPUs.
fn through_both(batch: (u64, f64), priority: Option<(u64, f64)>, back: bool) -> Shown {
    let (mut world, mut events) = seen(2);
    let mut load = Metronome::start(&mut world);
    events.push(load.read());
    let mut seconds = |world: &mut World, (missed, hogs): (u64, f64)| {
        let second = |_| {
            load.reading.at += Duration::from_secs(1);
            load.reading.hogs_cpu += Duration::from_secs_f64(hogs);
            load.reading.missed += missed;
            load.reading.on_time += 60 - missed;
            [load.read(), world.tick()]
        };
        (0..4).flat_map(second).collect::<Vec<_>>()
    };
    events.extend(seconds(&mut world, batch));
    if let Some(priority) = priority {
        world.put(Metronome::PID, Queue::Priority);
        events.push(key(SPACE));
        events.push(world.tick());
        events.extend(seconds(&mut world, priority));
    }
    if back {
        world.put(Metronome::PID, Queue::Batch);
        events.push(key(SPACE));
        events.push(world.tick());
        events.extend(seconds(&mut world, batch));
    }
    show(events)
}

#[test]
fn no_sentence_of_the_demonstration_is_cut_at_80_columns() {
    for (shown, begins, ends) in [
        (
            through_both((58, 2.0), None, false),
            "In BATCH it misses 58",
            "PRIORITY.",
        ),
        (
            through_both((29, 2.0), None, false),
            "Too few rivals",
            "--hogs?",
        ),
        (
            through_both((58, 2.0), Some((12, 2.0)), false),
            "Too busy",
            "--work?",
        ),
        (
            through_both((58, 2.0), Some((0, 2.0)), false),
            "In PRIORITY",
            "as much.",
        ),
        (
            through_both((58, 2.0), Some((0, 0.0)), false),
            "In PRIORITY",
            "100 % less.",
        ),
        (
            through_both((58, 1.0), Some((0, 2.5)), false),
            "In PRIORITY",
            "150 % more.",
        ),
        (
            through_both((58, 2.0), Some((0, 2.0)), true),
            "In BATCH it misses 58",
            "missed 0.",
        ),
    ] {
        let line = shown.line(begins);
        assert!(line.ends_with(ends), "{line:?} does not end with {ends:?}");
    }
}

/// The frame in PRIORITY misses deadlines after this was done to the machine.
fn misses_in_priority(change: impl FnOnce(&mut World)) -> Shown {
    let (mut world, mut load, mut events) = moved();
    change(&mut world);
    for _ in 0..3 {
        events.extend(load.second(&mut world, 32));
    }
    show(events)
}

#[test]
fn a_rival_or_a_high_guarantee_is_named_as_the_reason() {
    let rival = |world: &mut World| {
        world.put(Metronome::PID - 1, Queue::Priority);
        world.process(Metronome::PID - 1).state = 'R';
    };
    for (shown, sentence) in [
        (
            misses_in_priority(rival),
            "It misses 32 of 60: demo-hog (6099) is in PRIORITY too.",
        ),
        (
            misses_in_priority(|world| world.scheduler().guarantee_percent = Some(50)),
            "It misses 32 of 60: BATCH is guaranteed 50 % of each CPU.",
        ),
        // It would miss none for that alone.
        (
            misses_in_priority(|world| world.scheduler().guarantee_percent = Some(20)),
            "Too busy a machine: PRIORITY misses 32 of 60; less --work?",
        ),
        // A lower level does not hold the frame up.
        (
            misses_in_priority(|world| {
                rival(world);
                world.on_level(Metronome::PID - 1, 100);
            }),
            "Too busy a machine: PRIORITY misses 32 of 60; less --work?",
        ),
    ] {
        assert!(shown.has(sentence), "{}", shown.text());
    }
}

#[test]
fn a_move_of_the_metronome_shows_in_its_number_within_a_reading() {
    let (mut world, mut metronome, mut events) = under_load(5);
    events.push(key(SPACE));
    world.put(Metronome::PID, Queue::Priority);
    events.push(metronome.pass(Duration::from_millis(250), 0));
    let shown = show(events);
    // A 0, not the mean of what was before and after.
    let line = shown.line("deadlines missed per second");
    assert!(line.starts_with("         ██████ "), "{}", shown.text());
    assert!(line.contains("PRIORITY"), "{line}");
}

#[test]
fn the_panel_keeps_the_queue_of_each_second() {
    let (mut world, mut metronome, mut events) = under_load(3);
    world.put(Metronome::PID, Queue::Priority);
    events.push(world.look());
    for _ in 0..4 {
        events.extend(metronome.second(&mut world, 0));
    }
    let shown = show(events);
    assert!(
        shown.line("  queue").ends_with("▒▒████"),
        "{}",
        shown.text()
    );
    let missed = shown.line("  missed ");
    assert!(missed.ends_with("▇▇▇"), "{missed}");
}

#[test]
fn the_panel_marks_the_seconds_in_which_the_key_was_pressed() {
    let (mut world, mut metronome, mut events) = under_load(3);
    for queue in [Queue::Priority, Queue::Batch] {
        // The cursor has been put on the metronome.
        events.extend(typed(" "));
        world.put(Metronome::PID, queue);
        events.push(world.look());
        for _ in 0..3 {
            events.extend(metronome.second(&mut world, 0));
        }
    }
    let shown = show(events);
    let queue = shown.line("  queue");
    assert!(queue.ends_with("▒▲██▲▒▒"), "{}", shown.text());
}

#[test]
fn under_the_kernel_default_the_metronome_is_shown_in_no_queue() {
    let (mut world, mut metronome, mut events) = under_load(3);
    world.put(Metronome::PID, Queue::Priority);
    events.push(world.look());
    for _ in 0..3 {
        events.extend(metronome.second(&mut world, 0));
    }
    world.scheduled_by(ActiveScheduler::KernelDefault);
    // It stays a member.
    world.put(Metronome::PID, Queue::Priority);
    events.push(world.look());
    for _ in 0..3 {
        // Two more than a second has: the readings are not exactly a second apart.
        metronome.reading.missed += 2;
        events.extend(metronome.second(&mut world, 60));
    }
    let shown = show(events);
    assert!(
        shown.line("  queue").ends_with("▒███–––"),
        "{}",
        shown.text()
    );
    // Of PRIORITY, which nobody serves now, it speaks in comparison only.
    let sentence = "Under the kernel default it misses 60 of 60, in PRIORITY 0.";
    assert!(shown.has(sentence), "{}", shown.text());
}

#[test]
fn held_the_number_stands_still() {
    let (mut world, mut metronome, mut events) = under_load(3);
    events.extend(typed("p"));
    for _ in 0..3 {
        events.extend(metronome.second(&mut world, 0));
    }
    assert!(show(events).has("In BATCH it misses 48 of 60"));
}

#[test]
fn an_end_that_nobody_asked_for_is_said() {
    let (_, _, mut events) = under_load(3);
    let why = "The demonstration's time is over (30 min): d starts it again.";
    events.push(Event::Demo(DemoStatus::Ended(why.into())));
    let shown = show(events);
    assert!(shown.has(why) && !shown.has("deadlines missed"));
}

#[test]
fn a_report_that_comes_late_gives_no_absurd_number() {
    let (_, metronome, mut events) = under_load(1);
    let DemoReading { at, missed, .. } = metronome.reading;
    for step in 1..6 {
        // It was held for missed, and then was not.
        events.push(Event::Demo(DemoStatus::Runs(DemoReading {
            at: at + Duration::from_millis(250 * step),
            missed: missed - 1,
            ..metronome.reading
        })));
    }
    let shown = show(events);
    assert!(
        shown
            .line("deadlines missed per second")
            .starts_with("         ██████ "),
        "{}",
        shown.text()
    );
}
