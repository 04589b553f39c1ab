//! Talk mode: what the back row sees, and what a slip of the finger may not do.

use dualq_top::model::{ActiveScheduler, Queue};
use dualq_top::tui::app::{Event, Key, Outcome};

use crate::support::{FakeEffects, Metronome, key, play, typed};
use crate::{SMALL, seen, show};

/// The rows that big digits take.
fn large(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.contains("██")).count()
}

#[test]
fn b_shows_the_ratio_large_and_b_comes_back() {
    let (mut world, mut events) = seen(4);
    world.put(3977, Queue::Priority);
    events.extend([world.tick(), world.tick()]);
    events.extend(typed("b"));
    let copy = crate::clone(&events);
    let shown = show(events);
    assert!(shown.has("PRIORITY : BATCH") && !shown.has("COMMAND"));
    assert!(large(&shown.lines()) >= 5, "{}", shown.text());
    assert!(shown.has("30 go to PRIORITY"), "{}", shown.text());
    assert!(shown.line("ffmpeg (4121)").contains("BATCH"));
    assert!(shown.has("its waits: too few for a p99 yet"));

    let shown = show(copy.into_iter().chain(typed("b")));
    assert!(shown.has("COMMAND"));
}

#[test]
fn while_the_demonstration_runs_missed_deadlines_are_the_number() {
    let (mut world, mut events) = seen(4);
    let mut metronome = Metronome::start(&mut world);
    events.push(metronome.read());
    for _ in 0..4 {
        events.extend(metronome.second(&mut world, 60));
    }
    events.extend(typed("b"));
    let mut better = crate::clone(&events);
    let shown = show(events);
    assert!(shown.has("deadlines missed per second") && shown.has("no frame on time"));
    assert!(shown.line("demo-frame (6100)").contains("BATCH"));

    world.put(Metronome::PID, Queue::Priority);
    better.push(key(Key::Char(' ')));
    better.push(world.look());
    for _ in 0..2 {
        better.extend(metronome.second(&mut world, 0));
    }
    let shown = show(better);
    assert!(shown.has("every frame on time"), "{}", shown.text());
    assert!(shown.line("demo-frame (6100) ").contains("PRIORITY"));
}

#[test]
fn wait_of_selected_process_takes_precedence_over_ratio() {
    let (mut world, mut events) = seen(4);
    world.put(4121, Queue::Priority);
    events.extend((0..8).map(|_| world.tick()));
    events.extend(typed("b"));
    let shown = show(events);
    assert!(
        shown.has("wake-up latency of ffmpeg, p99"),
        "{}",
        shown.text()
    );
    assert!(shown.line("99 % of the waits").contains("µs"));
    assert!(large(&shown.lines()) >= 5);
    assert!(!shown.has("its waits"));
}

#[test]
fn waits_that_are_not_measured_are_said() {
    let (mut world, mut events) = seen(4);
    world.no_waits(dualq_top::model::NoWaits::Off);
    events.extend([world.tick(), world.tick()]);
    events.extend(typed("b"));
    assert!(show(events).has("its waits: not measured"));
}

#[test]
fn a_missing_figure_has_its_reason() {
    let (mut world, mut events) = seen(2);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    events.push(world.tick());
    events.extend(typed("b"));
    assert!(show(events).has("dualq is not attached: nothing is counted"));
}

#[test]
fn keys_pressed_are_said() {
    let (_, mut events) = seen(2);
    events.extend(typed("bjj"));
    events.extend([key(Key::Down), key(Key::Down), key(Key::Down)]);
    let shown = show(events);
    assert!(
        shown.line("pressed:").contains("b  j ×2  ↓ ×3"),
        "{}",
        shown.text()
    );
}

#[test]
fn q_asks_first_and_ctrl_c_does_not() {
    let outcome = |keys: Vec<Event>| {
        let (_, mut events) = seen(2);
        events.extend(typed("b"));
        events.extend(keys);
        // Seen only by a program that goes on.
        events.extend(typed("?"));
        let shown = play(SMALL, events, &mut FakeEffects::default());
        (shown.outcome.clone(), shown.has("keys and terms"), shown)
    };
    let (_, goes_on, shown) = outcome(vec![]);
    assert!(goes_on, "{}", shown.text());
    for keys in ["qy", "qY"] {
        let (ended, goes_on, _) = outcome(typed(keys));
        assert_eq!((ended, goes_on), (Outcome::Quit, false), "{keys}");
    }
    for keys in ["qn", "q ", "qq"] {
        assert!(outcome(typed(keys)).1, "{keys}");
    }
    assert!(!outcome(vec![key(Key::Ctrl('c'))]).1);

    let (_, mut events) = seen(2);
    events.extend(typed("bq"));
    assert!(show(events).has("Quit dualq-top?"));
}
