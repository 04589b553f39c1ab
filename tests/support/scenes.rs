//! Every panel and every state that the dashboard can be in, by name.

use dualq_top::model::{ActiveScheduler, Exit, NoWaits, Queue, Role};
use dualq_top::tui::app::{Event, Key};

use super::{World, busy, key, typed};

/// The events of a busy machine, and the keys after them.
type Change = fn(&mut World);

/// The states of the scheduler and of the machine.
pub const STATES: [(&str, Change); 14] = [
    ("kernel_default", |w| {
        w.scheduled_by(ActiveScheduler::KernelDefault);
    }),
    ("transition", |w| {
        w.scheduled_by(ActiveScheduler::Transition);
    }),
    ("other", |w| {
        w.scheduled_by(ActiveScheduler::Other("scx_rusty".into()));
    }),
    ("unsupported", |w| {
        w.scheduled_by(ActiveScheduler::Unsupported);
        w.no_waits(NoWaits::View);
    }),
    ("waits_off", |w| w.no_waits(NoWaits::Off)),
    ("joined", |w| {
        w.scheduler().role = Role::Joined { owner: Some(1234) };
    }),
    ("stays", |w| {
        w.scheduler().role = Role::Joined { owner: None };
    }),
    ("view", |w| {
        w.scheduled_by(ActiveScheduler::KernelDefault);
        w.no_waits(NoWaits::View);
        w.scheduler().role = Role::View {
            reason: "not root: run sudo dualq-top to attach the scheduler".into(),
        };
    }),
    ("ended_by_the_kernel", |w| {
        w.scheduled_by(ActiveScheduler::KernelDefault);
        w.scheduler().exit = Some(exit());
    }),
    ("no_guarantee", |w| {
        w.scheduler().guarantee_percent = Some(0);
        w.scheduler().oldest_wait = Some(std::time::Duration::from_millis(7300));
    }),
    ("offline", |w| w.offline(1)),
    ("idle", |w| w.busy = 0.1),
    ("two_nodes", |w| w.places(1, 2)),
    ("threads_left_out", |w| w.snapshot.threads_left_out = 5000),
];

/// The keys for each panel.
pub const PANELS: [(&str, &str); 16] = [
    ("list", ""),
    ("help", "?"),
    ("search", "/cc1"),
    ("search_in_vain", "/cc1z"),
    ("filter", "\\cc1"),
    ("filtered", "\\cc1\r"),
    ("sort_menu", ">"),
    ("user_menu", "u"),
    ("signal_menu", "k"),
    ("question", "k\r"),
    ("tree", "t"),
    ("threads", "H"),
    ("tagged", "vv"),
    ("following", "F"),
    ("paused", "p"),
    ("lanes", "l"),
];

fn exit() -> Exit {
    Exit {
        asks_restart: false,
        kind: "a runnable task waited too long (the watchdog)".into(),
        reason: "runnable task stall".into(),
        message: "ksoftirqd/0[17] failed to run for 30.1s".into(),
        dump: dump(),
    }
}

/// As the kernel writes it, in short.
fn dump() -> Vec<String> {
    let mut lines = Vec::new();
    for cpu in 0..4 {
        lines.extend([
            format!("CPU {cpu}   : nr_run=2 flags=0x1 cpu_rel=0 ops_qseq=4823 pnt_seq=9127"),
            "          curr=ffmpeg[4121] class=ext_sched_class".to_owned(),
            format!("  R cc1plus[{}] -30120ms", 3977 + cpu),
            "      scx_state/flags=3/0x5 dsq_flags=0x0 ops_state/qseq=2/4820 sticky/holding_cpu=-1/-1 dsq_id=0x101".to_owned(),
            "      cpus=f no_mig=0".to_owned(),
            String::new(),
        ]);
    }
    lines
}

/// The keys of a line of text: `\r` is Enter.
pub fn keys(text: &str) -> Vec<Event> {
    text.chars()
        .flat_map(|c| match c {
            '\r' => vec![key(Key::Enter)],
            c => typed(&c.to_string()),
        })
        .collect()
}

/// A busy machine to which something happens.
pub fn then(change: impl FnOnce(&mut World)) -> Vec<Event> {
    let (mut world, mut events) = busy(4, 90);
    change(&mut world);
    events.extend([world.tick(), world.tick()]);
    events
}

/// A panel, with two threads that show where threads do.
fn panel(text: &str) -> Vec<Event> {
    let (mut world, mut events) = busy(4, 90);
    world.thread(4130, 4121, "decoder", 58.0);
    world.thread(4131, 4121, "encoder", 30.0);
    world.put(4121, Queue::Priority);
    events.extend([world.tick(), world.tick()]);
    events.extend(keys(text));
    events
}

/// A busy machine with two members, and one more moved by a key.
pub fn toggled(cpus: u32) -> Vec<Event> {
    let (mut world, mut events) = busy(cpus, 320);
    events.extend([key(Key::Down), key(Key::Char(' '))]);
    world.put(3977, Queue::Priority);
    events.extend((0..4).map(|_| world.tick()));
    events
}

/// All of them.
pub fn all() -> Vec<(String, Vec<Event>)> {
    let states = STATES.into_iter().map(|(name, change)| {
        let mut events = then(change);
        if name == "threads_left_out" {
            events.extend(keys("H"));
            // Until its message has gone.
            let (mut world, _) = busy(4, 120);
            change(&mut world);
            events.push(world.look());
        }
        (name.to_owned(), events)
    });
    let panels = PANELS
        .into_iter()
        .map(|(name, text)| (format!("panel_{name}"), panel(text)));
    let first = [
        ("nothing_seen".to_owned(), vec![]),
        ("first_tick".to_owned(), vec![World::new(4).look()]),
    ];
    states.chain(panels).chain(first).collect()
}
