//! The key that traces the next ten seconds.

use dualq_top::model::{ActiveScheduler, Role};
use dualq_top::tui::app::{Event, Traced};

use crate::support::{FakeEffects, play, typed};
use crate::{SMALL, seen};

#[test]
fn the_key_traces_once_at_a_time_and_says_the_cost() {
    let (_, mut events) = seen(2);
    events.extend(typed("TT"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["trace 10s"]);
    assert!(shown.has("A trace is being recorded"), "{}", shown.text());

    let (_, mut events) = seen(2);
    events.extend(typed("T"));
    let shown = play(SMALL, events, &mut FakeEffects::default());
    assert!(
        shown.has("Tracing 10 s, +260 instructions a switch: trace.json"),
        "{}",
        shown.text()
    );

    let (_, mut events) = seen(2);
    events.extend(typed("T"));
    events.push(Event::Traced(Traced::Ended(Ok(
        "trace.json has 9 runs".into()
    ))));
    let ended = events.len();
    events.extend(typed("T"));
    let mut effects = FakeEffects::default();
    play(SMALL, events, &mut effects);
    assert_eq!(effects.asked.len(), 2);
    let (_, mut events) = seen(2);
    events.extend(typed("T"));
    events.push(Event::Traced(Traced::Ended(Ok(
        "trace.json has 9 runs".into()
    ))));
    events.truncate(ended);
    let shown = play(SMALL, events, &mut FakeEffects::default());
    assert!(shown.has("trace.json has 9 runs."), "{}", shown.text());
}

#[test]
fn nothing_is_traced_in_view_mode_or_without_dualq() {
    let (mut world, _) = seen(2);
    world.scheduler().role = Role::View {
        reason: "not root".into(),
    };
    let mut events = vec![world.tick(), world.tick()];
    events.extend(typed("T"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert!(effects.asked.is_empty());
    assert!(
        shown.has("Cannot trace in view mode: not root"),
        "{}",
        shown.text()
    );

    let (mut world, _) = seen(2);
    world.scheduler().active = ActiveScheduler::KernelDefault;
    let mut events = vec![world.tick(), world.tick()];
    events.extend(typed("T"));
    let shown = play(SMALL, events, &mut effects);
    assert!(effects.asked.is_empty());
    assert!(
        shown.has("dualq is not attached, x attaches it"),
        "{}",
        shown.text()
    );
}
