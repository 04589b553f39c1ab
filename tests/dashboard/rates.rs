//! Rates, counters and history.

use std::time::Duration;

use dualq_top::model::ActiveScheduler;
use dualq_top::tui::app::{App, Event};

use crate::support::{FakeEffects, Shown, World, busy, key, play};
use crate::{SPACE, clone, seen, show};

/// The dispatches per second on the screen.
fn dispatches(shown: &Shown) -> String {
    let line = shown.line("dispatches ▒");
    line.split_whitespace().last().unwrap().to_owned()
}

#[test]
fn rates_survive_a_reattach() {
    let (mut world, mut events) = seen(2);
    world.reattach();
    events.push(world.tick());
    let shown = show(clone(&events));
    assert!(
        shown.has("attached again: counters were reset"),
        "{}",
        shown.text()
    );
    events.push(world.tick());
    let rate = dispatches(&show(events));
    assert!(rate.starts_with("3.") || rate.starts_with("4."), "{rate}");
}

#[test]
fn counters_that_begin_again_give_no_absurd_rate() {
    // The attachment's age says nothing here: only the counters went back.
    let (mut world, mut events) = seen(2);
    let age = world.scheduler().attached;
    world.reattach();
    world.scheduler().attached = age;
    events.push(world.tick());
    assert!(show(events).has("attached again: counters were reset"));
}

#[test]
fn counters_of_another_attachment_are_not_compared() {
    // It has counted further than the one before, so that no counter went back.
    let (mut world, mut events) = seen(2);
    world.scheduler().attached = Some(Duration::from_secs(5));
    for cpu in &mut world.snapshot.cpus {
        cpu.counters.as_mut().unwrap().batch_dis += 1_000_000_000;
    }
    events.push(world.tick());
    let shown = show(events);
    assert!(
        shown.has("attached again: counters were reset"),
        "{}",
        shown.text()
    );
}

#[test]
fn rates_are_per_second_of_the_monotonic_clock() {
    let rate = |interval| {
        let mut world = World::new(2);
        let mut app = App::new();
        app.handle(world.look());
        app.handle(world.pass(interval));
        app.tick().unwrap().total.dispatched.sum()
    };
    let (one, ten) = (rate(Duration::from_secs(1)), rate(Duration::from_secs(10)));
    assert!((one / ten - 1.0).abs() < 0.01, "{one} and {ten}");
}

#[test]
fn a_snapshot_of_the_same_moment_gives_no_rate() {
    let (world, mut events) = seen(2);
    events.push(world.look());
    let shown = show(events);
    assert!(
        shown.has("– measuring: rates follow with the next tick"),
        "{}",
        shown.text()
    );
    assert!(!shown.has("inf") && !shown.has("NaN"));
}

#[test]
fn a_counter_without_a_value_is_a_dash_with_its_reason() {
    for (active, reason) in [
        (
            ActiveScheduler::KernelDefault,
            "dualq is not attached: nothing is counted",
        ),
        (
            ActiveScheduler::Transition,
            "the kernel is changing schedulers: counters pause",
        ),
    ] {
        let (mut world, mut events) = seen(2);
        world.scheduled_by(active);
        events.push(world.tick());
        let shown = show(events);
        assert!(
            shown.line("CPU time   –").contains(reason),
            "{}",
            shown.text()
        );
    }
    let (mut world, mut events) = seen(2);
    world
        .snapshot
        .cpus
        .iter_mut()
        .for_each(|cpu| cpu.counters = None);
    events.push(world.tick());
    assert!(show(events).has("– cannot read dualq's counters"));
}

#[test]
fn an_offline_cpu_is_shown_as_such_and_comes_back_sane() {
    let (mut world, mut events) = seen(4);
    world.offline(2);
    events.push(world.tick());
    let shown = show(clone(&events));
    assert!(
        shown.line(" 2 offline").starts_with("  2 "),
        "{}",
        shown.text()
    );
    assert!(shown.has("3 of 4 CPUs"));
    world.snapshot.cpus[2].online = true;
    world.snapshot.cpus[2].busy_percent = Some(97.0);
    events.push(world.tick());
    let shown = show(events);
    assert!(
        !shown.has("offline") && shown.has("4 CPUs"),
        "{}",
        shown.text()
    );
}

#[test]
fn an_idle_machine_says_that_a_move_changes_nothing() {
    let (mut world, mut events) = seen(2);
    assert!(!show(clone(&events)).has("CPUs are idle"));
    world.busy = 0.2;
    events.push(world.tick());
    // To its last word, on the smallest screen.
    assert!(
        show(events)
            .has("CPUs are idle: no task waits, so a move changes nothing; d starts a load.")
    );
}

#[test]
fn history_shows_what_a_move_did() {
    let (_, events) = busy(2, 300);
    let shown = play((120, 40), events, &mut FakeEffects::default());
    let lowest = shown.line("  0 %");
    let (first, last) = (lowest.find('▒'), lowest.rfind('█'));
    assert!(
        first < last,
        "BATCH alone first, PRIORITY at the end:\n{}",
        shown.text()
    );
}

#[test]
fn a_move_leaves_its_mark_on_the_history() {
    let (mut world, mut events) = seen(2);
    events.push(key(SPACE));
    events.extend((0..20).map(|_| world.tick()));
    let shown = play((120, 40), events, &mut FakeEffects::default());
    assert!(shown.has("▲ ffmpeg → PRIORITY"), "{}", shown.text());
}

#[test]
fn a_pause_does_not_bend_the_time_of_the_charts() {
    let mut world = World::new(1);
    let mut app = App::new();
    app.handle(world.look());
    for seconds in [1.0, 0.98, 1.03, 1.0, 5.0, 1.01] {
        app.handle(world.pass(Duration::from_secs_f64(seconds)));
    }
    assert_eq!(
        app.history().len(),
        10,
        "a slot for each second that passed"
    );
    let columns = app
        .history()
        .columns(12, 1, |tick| Some(tick.total.dispatched));
    assert_eq!(columns.iter().filter(|column| column.is_some()).count(), 10);
}

#[test]
fn cpus_that_work_keep_cells_of_their_own_beside_many_offline() {
    let mut world = World::new(128);
    for number in 2..128 {
        world.offline(number);
    }
    let shown = show([world.look(), world.tick()]);
    let offline: Vec<String> = shown
        .lines()
        .into_iter()
        .filter(|line| line.contains("offline"))
        .collect();
    assert_eq!(offline.len(), 1, "{}", shown.text());
    assert!(offline[0].contains("2-127"), "{}", shown.text());
    assert!(shown.has("2 of 128 CPUs"), "{}", shown.text());
    for number in [" 0 ", " 1 "] {
        assert!(shown.has(number), "{}", shown.text());
    }
}

#[test]
fn a_figure_that_the_kernel_lacks_is_missing_not_zero() {
    let mut world = World::new(2);
    world
        .snapshot
        .cpus
        .iter_mut()
        .for_each(|cpu| cpu.busy_percent = None);
    let mut events = vec![world.look(), world.tick()];
    let Some(Event::Snapshot(last)) = events.last_mut() else {
        panic!("it was a snapshot");
    };
    last.host.cpu_percent = None;
    last.host.load = None;
    let shown = show(clone(&events));
    assert!(
        shown.has("2 CPUs   – %") && shown.has("load –"),
        "{}",
        shown.text()
    );
    assert!(!shown.has("offline"), "{}", shown.text());
    let Some(Event::Snapshot(last)) = events.last_mut() else {
        panic!("it was a snapshot");
    };
    last.cpus.clear();
    let shown = show(events);
    assert!(
        shown.has("CPUs –") && !shown.has("0 CPUs"),
        "{}",
        shown.text()
    );
}
