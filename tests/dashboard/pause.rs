//! Holding the screen, following a process, and the interval.

use dualq_top::model::ActiveScheduler;
use dualq_top::tui::app::Key;

use crate::support::{FakeEffects, key, play, typed};
use crate::{SMALL, clone, go_to, seen, show};

#[test]
fn a_held_screen_stands_still_and_says_so() {
    for pause in ["p", "Z"] {
        let (mut world, mut events) = seen(2);
        events.extend(typed(pause));
        let before = show(clone(&events));
        assert!(before.lines()[0].contains("PAUSED"), "{}", before.text());
        world.uses(4121, 1.0);
        events.extend([world.tick(), world.tick()]);
        assert_eq!(show(clone(&events)).lines(), before.lines());
        events.extend(typed(pause));
        let after = show(events);
        assert!(
            !after.has("PAUSED") && after.line("ffmpeg").contains("   1.0 "),
            "{}",
            after.text()
        );
    }
}

#[test]
fn one_still_moves_about_on_a_held_screen() {
    let (mut world, mut events) = seen(2);
    events.extend(typed("p"));
    events.push(world.tick());
    events.extend(go_to("firefox"));
    assert!(show(clone(&events)).under_cursor().contains("firefox"));
    events.extend(typed(" "));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, clone(&events), &mut effects);
    assert_eq!(effects.asked, ["move 2955 to PRIORITY"]);
    assert!(shown.line(" 2955 ").starts_with('★'), "{}", shown.text());
    // The snapshot that waits was taken before the move.
    events.extend(typed("p"));
    assert!(show(events).line(" 2955 ").starts_with('★'));
}

#[test]
fn the_charts_have_no_gap_after_a_pause() {
    let play = |paused: bool| {
        let (mut world, mut events) = seen(2);
        if paused {
            events.extend(typed("p"));
        }
        events.extend((0..20).map(|_| world.tick()));
        if paused {
            events.extend(typed("p"));
        }
        show(events)
    };
    assert_eq!(play(true).lines()[1..8], play(false).lines()[1..8]);
}

#[test]
fn a_held_screen_never_hides_that_the_scheduler_ended() {
    let (mut world, mut events) = seen(2);
    events.extend(typed("p"));
    world.scheduled_by(ActiveScheduler::KernelDefault);
    events.push(world.tick());
    let shown = show(events);
    assert!(
        shown.lines()[0].contains("kernel default"),
        "{}",
        shown.text()
    );
    assert!(!shown.lines()[0].contains("PAUSED"));
}

#[test]
fn a_followed_process_stays_in_the_middle() {
    let (mut world, mut events) = seen(2);
    events.extend(go_to("ksoftirqd"));
    events.extend(typed("F"));
    let row = |events: &[dualq_top::tui::app::Event]| {
        let shown = show(clone(events));
        let lines = shown.lines();
        let found = lines.iter().position(|line| line.contains("ksoftirqd/0"));
        found.unwrap_or_else(|| panic!("{}", shown.text()))
    };
    assert!(show(clone(&events)).line("COMMAND").contains("following"));
    let before = row(&events);
    world.uses(1, 3.7);
    world.uses(640, 0.0);
    world.uses(700, 9.0);
    events.push(world.tick());
    assert_eq!(row(&events), before);
    events.push(key(Key::Down));
    assert!(!show(events).has("following,"), "moving the cursor ends it");
}

#[test]
fn the_interval_is_chosen_and_shown() {
    let (_, events) = seen(2);
    let with = |text: &str| {
        let mut events = clone(&events);
        events.extend(typed(text));
        let mut effects = FakeEffects::default();
        let shown = play((140, 40), events, &mut effects);
        (shown, effects.asked)
    };
    let (shown, asked) = with("]");
    assert_eq!(asked, ["look each 2s"]);
    assert!(shown.lines()[0].contains("2 s"), "{}", shown.text());
    assert_eq!(with("[[").1, ["look each 500ms", "look each 250ms"]);
    assert!(with("[[[").0.has("This is the shortest interval."));
    assert!(with("]]]]]").0.has("This is the longest interval."));
}
