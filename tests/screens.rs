//! The screens, as a whole, in the sizes that matter.

mod support;

use dualq_top::app::{Event, Key};
use dualq_top::model::{Exit, Queue, Role, Ruler};
use support::{Hands, World, busy, key, play, typed};

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

#[test]
fn every_state_of_the_scheduler() {
    let view = Role::View {
        reason: "not root: run sudo dualq-top to attach the scheduler".into(),
    };
    let exit = Exit {
        kind: "a runnable task waited too long (watchdog)".into(),
        reason: "runnable task stall".into(),
        message: "ksoftirqd/0[17] failed to run for 30.1s".into(),
    };
    let states: [(&str, Change); 9] = [
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
    ];
    for (name, change) in states {
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
fn too_small() {
    assert_screen("too_small", (60, 20), then(|_| {}));
}
