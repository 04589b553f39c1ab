//! Recordings read back as they were written, and damaged ones do no harm.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

mod cast;
mod damaged;
mod past;
mod replayed;
#[path = "../support/mod.rs"]
mod support;

use std::io::Cursor;
use std::time::Duration;

use dualq_top::model::DemoStatus;
use dualq_top::model::{
    ActiveScheduler, Cause, Change, DemoReading, Exit, NoWaits, Queue, Role, Snapshot, Tunables,
};
use dualq_top::record::{About, Reader, RecordedEvent, RecordingFault, What, Writer};
use dualq_top::tui::app::{Event, Key, MoveBatch, Pending};
use support::scenes::STATES;
use support::{World, busy};

/// Numbers without a pattern, the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

fn about() -> About {
    About {
        program: "0.1.0".into(),
        kernel: "7.2.13".into(),
    }
}

/// The file, and where each record ends in it.
fn written(whats: &[What]) -> (Vec<u8>, Vec<usize>) {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file, &about()).unwrap();
    let mut ends = Vec::new();
    for (index, what) in whats.iter().enumerate() {
        let at = Duration::from_millis(250 * index as u64);
        writer.write(at, 0, what.clone()).unwrap();
        ends.push(writer.file().len());
    }
    writer.end(Duration::from_secs(3600)).unwrap();
    (file, ends)
}

/// All records that can be read, and why there are no more.
fn read(file: &[u8]) -> (Vec<What>, Result<(), RecordingFault>) {
    let mut whats = Vec::new();
    let mut reader = match Reader::new(Cursor::new(file)) {
        Ok(reader) => reader,
        Err(fault) => return (whats, Err(fault)),
    };
    loop {
        match reader.read() {
            Ok(Some(RecordedEvent { what, .. })) => whats.push(what),
            Ok(None) => return (whats, Ok(())),
            Err(fault) => return (whats, Err(fault)),
        }
    }
}

fn snapshot(event: Event) -> What {
    match event {
        Event::Snapshot(snapshot) => What::Snapshot(snapshot),
        other => panic!("{other:?}"),
    }
}

/// A session in which everything happens that can.
fn session() -> Vec<What> {
    let mut world = World::new(4);
    let mut whats = vec![snapshot(world.look())];
    let mut tick = |world: &mut World| whats.push(snapshot(world.tick()));
    for _ in 0..5 {
        tick(&mut world);
    }
    world.put(4121, Queue::Priority);
    world.watch(4121);
    world.event();
    tick(&mut world);
    world.thread(4130, 4121, "decoder", 58.0);
    tick(&mut world);
    world.process(3977).state = 'D';
    world.process(3977).command = "cc1plus \"quoted\" \\ ★ 日本".into();
    tick(&mut world);
    world.end(3978);
    world.snapshot.processes.reverse();
    world.uses.reverse();
    tick(&mut world);
    for (_, change) in STATES {
        change(&mut world);
        tick(&mut world);
        tick(&mut world);
    }
    world.reattach();
    tick(&mut world);
    let id = world.id(4121);
    let reading = DemoReading {
        at: Duration::from_nanos(90_000_123_456_789),
        metronome: 6100,
        hogs: 8,
        hogs_cpu: Duration::from_secs(1),
        work: Duration::from_millis(10),
        on_time: 59,
        missed: 1234,
        last_frame: Duration::from_micros(41_200),
    };
    whats.extend([
        What::Moves(MoveBatch {
            moves: [(id, Queue::Priority), (world.id(3977), Queue::Batch)].into(),
            refused: vec!["kthreadd is the kernel's".into()],
            undoes: true,
            children: true,
            ..MoveBatch::default()
        }),
        What::Moved(id, Ok(Queue::Priority)),
        What::Moved(id, Err("the map is full (10,000)".into())),
        What::Signalled(Ok(())),
        What::Signalled(Err("it has ended".into())),
        What::Asked(Pending::Attach),
        What::Asked(Pending::Detach),
        What::Scheduler(Ok(())),
        What::Scheduler(Err("why not".into())),
        What::Restarted("hotplug".into()),
        What::Waits(Ok(true)),
        What::Waits(Err("no".into())),
        What::Demo(DemoStatus::Starting),
        What::Demo(DemoStatus::Runs(reading)),
        What::Demo(DemoStatus::Stopped),
        What::Demo(DemoStatus::Ended("its time is over".into())),
        What::Key(Key::Char('é')),
        What::Key(Key::Char(' ')),
        What::Key(Key::Ctrl('l')),
        What::Key(Key::F(9)),
        What::Key(Key::PageUp),
        What::Changes(vec![Change {
            time: "2026-11-29T14:02:31.123Z".into(),
            pid: Some(4121),
            start_ticks: Some(412_100),
            name: "ffmpeg".into(),
            queue: Some("PRIORITY".into()),
            setting: None,
            children: true,
            level: Some(200),
            through: None,
            others: 0,
            cause: Cause::Rule,
            rule: Some("/etc/dualq/rules.toml:3".into()),
            by: 812,
        }]),
        What::Levelled(vec![(id, Ok(144)), (id, Err("it is no member".into()))]),
        What::Levelled(Vec::new()),
        What::Tuned(Ok(Tunables {
            guarantee_percent: 25,
            ..Tunables::default()
        })),
        What::Tuned(Err("another process owns it".into())),
    ]);
    whats
}

/// A snapshot in which no field is as it is by default.
fn strange() -> Snapshot {
    let mut world = World::new(2);
    world.tick();
    let mut snapshot = world.snapshot;
    snapshot.at = Duration::from_nanos(123_456_789_012_345);
    snapshot.threads_left_out = 17;
    snapshot.host.cpu_percent = Some(33.333_332);
    snapshot.host.load = Some([0.1 + 0.2, 1e-9, 12_345.678_9]);
    snapshot.scheduler.active = ActiveScheduler::Other("scx_rusty".into());
    snapshot.scheduler.role = Role::Joined { owner: Some(77) };
    snapshot.scheduler.exit = Some(Exit {
        kind: "watchdog".into(),
        reason: "stall".into(),
        message: "ksoftirqd".into(),
        dump: vec!["one".into(), "two".into()],
        asks_restart: true,
    });
    snapshot.cpus[1].busy_percent = None;
    snapshot.cpus[1].counters = None;
    snapshot.cpus[1].llc = None;
    snapshot.processes[0].own = true;
    snapshot.processes[1].kernel_thread = true;
    snapshot.processes[2].queue = None;
    snapshot.waits = Err(NoWaits::Unavailable("no BTF".into()));
    snapshot
}

#[test]
fn all_that_is_recorded_comes_out_as_it_was() {
    let mut whats = session();
    whats.push(What::Snapshot(Box::new(strange())));
    let (file, _) = written(&whats);
    let (seen, end) = read(&file);
    assert_eq!(end, Ok(()));
    assert_eq!(seen.len(), whats.len());
    for (seen, what) in seen.iter().zip(&whats) {
        assert_eq!(seen, what);
    }
}

#[test]
fn a_long_session_comes_out_as_it_was() {
    // Longer than what is between two snapshots in whole.
    let (_, events) = busy(8, 700);
    let whats: Vec<What> = events.into_iter().map(snapshot).collect();
    let (file, _) = written(&whats);
    let (seen, end) = read(&file);
    assert_eq!((seen.len(), end), (whats.len(), Ok(())));
    assert!(seen == whats);
}

#[test]
fn an_hour_of_500_processes_takes_a_few_megabytes() {
    const SECONDS: u64 = 900;
    let mut world = World::new(8);
    let mut random = Numbers(5);
    for pid in 10_000..10_500 - world.snapshot.processes.len() as u32 {
        let uses = if pid % 5 == 0 { 6.0 } else { 0.0 };
        let command = format!("/usr/lib/service-{:x} --number {pid}", random.next());
        world.add(pid, "ana", &format!("service-{pid}"), &command, uses);
    }
    world.put(4121, Queue::Priority);
    world.watch(4121);
    let mut whats = vec![snapshot(world.look())];
    for second in 0..SECONDS {
        for process in 0..500_u32 {
            // As on a machine: nothing is even.
            let pid = 10_000 + process;
            if pid % 5 == 0 && world.snapshot.processes.iter().any(|p| p.id.pid == pid) {
                world.uses(pid, random.below(12) as f32);
                world.process(pid).state = if random.below(4) == 0 { 'R' } else { 'S' };
            }
        }
        for quarter in 0..4 {
            whats.push(What::Demo(DemoStatus::Runs(DemoReading {
                at: Duration::from_millis(90_000_000 + second * 1000 + quarter * 250),
                metronome: 6100,
                hogs: 8,
                hogs_cpu: Duration::from_millis(7_500 * second + quarter * 1875),
                work: Duration::from_millis(10),
                on_time: second * 31 + random.below(20) as u64,
                missed: second * 29 + random.below(20) as u64,
                last_frame: Duration::from_nanos(random.next() % 50_000_000),
            })));
        }
        whats.push(snapshot(world.tick()));
    }
    let (file, _) = written(&whats);
    let hour = file.len() as u64 * 3600 / SECONDS;
    println!("{:.1} MB an hour", hour as f64 / 1e6);
    assert!(hour < 8_000_000, "{hour} bytes an hour");
    assert!(read(&file).0 == whats);
}
