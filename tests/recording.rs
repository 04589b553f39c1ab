//! What is recorded comes out again; what is damaged does no harm.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

mod support;

use std::io::Cursor;
use std::sync::mpsc;
use std::time::Duration;

use dualq_top::app::{App, DemoNews, Event, Key, Moves, Pending};
use dualq_top::dashboard::{Control, Happened};
use dualq_top::model::{DemoReading, Exit, NoWaits, ProcessId, Queue, Role, Ruler, Snapshot};
use dualq_top::record::{self, About, Fault, Reader, Record, Recorder, What, Writer};
use dualq_top::ui::theme::Theme;
use support::scenes::STATES;
use support::{Hands, World, busy, play_app};

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
fn read(file: &[u8]) -> (Vec<What>, Result<(), Fault>) {
    let mut whats = Vec::new();
    let mut reader = match Reader::new(Cursor::new(file)) {
        Ok(reader) => reader,
        Err(fault) => return (whats, Err(fault)),
    };
    loop {
        match reader.read() {
            Ok(Some(Record { what, .. })) => whats.push(what),
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
        work: Duration::from_millis(10),
        on_time: 59,
        missed: 1234,
        last_frame: Duration::from_micros(41_200),
    };
    whats.extend([
        What::Moves(Moves {
            moves: [(id, Queue::Priority), (world.id(3977), Queue::Batch)].into(),
            refused: vec!["kthreadd is the kernel's".into()],
            undoes: true,
            children: true,
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
        What::Demo(DemoNews::Starting),
        What::Demo(DemoNews::Runs(reading)),
        What::Demo(DemoNews::Stopped),
        What::Demo(DemoNews::Ended("its time is over".into())),
        What::Key(Key::Char('é')),
        What::Key(Key::Char(' ')),
        What::Key(Key::Ctrl('l')),
        What::Key(Key::F(9)),
        What::Key(Key::PageUp),
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
    snapshot.host.cpu_percent = 33.333_332;
    snapshot.host.load = [0.1 + 0.2, 1e-9, 12_345.678_9];
    snapshot.scheduler.ruler = Ruler::Other("scx_rusty".into());
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

/// As after a crash at any byte.
#[test]
fn a_recording_cut_anywhere_gives_all_whole_records_before_the_cut() {
    let whats = session();
    let (file, ends) = written(&whats);
    // Every byte of the first records; of the others many.
    let cuts = (0..ends[2]).chain((ends[2]..file.len()).step_by(61));
    for cut in cuts {
        let (seen, end) = read(&file[..cut]);
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(seen.len(), whole, "cut at {cut}");
        assert!(seen[..] == whats[..whole], "cut at {cut}");
        let fault = end.expect_err("the end is missing");
        if cut > 0 {
            assert_eq!(fault.at, cut as u64, "{fault}");
            assert!(fault.why.contains("breaks off"), "cut at {cut}: {fault}");
        }
    }
}

#[test]
fn a_damaged_byte_is_found_and_all_before_it_is_read() {
    let whats = session();
    let (file, ends) = written(&whats);
    let mut random = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..300 {
        let mut file = file.clone();
        let place = random.below(file.len());
        file[place] ^= 1 << random.below(8);
        let (seen, end) = read(&file);
        let fault = end.expect_err("damage is found");
        let whole = ends.iter().filter(|end| **end <= place).count();
        assert!(seen.len() >= whole, "{round}: {place}");
        assert!(seen[..whole] == whats[..whole], "{round}: {place}");
        assert!(seen.len() <= whole, "{round}: {place}: {fault}");
        assert!(fault.at <= file.len() as u64);
    }
}

#[test]
fn rubbish_of_any_kind_is_refused() {
    let (file, _) = written(&session());
    let mut random = Numbers(7);
    for length in [0, 1, 7, 8, 9, 10, 100, 10_000] {
        let rubbish: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        assert!(read(&rubbish).1.is_err());
        // Behind a beginning that is as it should be.
        let behind = [&file[..10], &rubbish[..]].concat();
        let (seen, end) = read(&behind);
        assert!(seen.is_empty() && end.is_err());
    }
    let newer = [b"dualqrec", &[9, 0][..], &file[10..]].concat();
    let fault = read(&newer).1.unwrap_err();
    assert!(fault.why.contains("version 9"), "{fault}");
}

/// A record that says it is of four gigabytes makes nobody reserve them, and one that unpacks to
/// gigabytes is not unpacked.
#[test]
fn lengths_that_lie_cost_no_memory() {
    let (file, _) = written(&session());
    for length in [u32::MAX, 17 << 20, (16 << 20) - 1] {
        let mut file = file[..10].to_vec();
        file.extend(length.to_le_bytes());
        file.extend([0; 100]);
        let fault = read(&file).1.unwrap_err();
        assert!(fault.at <= file.len() as u64, "{fault}");
    }
    let bomb = framed(&vec![b' '; 200 << 20]);
    assert!(bomb.len() < 1 << 20);
    let fault = read(&bomb).1.unwrap_err();
    assert!(fault.why.contains("unpacked"), "{fault}");
}

/// A file of one record with any text in it, well packed.
fn framed(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::Compress::new(flate2::Compression::best(), false);
    let mut body = vec![1];
    body.reserve(1 << 20);
    packed
        .compress_vec(text, &mut body, flate2::FlushCompress::Sync)
        .unwrap();
    assert_eq!(packed.total_in(), text.len() as u64);
    let mut file = b"dualqrec\x01\x00".to_vec();
    file.extend(((body.len() - 1) as u32).to_le_bytes());
    file.extend(crc32fast::hash(&body).to_le_bytes());
    file.extend(body);
    file
}

/// The checksums of a file are no proof of who wrote it: what is in it is not believed.
#[test]
fn no_forged_number_or_text_brings_the_dashboard_down() {
    let numbers = [
        "0",
        "1",
        "-1",
        "255",
        "4294967295",
        "4294967296",
        "281474976710656",
        "1125899906842624",
        "9223372036854775807",
        "18446744073709551615",
        "1e300",
        "null",
    ];
    let lines = forged_base();
    let mut random = Numbers(42);
    let mut shown = 0;
    for _ in 0..150 {
        let mut lines = lines.clone();
        for _ in 0..=random.below(3) {
            let line = random.below(lines.len());
            let digits = numbers_in(&lines[line]);
            if digits.is_empty() {
                continue;
            }
            let (from, to) = digits[random.below(digits.len())];
            lines[line].replace_range(from..to, numbers[random.below(numbers.len())]);
        }
        let (whats, _) = read(&forged(&lines));
        shown += whats.len();
        let mut events: Vec<Event> = whats.into_iter().map(Event::from).collect();
        events.extend(support::typed("tblH>"));
        let app = App::new().replaying();
        play_app(
            app,
            Theme::colour(),
            (120, 40),
            events,
            &mut Hands::default(),
        );
    }
    assert!(shown > 400, "{shown} records were believed");
}

/// The lines of a session as they are written, to be forged.
fn forged_base() -> Vec<String> {
    let (file, _) = written(&session());
    let mut lines = Vec::new();
    let mut stream = flate2::Decompress::new(false);
    let mut at = 10;
    while let Some(head) = file.get(at..at + 9) {
        let length = u32::from_le_bytes(head[..4].try_into().unwrap()) as usize;
        if head[8] == 1 {
            stream.reset(false);
        }
        let mut text = Vec::with_capacity(1 << 20);
        let packed = &file[at + 9..at + 9 + length];
        let before = stream.total_in();
        loop {
            let had = text.len();
            let rest = &packed[(stream.total_in() - before) as usize..];
            stream
                .decompress_vec(rest, &mut text, flate2::FlushDecompress::Sync)
                .unwrap();
            if text.len() == had {
                break;
            }
        }
        lines.push(String::from_utf8(text).unwrap());
        at += 9 + length;
    }
    lines
}

/// A file of these lines, with its checksums right.
fn forged(lines: &[String]) -> Vec<u8> {
    let mut file = framed(lines[0].as_bytes());
    for line in &lines[1..] {
        file.extend(&framed(line.as_bytes())[10..]);
    }
    file
}

/// Where the numbers of a line are.
fn numbers_in(line: &str) -> Vec<(usize, usize)> {
    let mut numbers = Vec::new();
    let mut begin = None;
    for (at, c) in line.char_indices() {
        match (c.is_ascii_digit() || c == '.', begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                numbers.push((from, at));
                begin = None;
            }
            _ => {}
        }
    }
    numbers
}

/// Hands whose answers are taken down.
struct Recording {
    hands: Hands,
    recorder: Recorder,
}

impl Control for Recording {
    fn move_process(&mut self, id: ProcessId, to: Queue, children: bool) -> anyhow::Result<Queue> {
        // One of them is refused.
        if id.pid == 3977 {
            anyhow::bail!("the map is full (10,000)");
        }
        self.hands.move_process(id, to, children)
    }
    fn signal(&mut self, _: ProcessId, _: i32) -> anyhow::Result<()> {
        Ok(())
    }
    fn note(&mut self, happened: Happened<'_>) -> Option<String> {
        self.recorder.note(happened)
    }
}

/// Records what the dashboard does with these events; what it showed at their end, and the replay.
fn recorded(name: &str, events: Vec<Event>) -> [String; 2] {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    let (sender, _received) = mpsc::channel();
    let (recorder, ending) = record::start(&path, sender).unwrap();
    let mut hands = Recording {
        hands: Hands::default(),
        recorder,
    };
    let live = play_app(App::new(), Theme::colour(), (120, 40), events, &mut hands);
    drop(hands);
    ending.wait();
    let (whats, end) = read(&std::fs::read(&path).unwrap());
    assert_eq!(end, Ok(()));
    let events = whats.into_iter().map(Event::from);
    let app = App::new().replaying();
    let mut hands = Hands::default();
    let again = play_app(app, Theme::colour(), (120, 40), events, &mut hands);
    assert_eq!(hands.asked, Vec::<String>::new());
    [live.text(), again.text()]
}

#[test]
fn several_processes_moved_together_are_one_move_in_a_replay() {
    let mut world = World::new(2);
    let mut events = vec![world.look()];
    events.extend((0..12).map(|_| world.tick()));
    events.extend(support::typed("\x1bvvvv "));
    for pid in [4121, 3977, 2210] {
        world.put(pid, Queue::Priority);
    }
    world.event();
    events.extend((0..3).map(|_| world.tick()));
    let [live, again] = recorded("moved-together.rec", events);
    let line = |screen: &str, part: &str| {
        let found = screen.lines().find(|line| line.contains(part));
        found.map_or_else(|| panic!("no {part}\n{screen}"), str::to_owned)
    };
    assert!(live.contains("3 processes"), "{live}");
    for part in ["1 not moved", "BATCH → PRIORITY"] {
        assert_eq!(line(&live, part), line(&again, part), "{again}");
    }
}

/// Every fifth of 500 processes runs, on 8 busy CPUs, with all waits measured.
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
            whats.push(What::Demo(DemoNews::Runs(DemoReading {
                at: Duration::from_millis(90_000_000 + second * 1000 + quarter * 250),
                metronome: 6100,
                hogs: 8,
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
