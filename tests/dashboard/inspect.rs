//! The optional columns, and the panel about one process.

use std::sync::Arc;
use std::time::Duration;

use dualq_top::model::{Details, Inspected, Policy, Thread, Waited, Wanted};
use dualq_top::tui::app::order::SortKey;
use dualq_top::tui::app::preferences::Preferences;
use dualq_top::tui::app::{App, Event, Key};
use dualq_top::tui::ui::theme::Theme;

use crate::support::{FakeEffects, Shown, World, key, play_app};
use crate::{seen, show};

fn details(nice: i8, affinity: &str, unit: Option<&str>) -> Arc<Details> {
    Arc::new(Details {
        nice: Some(nice),
        affinity: Some(affinity.into()),
        unit: unit.map(Into::into),
    })
}

/// A machine of which the details of two processes have been read.
fn read() -> (World, Vec<Event>) {
    let (mut world, mut events) = seen(2);
    world.process(4121).details = Some(details(-5, "0-1", Some("talk.service")));
    world.process(3977).details = Some(details(19, "all", None));
    world.process(3977).policy = Policy::Batch;
    events.push(world.tick());
    (world, events)
}

fn with(preferences: Preferences, events: Vec<Event>) -> (Shown, FakeEffects) {
    let mut effects = FakeEffects::default();
    let size = (120, 40);
    let shown = play_app(
        App::with(preferences),
        Theme::colour(),
        size,
        events,
        &mut effects,
    );
    (shown, effects)
}

#[test]
fn columns_of_the_settings_show_nice_policy_affinity_unit() {
    let (_, events) = read();
    let columns = [
        SortKey::Pid,
        SortKey::Nice,
        SortKey::Policy,
        SortKey::Affinity,
        SortKey::Unit,
        SortKey::Command,
    ];
    let preferences = Preferences {
        columns: columns.to_vec(),
        ..Preferences::default()
    };
    let (shown, effects) = with(preferences, events);
    let squeezed = |part| {
        let line = shown.line(part);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let row = squeezed("ffmpeg -i");
    assert!(
        row.contains("4121 -5 OTHER 0-1 talk.service ffmpeg"),
        "{row}"
    );
    assert!(squeezed("queue.cpp").contains("3977 19 BATCH all – cc1plus"));
    assert!(squeezed("main.cpp").contains("3978 – OTHER – – cc1plus"));
    let wanted = Wanted {
        nice: true,
        affinity: true,
        unit: true,
        inspected: None,
    };
    assert_eq!(effects.wanted, wanted);
}

#[test]
fn nothing_is_asked_for_while_no_column_shows_it() {
    let (_, events) = read();
    let (shown, effects) = with(Preferences::default(), events);
    assert!(!shown.has("AFFINITY"), "{}", shown.text());
    assert_eq!(effects.wanted, Wanted::default());
}

#[test]
fn sorting_by_an_optional_column_shows_it() {
    let (_, events) = read();
    let preferences = Preferences {
        sort: SortKey::Nice,
        ..Preferences::default()
    };
    let (shown, effects) = with(preferences, events);
    let text = shown.text();
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(place(" NI") < place("COMMAND"));
    assert!(place("ffmpeg -i") < place("queue.cpp"), "{text}");
    assert!(
        place("queue.cpp") < place("/sbin/init"),
        "unknown comes last: {text}"
    );
    assert!(effects.wanted.nice && !effects.wanted.unit);
}

fn reading(world: &World, turns: u64) -> Arc<Inspected> {
    let thread = |tid: u32, name: &str, cpu: u32| Thread {
        tid,
        name: name.into(),
        state: 'R',
        cpu: Some(cpu),
        nice: Some(-5),
        policy: Policy::Other,
        cpu_time: Duration::from_millis(500 * turns),
        waited: Some(Waited {
            ns: 40_000 * turns,
            turns,
        }),
    };
    Arc::new(Inspected {
        id: world.id(4121),
        details: Details::clone(&details(-5, "0-1", Some("talk.service"))),
        cgroup: Some("/system.slice/talk.service".into()),
        cause: Some("the rule /etc/dualq/rules.toml:3".into()),
        threads: vec![thread(4121, "ffmpeg", 1), thread(4122, "mux0", 0)],
        left_out: 0,
    })
}

#[test]
fn panel_tells_queue_cause_place_and_threads_of_a_process() {
    let (mut world, mut events) = seen(2);
    world.put(4121, dualq_top::model::Queue::Priority);
    events.push(key(Key::Char('i')));
    for turns in [10, 11, 12] {
        world.snapshot.inspected = Some(reading(&world, turns));
        events.push(world.tick());
    }
    let (shown, effects) = with(Preferences::default(), events);
    assert_eq!(effects.wanted.inspected, Some(world.id(4121)));
    let text = shown.text();
    for part in [
        "ffmpeg (4121)",
        "PRIORITY, through the rule /etc/dualq/rules.toml:3",
        "OTHER, nice -5",
        "may use 0-1; last used 1 1 1",
        "/system.slice/talk.service",
        "mean wait, at most 40.0 µs",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let row = shown.line("mux0");
    let row = row.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(row.contains("4122 R 0 -5 OTHER 50.0 40.0 µs mux0"), "{row}");
}

#[test]
fn waits_fill_the_room_that_the_threads_leave() {
    let rows = |threads: usize| {
        let (mut world, mut events) = seen(2);
        events.push(key(Key::Char('i')));
        for turns in [10, 11, 12] {
            let mut reading = Inspected::clone(&reading(&world, turns));
            let mut more = reading.threads.clone();
            more.resize(threads, reading.threads[1].clone());
            reading.threads = more;
            world.snapshot.inspected = Some(Arc::new(reading));
            events.push(world.tick());
        }
        let (shown, _) = with(Preferences::default(), events);
        let drawn = |line: &&String| line.contains('█');
        shown.lines().iter().filter(drawn).count()
    };
    assert_eq!([1, 20, 40].map(rows), [8, 7, 1]);
}

#[test]
fn esc_closes_the_panel_and_nothing_is_read_any_more() {
    let (mut world, mut events) = seen(2);
    events.push(key(Key::Char('i')));
    events.push(world.tick());
    events.push(key(Key::Esc));
    let (shown, effects) = with(Preferences::default(), events);
    assert!(shown.has("COMMAND"), "{}", shown.text());
    assert_eq!(effects.wanted, Wanted::default());
}

#[test]
fn panel_shows_dashes_for_what_is_not_known() {
    let (mut world, mut events) = seen(2);
    events.push(key(Key::Char('i')));
    events.push(world.tick());
    let shown = show(events);
    let squeezed = |part| {
        let line = shown.line(part);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(squeezed("policy"), "policy OTHER, nice –");
    assert_eq!(squeezed("may use"), "CPUs may use –; last used –");
    assert_eq!(squeezed("unit "), "unit –");
}

#[test]
fn pressure_is_in_the_header_where_the_kernel_tells_it() {
    let (mut world, mut events) = seen(2);
    let without = show(seen(2).1);
    assert!(!without.lines()[0].contains("psi"), "{}", without.text());
    world.snapshot.host.pressure_percent = Some(37.4);
    world.snapshot.scheduler.guarantee_percent = None;
    events.push(world.tick());
    let mut effects = FakeEffects::default();
    let size = (160, 50);
    let shown = play_app(App::new(), Theme::colour(), size, events, &mut effects);
    let header = &shown.lines()[0];
    assert!(
        header.contains("37 %") && header.contains("pressure"),
        "{header}"
    );
}
