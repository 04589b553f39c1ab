//! The inputs and the promises of each parser: it returns, in bounded memory, and its messages are safe to print. Run
//! with the kept inputs (fuzz/corpus) by tests/corpus.rs, and with new ones by `make fuzz`.

use std::io::Cursor;

use dualq_top::fuzz_entry;
use dualq_top::record::{self, Reader};
use dualq_top::sys::text;
use dualq_top::tui::app::{App, Command, Event};
use dualq_top::tui::event_queue::EventReceiver;
use dualq_top::tui::run::Dashboard;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// A target by its name, that of its folder in fuzz/corpus.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: [Target; 12] = [
    ("arguments", arguments),
    ("command_line", command_line),
    ("exit_record", exit_record),
    ("keys", keys),
    ("maps", maps),
    ("measurements", measurements),
    ("recording", recording),
    ("records", records),
    ("settings", settings),
    ("stat", stat),
    ("system_files", system_files),
    ("text", any_text),
];

/// Nothing that a terminal would obey, on one line.
fn harmless(text: &str) {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(obeyed), "not harmless: {text:?}");
}

fn all_harmless(texts: &[String]) {
    for text in texts {
        harmless(text);
    }
}

fn stat(bytes: &[u8]) {
    all_harmless(&fuzz_entry::stat(bytes));
}

fn command_line(bytes: &[u8]) {
    let texts = fuzz_entry::command_line(bytes);
    all_harmless(&texts);
    assert!(texts.iter().all(|text| text.len() <= 1024));
}

fn system_files(bytes: &[u8]) {
    let cpus = fuzz_entry::system_files(&String::from_utf8_lossy(bytes));
    assert!(cpus <= 8192, "{cpus} CPUs");
}

fn exit_record(bytes: &[u8]) {
    // The map's value has one size; what an input lacks is zero.
    let mut record = bytes.to_vec();
    record.resize(33_936, 0);
    all_harmless(&fuzz_entry::exit_record(&record));
    all_harmless(&fuzz_entry::exit_record(bytes));
}

fn maps(bytes: &[u8]) {
    fuzz_entry::maps(bytes);
}

fn settings(bytes: &[u8]) {
    if let Some(said) = fuzz_entry::settings(bytes) {
        harmless(&said);
        let place = said.strip_prefix("FILE, line ");
        let line = place.and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
        let lines = 1 + bytes.split(|byte| *byte == b'\n').count() - 1;
        assert!(
            line.is_some_and(|line| (1..=lines).contains(&line)),
            "no place: {said}"
        );
        assert!(said.len() < 1000, "no sentence: {said}");
    }
}

fn arguments(bytes: &[u8]) {
    let Ok(line) = std::str::from_utf8(bytes) else {
        return;
    };
    // As on a command line: no argument holds a zero.
    let words: Vec<&str> = line.split('\0').collect();
    all_harmless(&fuzz_entry::arguments(&words));
}

fn measurements(bytes: &[u8]) {
    let numbers = fuzz_entry::measurements(bytes);
    assert!(numbers <= 1_000_001 + bytes.len(), "{numbers} numbers");
}

fn any_text(bytes: &[u8]) {
    let (cells, bytes) = match bytes.split_first() {
        Some((first, rest)) => (usize::from(*first), rest),
        None => (0, bytes),
    };
    let line = text::scrub(bytes);
    harmless(&line);
    assert!(text::width(&text::truncate(&line, cells)) <= cells);
    for part in text::wrap(&line, cells.max(2)) {
        assert!(text::width(&part) <= cells.max(2), "{part:?}");
    }
}

/// Whole or byte by byte, the keys are the same; and whatever they are, the dashboard draws.
fn keys(bytes: &[u8]) {
    let whole = fuzz_entry::keys([bytes]);
    let pieces = fuzz_entry::keys(bytes.chunks(1));
    assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
    let mut events = seen();
    events.extend(whole.into_iter().take(200));
    show(App::new(), events);
}

/// Any bytes for a file.
fn recording(bytes: &[u8]) {
    replay(bytes.to_vec());
}

/// Whole frames with any text in them, one a line, on the screen.
fn records(bytes: &[u8]) {
    let texts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if let Ok(file) = fuzz_entry::recording(&texts) {
        let events = replay(file);
        show(App::new().replaying(), events);
    }
}

/// Reads a recording as far as possible. A fault has to name its place.
fn replay(file: Vec<u8>) -> Vec<Event> {
    let length = file.len() as u64;
    let placed = |fault: &record::RecordingFault| {
        assert!(fault.at <= length, "{fault}");
        harmless(&fault.to_string());
    };
    let mut events = Vec::new();
    match Reader::new(Cursor::new(file)) {
        Err(fault) => placed(&fault),
        Ok(mut reader) => {
            harmless(&reader.about().kernel);
            harmless(&reader.about().program);
            loop {
                match reader.read() {
                    Err(fault) => break placed(&fault),
                    Ok(None) => break,
                    Ok(Some(record)) => events.push(record.what.into()),
                }
            }
        }
    }
    events
}

/// The first looks of the recording that comes with the program.
fn seen() -> Vec<Event> {
    let mut events = Vec::new();
    if let Ok(mut reader) = record::shipped() {
        while let (true, Ok(Some(record))) = (events.len() < 3, reader.read()) {
            events.push(record.what.into());
        }
    }
    events
}

/// Answers every move as asked, and does nothing.
fn answer(command: Command) -> Option<Event> {
    match command {
        Command::Move(batch) => {
            let answers = batch.requests().map(|(id, to, _)| (id, Ok(to)));
            Some(Event::Moved(answers.collect()))
        }
        Command::Signal { to, .. } => Some(Event::Signalled(to.iter().map(|_| Ok(())).collect())),
        _ => None,
    }
}

/// The whole dashboard after these events, in memory.
fn show(app: App, events: Vec<Event>) {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(90, 28));
    let receiver = EventReceiver::of(events);
    let outcome = Dashboard::new(app).run(&mut terminal, &receiver, &mut answer);
    assert!(outcome.is_ok(), "{outcome:?}");
    let cells = terminal.backend().buffer().content();
    for cell in cells {
        harmless(cell.symbol());
    }
}
