//! `dualq-top replay`: the recording that comes with the program on the screen, and what is refused.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/pty.rs"]
mod pty;
mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Output};

use dualq_top::record;
use dualq_top::tui::app::{App, Event, Key};
use dualq_top::tui::ui::theme::Theme;
use folder::Folder;
use pty::Pty;
use rustix::process::Signal;
use support::{FakeEffects, key, play_app, typed};

/// The recording that comes with the program, up to the end.
fn shipped() -> Vec<Event> {
    let mut reader = record::shipped().unwrap();
    let mut events = Vec::new();
    while let Some(record) = reader.read().unwrap() {
        events.push(record.what.into());
    }
    events
}

fn shown(size: (u16, u16), events: impl IntoIterator<Item = Event>) -> String {
    let app = App::new().replaying();
    play_app(
        app,
        Theme::colour(),
        size,
        events,
        &mut FakeEffects::default(),
    )
    .text()
}

/// Up to where the metronome has been in PRIORITY for some seconds.
fn in_priority() -> Vec<Event> {
    let mut events = Vec::new();
    let mut since = None;
    for event in shipped() {
        let moved = matches!(event, Event::Moved(_));
        if since.is_none_or(|since: usize| events.len() < since + 40) {
            events.push(event);
        }
        if moved && since.is_none() {
            since = Some(events.len());
        }
    }
    assert!(since.is_some(), "nothing is moved in it");
    events
}

#[test]
fn the_recording_that_comes_with_it_shows_what_priority_does() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let text = shown(size, in_priority());
        insta::assert_snapshot!(format!("shipped_{}x{}", size.0, size.1), text);
    }
}

#[test]
fn built_in_recording_is_small_and_names_its_machine() {
    let reader = record::shipped().unwrap();
    assert!(
        reader.about().kernel.starts_with("7."),
        "{:?}",
        reader.about()
    );
    assert!(include_bytes!("../assets/demo.rec").len() < 300_000);
}

#[test]
fn built_in_recording_shows_queues_guarantee_and_level() {
    let count = |kind: fn(&Event) -> bool| shipped().iter().filter(|event| kind(event)).count();
    assert!(count(|event| matches!(event, Event::Moved(_))) >= 2);
    assert!(count(|event| matches!(event, Event::Scheduler(_))) >= 2);
    assert!(count(|event| matches!(event, Event::Tuned(Ok(_)))) >= 2);
    assert!(count(|event| matches!(event, Event::Levelled(_))) >= 1);
}

#[test]
fn replay_stands_in_the_header_whatever_is_shown() {
    for keys in ["", "l", "b", "?", "t", ">", "u", "p"] {
        let mut events = in_priority();
        events.extend(typed(keys));
        let text = shown((80, 24), events);
        assert!(text.contains("REPLAY"), "{keys}:\n{text}");
    }
}

#[test]
fn no_key_pretends_to_change_anything() {
    for pressed in [' ', 'x', 'z', 'w', 'd', 'k'] {
        let mut events = in_priority();
        events.push(key(Key::Char(pressed)));
        let mut effects = FakeEffects::default();
        let app = App::new().replaying();
        let shown = play_app(app, Theme::colour(), (80, 24), events, &mut effects);
        assert!(
            shown.has("A recording cannot be changed"),
            "{pressed}:\n{}",
            shown.text()
        );
        assert_eq!(effects.asked, Vec::<String>::new(), "{pressed}");
    }
}

#[test]
fn keys_that_change_nothing_work_in_a_recording() {
    let mut events = in_priority();
    events.extend(typed("/hog"));
    events.push(key(Key::Enter));
    let text = shown((80, 24), events);
    assert!(text.contains("demo-hog"), "{text}");
    let mut events = in_priority();
    events.extend(typed("\\frame"));
    let text = shown((80, 24), events);
    let list = text.split("COMMAND").nth(1).unwrap();
    assert!(
        list.contains("demo-frame") && !list.contains("demo-hog"),
        "{text}"
    );
}

#[test]
fn without_a_past_a_step_forward_says_that_this_is_now() {
    let (_, mut events) = support::busy(4, 3);
    events.push(key(Key::Char('.')));
    let shown = support::play((80, 24), events, &mut FakeEffects::default());
    assert!(shown.has("This is now"), "{}", shown.text());
    assert!(!shown.has("REPLAY"));
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    command.args(arguments).env_remove("XDG_CONFIG_HOME");
    command
}

impl Folder {
    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn refused(output: &Output, part: &str) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(part), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn replays_itself_without_rights_and_answers_keys() {
    let mut terminal = Pty::start(program(&["replay"]), 24, 80);
    terminal.wait_for("REPLAY");
    terminal.wait_for("demo-frame");
    terminal.press("x");
    terminal.wait_for("A recording cannot be changed");
    terminal.press("p");
    terminal.wait_for("paused");
    let stands = terminal.position();
    terminal.press("....");
    terminal.wait_until("steps", |screen| Pty::place(screen) > stands);
    terminal.press("]]]]p");
    terminal.wait_for("×16");
    terminal.wait_for("The recording has ended");
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}

/// The message line is the keys' too.
fn without_message(screen: &str) -> String {
    // A blank at a line's end may have been written, or not.
    let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
    lines[..lines.len() - 2].join("\n")
}

#[test]
fn a_step_back_shows_the_look_before_as_it_was() {
    // Rows for all of the load: a list that has to scroll does so from where it stood, which is not part of the past.
    let mut terminal = Pty::start(program(&["replay"]), 40, 80);
    terminal.wait_for("demo-frame");
    terminal.press("]]]]");
    // So far that there is a card, and charts.
    terminal.wait_until("a quarter of a minute", |screen| {
        Pty::place(screen).as_str() > "0:14"
    });
    terminal.press("p");
    terminal.wait_for("paused");
    // What is kept below must not be a screen on which the search has still to move the cursor.
    terminal.press("/hog");
    terminal.wait_for("/hog");
    terminal.press("\r");
    terminal.wait_until("the end of the search", |screen| !screen.contains("/hog"));
    let mut screens = Vec::new();
    for _ in 0..4 {
        let stands = without_message(&terminal.screen());
        terminal.press(".");
        terminal.wait_until("a step", |screen| without_message(screen) != stands);
        terminal.settle();
        screens.push(without_message(&terminal.screen()));
    }
    for before in screens.iter().rev().skip(1) {
        terminal.press(",");
        terminal.wait_until("the look before", |screen| {
            without_message(screen) == *before
        });
    }
    terminal.press("...");
    terminal.wait_until("forth again", |screen| {
        without_message(screen) == screens[3]
    });
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}

/// As a shell does it, by the key and by the signal.
#[test]
fn stopped_replay_restores_terminal_and_takes_it_on_return() {
    let mut terminal = Pty::start(program(&["replay"]), 24, 80);
    for by_key in [true, false] {
        terminal.wait_for("REPLAY");
        assert!(terminal.is_full_screen() && !terminal.is_as_a_shell_wants_it());
        if by_key {
            terminal.press("\x1a");
        } else {
            terminal.signal(Signal::TSTP);
        }
        terminal.wait_until_stopped();
        assert!(!terminal.is_full_screen() && terminal.is_as_a_shell_wants_it());
        terminal.signal(Signal::CONT);
    }
    terminal.wait_for("REPLAY");
    assert!(terminal.is_full_screen() && !terminal.is_as_a_shell_wants_it());
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn recording_steps_back_from_its_end_but_not_its_beginning() {
    let mut terminal = Pty::start(program(&["replay"]), 24, 80);
    terminal.wait_for("REPLAY");
    terminal.press("p,,,,,,,,,,,,");
    terminal.wait_for("This is the beginning of the recording");
    terminal.press("]]]]p");
    terminal.wait_for("The recording has ended");
    let ended = terminal.position();
    terminal.press(",");
    terminal.wait_until("back", |screen| Pty::place(screen) < ended);
    terminal.press("p");
    terminal.wait_for("The recording has ended");
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn a_recording_that_breaks_off_is_shown_up_to_there() {
    let folder = Folder::new("cut");
    let whole = include_bytes!("../assets/demo.rec");
    let file = folder.file("cut.rec", &whole[..6000]);
    let mut terminal = Pty::start(program(&["replay", &file]), 24, 80);
    terminal.wait_for("demo-frame");
    terminal.press("]]]]");
    terminal.wait_for("at byte 6000: it breaks off here");
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn a_bad_recording_is_refused_with_the_place_of_the_fault() {
    let folder = Folder::new("foreign");
    let run = |file: &str| program(&["replay", file]).output().unwrap();
    refused(
        &run(&folder.file("text", b"a text\n")),
        "at byte 0: this is no recording",
    );
    refused(&run(&folder.file("empty", b"")), "at byte 0");
    refused(&run(folder.0.to_str().unwrap()), "directory");
    refused(
        &run(folder.0.join("none").to_str().unwrap()),
        "No such file",
    );
    refused(&run("/dev/zero"), "not a regular file");
    let whole = include_bytes!("../assets/demo.rec");
    let mut damaged = whole.to_vec();
    damaged[30] ^= 1;
    refused(
        &run(&folder.file("damaged", &damaged)),
        "at byte 10: the checksum",
    );
    let pipe = folder.0.join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    refused(&run(pipe.to_str().unwrap()), "not a regular file");
}

/// Ten gigabytes that cost no disk: none of them is read into memory.
#[test]
fn a_huge_file_is_refused_in_bounded_memory() {
    let folder = Folder::new("huge");
    let path = folder.file("huge", &include_bytes!("../assets/demo.rec")[..10]);
    let file = fs::File::options().append(true).open(&path).unwrap();
    (&file).write_all(&(15_u32 << 20).to_le_bytes()).unwrap();
    file.set_len(10 << 30).unwrap();
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 400000; exec \"$0\" replay \"$1\""])
        .args([env!("CARGO_BIN_EXE_dualq-top"), &path])
        .output()
        .unwrap();
    refused(&output, "at byte 10");
}

#[test]
fn a_recording_is_not_written_over() {
    let folder = Folder::new("there");
    let file = folder.file("session.rec", b"precious");
    let mut terminal = Pty::start(program(&["--record", &file]), 24, 80);
    terminal.wait_for("is there already");
    assert_eq!(terminal.status(), Some(2));
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    let nowhere = folder.0.join("none/session.rec");
    let mut terminal = Pty::start(program(&["--record", nowhere.to_str().unwrap()]), 24, 80);
    terminal.wait_for("cannot be recorded into");
    assert_eq!(terminal.status(), Some(2));
}

/// Without rights it sees the machine all the same, and that can be recorded anywhere.
#[test]
fn a_session_is_recorded_for_its_owner_alone_and_replayed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("session");
    let file = folder.0.join("session.rec");
    let file = file.to_str().unwrap();
    let mut terminal = Pty::start(program(&["--view", "--record", file]), 24, 80);
    terminal.wait_for("COMMAND");
    // Two looks or more.
    let whole = |size: u64| fs::metadata(file).is_ok_and(|m| m.len() > size);
    let first = fs::metadata(file).unwrap().len();
    terminal.wait_until("the file grows", |_| whole(first + 500));
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut terminal = Pty::start(program(&["replay", file]), 24, 80);
    terminal.wait_for("REPLAY");
    terminal.wait_for("The recording has ended");
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}

/// A limit on the file's size stands for a disk that is full. The kernel's signal about it ends nothing,
/// whether the caller ignores it or not.
#[test]
fn full_disk_keeps_dashboard_running_and_file_readable() {
    for trap in ["", "trap '' XFSZ; "] {
        goes_on_with_a_full_disk(trap);
    }
}

fn goes_on_with_a_full_disk(trap: &str) {
    let folder = Folder::new("full");
    let file = folder.0.join("session.rec");
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{trap}exec \"$0\" --view --record \"$1\""))
        .args([env!("CARGO_BIN_EXE_dualq-top"), file.to_str().unwrap()]);
    let mut terminal = Pty::start(command, 24, 80);
    terminal.wait_for("COMMAND");
    // As if the disk had room for a few more looks alone: to fill one takes a minute.
    let size = fs::metadata(&file).unwrap().len();
    terminal.limit_files_to(size + 1500);
    terminal.press("[[");
    terminal.wait_for("Recording has stopped");
    terminal.press("?");
    terminal.wait_for("keys and terms");
    terminal.press("qq");
    assert_eq!(terminal.status(), Some(0));
    let mut terminal = Pty::start(program(&["replay", file.to_str().unwrap()]), 24, 80);
    terminal.wait_for("REPLAY");
    terminal.press("]]]]");
    terminal.wait_for("breaks off here");
    terminal.press("q");
    assert_eq!(terminal.status(), Some(0));
}
