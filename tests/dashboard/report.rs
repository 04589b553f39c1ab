//! The kernel has ended the scheduler by itself: the report, and the way back.

use super::*;
use dualq_top::model::{ActiveScheduler, Exit, Role};
use dualq_top::tui::app::Outcome;

fn exit() -> Exit {
    Exit {
        asks_restart: false,
        kind: "a runnable task waited too long (the watchdog)".into(),
        reason: "runnable task stall".into(),
        message: "make[7] failed to run for 30.1s".into(),
        dump: (0..60).map(|n| format!("  CPU {n} : nr_run=3")).collect(),
    }
}

fn ended(keys: &[Key]) -> Vec<Event> {
    let (mut world, mut events) = seen(2);
    events.extend(keys.iter().map(|k| key(*k)));
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.scheduler().exit = Some(exit());
    events.push(world.tick());
    events
}

#[test]
fn ejection_is_shown_with_kind_reason_message_and_dump() {
    let shown = show(ended(&[]));
    for part in [
        "The kernel ended dualq",
        "waited too long (the watchdog)",
        "Reason: runnable task stall",
        "Message: make[7] failed to run for 30.1s",
        "   CPU 0 : nr_run=3",
        "x attaches dualq again",
    ] {
        assert!(shown.has(part), "{part}: {}", shown.text());
    }
}

#[test]
fn the_dump_scrolls_to_its_end_and_back() {
    let mut events = ended(&[]);
    events.push(key(Key::End));
    let shown = show(clone(&events));
    assert!(
        shown.has("CPU 59 :") && !shown.has("Reason"),
        "{}",
        shown.text()
    );
    events.extend([key(Key::Up), key(Key::PageUp)]);
    assert!(!show(clone(&events)).has("CPU 59 :"));
    events.push(key(Key::Home));
    assert!(show(events).has("Reason"));
}

#[test]
fn x_attaches_again_and_the_report_goes() {
    let mut events = ended(&[]);
    events.push(key(Key::Char('x')));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["attach"]);
    assert!(shown.has("COMMAND"), "{}", shown.text());
}

#[test]
fn another_key_closes_the_report_and_e_shows_it_again() {
    let mut events = ended(&[]);
    events.push(key(SPACE));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, clone(&events), &mut effects);
    assert!(shown.has("COMMAND") && effects.asked.is_empty());
    assert!(shown.has("e shows more, x attaches"), "{}", shown.text());
    events.push(key(Key::Char('e')));
    assert!(show(clone(&events)).has("Reason: runnable"));
    events.push(key(Key::Ctrl('c')));
    let shown = play(SMALL, events, &mut FakeEffects::default());
    assert_eq!(shown.outcome, Outcome::Quit);
    let (_, mut events) = seen(2);
    events.push(key(Key::Char('e')));
    assert!(show(events).has("there is no report"));
}

#[test]
fn a_report_once_closed_stays_closed_until_another_end() {
    let (mut world, mut events) = seen(2);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.scheduler().exit = Some(exit());
    events.extend([world.tick(), key(Key::Esc), world.tick(), world.tick()]);
    assert!(show(clone(&events)).has("COMMAND"));
    world.reattach();
    world.scheduler().exit = None;
    events.push(world.tick());
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.scheduler().exit = Some(exit());
    events.push(world.tick());
    assert!(show(events).has("Reason: runnable"));
}

#[test]
fn a_report_does_not_interrupt_typing() {
    let mut events = ended(&[Key::Char('/'), Key::Char('f')]);
    assert!(!show(clone(&events)).has("Reason: runnable"));
    let (mut world, _) = seen(2);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.scheduler().exit = Some(exit());
    world.snapshot.at += std::time::Duration::from_secs(9);
    events.extend([key(Key::Enter), world.tick()]);
    assert!(show(events).has("Reason: runnable"));
}

#[test]
fn in_view_mode_nothing_is_offered_that_cannot_be_done() {
    let (mut world, mut events) = seen(2);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.scheduler().exit = Some(exit());
    world.scheduler().role = Role::View {
        reason: "not root".into(),
    };
    events.push(world.tick());
    assert!(!show(events).has("x attaches"));
}

#[test]
fn zero_guarantee_shows_oldest_wait_against_watchdog_in_red() {
    let (mut world, mut events) = seen(2);
    world.scheduler().guarantee_percent = Some(0);
    world.scheduler().watchdog = Some(std::time::Duration::from_secs(12));
    world.scheduler().oldest_wait = Some(std::time::Duration::from_millis(7340));
    events.push(world.tick());
    let shown = show(events);
    let line =
        shown.line("BATCH has no guarantee: its oldest task waits 7.3 s; dualq is ejected at 12 s");
    let y = shown
        .lines()
        .iter()
        .position(|other| *other == line)
        .unwrap();
    let style = shown.buffer[(10, y as u16)].style();
    assert_eq!(style.bg, Some(ratatui::style::Color::Red));
}
