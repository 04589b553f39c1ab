//! The screens, as a whole, in the sizes that matter.

#![allow(clippy::panic, clippy::unwrap_used)]

mod support;

use dualq_top::app::{DemoNews, Event, Key};
use dualq_top::model::{Exit, Queue, Role, Ruler};
use dualq_top::ui::theme::Theme;
use support::{Hands, Metronome, World, busy, key, play, play_in, typed};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn assert_screen(name: &str, size: (u16, u16), events: Vec<Event>) {
    let shown = play(size, events, &mut Hands::default());
    insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), shown.text());
}

/// A busy machine with two members, and one more moved by a key.
fn toggled(cpus: u32) -> Vec<Event> {
    let (mut world, mut events) = busy(cpus, 320);
    events.extend([key(Key::Down), key(Key::Char(' '))]);
    world.put(3977, Queue::Priority);
    events.extend((0..4).map(|_| world.tick()));
    events
}

#[test]
fn a_busy_machine_in_every_size() {
    for cpus in [2, 8, 64] {
        for size in SIZES {
            assert_screen(&format!("busy_{cpus}_cpus"), size, toggled(cpus));
        }
    }
}

type Change = Box<dyn FnOnce(&mut World)>;

/// A busy machine to which something happens.
fn then(change: impl FnOnce(&mut World)) -> Vec<Event> {
    let (mut world, mut events) = busy(4, 90);
    change(&mut world);
    events.extend([world.tick(), world.tick()]);
    events
}

fn states() -> [(&'static str, Change); 9] {
    let view = Role::View {
        reason: "not root: run sudo dualq-top to attach the scheduler".into(),
    };
    let exit = Exit {
        dump: Vec::new(),
        asks_restart: false,
        kind: "a runnable task waited too long (watchdog)".into(),
        reason: "runnable task stall".into(),
        message: "ksoftirqd/0[17] failed to run for 30.1s".into(),
    };
    [
        (
            "kernel_default",
            Box::new(|w| w.ruled_by(Ruler::KernelDefault)),
        ),
        ("transition", Box::new(|w| w.ruled_by(Ruler::Transition))),
        (
            "other",
            Box::new(|w| w.ruled_by(Ruler::Other("scx_rusty".into()))),
        ),
        ("unsupported", Box::new(|w| w.ruled_by(Ruler::Unsupported))),
        (
            "joined",
            Box::new(|w| w.scheduler().role = Role::Joined { owner: Some(1234) }),
        ),
        (
            "stays",
            Box::new(|w| w.scheduler().role = Role::Joined { owner: None }),
        ),
        (
            "view",
            Box::new(move |w| {
                w.ruled_by(Ruler::KernelDefault);
                w.scheduler().role = view;
            }),
        ),
        (
            "ended_by_the_kernel",
            Box::new(move |w| {
                w.ruled_by(Ruler::KernelDefault);
                w.scheduler().exit = Some(exit);
            }),
        ),
        (
            "no_guarantee",
            Box::new(|w| w.scheduler().guarantee_percent = Some(0)),
        ),
    ]
}

#[test]
fn every_state_of_the_scheduler() {
    for (name, change) in states() {
        assert_screen(name, (80, 24), then(change));
    }
}

#[test]
fn cpus_that_are_offline_or_idle() {
    assert_screen("offline", (80, 24), then(|world| world.offline(1)));
    assert_screen("offline", (120, 40), then(|world| world.offline(1)));
    assert_screen("idle", (80, 24), then(|world| world.busy = 0.1));
}

#[test]
fn the_first_moments() {
    assert_screen("nothing_seen", (80, 24), vec![]);
    assert_screen("first_tick", (80, 24), vec![World::new(4).look()]);
}

#[test]
fn help_and_search() {
    for size in SIZES {
        let mut events = then(|_| {});
        events.push(key(Key::Char('?')));
        assert_screen("help", size, events);
    }
    let mut events = then(|_| {});
    events.extend(typed("/cc1"));
    assert_screen("search", (80, 24), events);
}

#[test]
fn lanes_of_every_cpu() {
    for (cpus, size) in [(4, (80, 24)), (64, (80, 24)), (256, (200, 60))] {
        let mut events = toggled(cpus);
        events.push(key(Key::Char('l')));
        assert_screen(&format!("lanes_{cpus}_cpus"), size, events);
    }
}

#[test]
fn too_small() {
    assert_screen("too_small", (60, 20), then(|_| {}));
}

#[test]
fn in_ascii_no_other_character_reaches_the_terminal() {
    let hostile = |world: &mut World| {
        let name = dualq_top::text::scrub("日本\u{202e}\x1b[31m語 ö".as_bytes());
        world.add(6000, "名前名前名前", &name, &name, 300.0);
    };
    let mut all: Vec<Vec<Event>> = states()
        .into_iter()
        .map(|(_, change)| then(change))
        .collect();
    all.extend([vec![], vec![World::new(4).look()], then(hostile)]);
    all.push(toggled(8));
    for keys in [
        "",
        "?",
        "/cc1",
        "/ö",
        "/öx\u{e000}",
        "\\ö",
        ">",
        "u",
        "t",
        " ",
        "x",
        "vv ",
        "l",
        "vz",
        "p",
        "N",
        "z",
        "F",
        "K",
        "]",
        "b",
        "b q",
        "d",
    ] {
        for change in [&hostile as &dyn Fn(&mut World), &|_| {}] {
            let mut world = World::new(4);
            change(&mut world);
            let mut events = vec![world.look(), world.tick()];
            events.extend(typed(keys));
            all.push(events);
        }
    }
    for size in [(80, 24), (60, 20), (200, 60)] {
        for events in &all {
            let events = events.iter().map(|event| match event {
                Event::Snapshot(snapshot) => Event::Snapshot(snapshot.clone()),
                Event::Key(key) => Event::Key(*key),
                other => panic!("{other:?}"),
            });
            let theme = Theme::colour().in_ascii();
            let text = play_in(theme, size, events, &mut Hands::default()).text();
            assert!(text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn a_busy_machine_in_ascii() {
    for size in [(80, 24), (120, 40)] {
        let theme = Theme::colour().in_ascii();
        let shown = play_in(theme, size, toggled(8), &mut Hands::default());
        insta::assert_snapshot!(format!("ascii_{}x{}", size.0, size.1), shown.text());
    }
}

/// Some seconds in BATCH, then some in PRIORITY, with the key that did it.
fn demonstration(cpus: u32) -> Vec<Event> {
    let (mut world, mut events) = busy(cpus, 90);
    let mut metronome = Metronome::start(&mut world);
    events.push(world.tick());
    events.extend([Event::Demo(DemoNews::Starting), metronome.read()]);
    for _ in 0..20 {
        events.extend(metronome.second(&mut world, 48));
    }
    events.push(key(Key::Char(' ')));
    world.put(Metronome::PID, Queue::Priority);
    for _ in 0..12 {
        events.extend(metronome.second(&mut world, 0));
    }
    events.push(key(Key::Char(' ')));
    world.put(Metronome::PID, Queue::Batch);
    for _ in 0..5 {
        events.extend(metronome.second(&mut world, 47));
    }
    events
}

#[test]
fn the_demonstration_in_every_size() {
    for size in SIZES {
        assert_screen("demo", size, demonstration(4));
    }
    let mut starting = then(|_| {});
    starting.push(key(Key::Char('d')));
    assert_screen("demo_starting", (80, 24), starting);
}

#[test]
fn talk_mode_in_every_size_and_theme() {
    for size in SIZES {
        let mut events = demonstration(4);
        events.extend(typed("b"));
        assert_screen("talk_demo", size, events);
        let mut events = toggled(8);
        events.extend(typed("b"));
        assert_screen("talk_ratio", size, events);
    }
    // The same words and shapes in every theme.
    let themes = [Theme::colour(), Theme::light(), Theme::plain()];
    let texts = themes.map(|theme| {
        let events = demonstration(4).into_iter().chain(typed("bq"));
        play_in(theme, (80, 24), events, &mut Hands::default()).text()
    });
    assert!(texts.iter().all(|text| *text == texts[0]));
    let events = demonstration(4).into_iter().chain(typed("bq"));
    let theme = Theme::colour().in_ascii();
    let shown = play_in(theme, (80, 24), events, &mut Hands::default());
    insta::assert_snapshot!("talk_ascii_80x24", shown.text());
}
