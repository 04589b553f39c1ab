//! Nothing that came from outside reaches the terminal as more than text: shown by the bytes that the
//! program writes.

#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "support/pty.rs"]
mod pty;
mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use dualq_top::model::DemoStatus;
use dualq_top::model::{ActiveScheduler, Cause, Change, Exit, ProcessId, Role};
use dualq_top::record::{About, What, Writer};
use pty::Pty;
use support::World;

/// A title, the clipboard, a colour, a place, a question to the terminal, the bell; the same begun with
/// one byte. Then the direction of text, line breaks, and a mark to find what became of them.
const EVIL: &str = "E\x1b]0;pwned\x07\x1b]52;c;cm0gLXJm\x1b\\\x1b[38;5;213m\x1b[7;77H\x1b[6n\x07\
    \u{9b}2J\u{9d}0;t\u{9c}\u{90}q\u{202e}\u{2066}\u{200f}\r\n\tV";

/// Its parts that must never be in the written bytes.
const TRACES: [&[u8]; 10] = [
    b"\x1b]",
    b"\x1bP",
    b"\x1b\\",
    b"\x07",
    b"\x1b[38;5;213m",
    b"\x1b[7;77H",
    b"\x1b[6n",
    "\u{202e}".as_bytes(),
    "\u{2066}".as_bytes(),
    "\u{200f}".as_bytes(),
];

/// Text, and sequences that move, colour, erase and switch: no other control may be there. `also` are
/// those that a screen has no use for and a line of text has.
fn look_through(bytes: &[u8], also: &[char], what: &str) {
    for trace in TRACES {
        let found = bytes.windows(trace.len()).position(|part| part == trace);
        assert_eq!(
            found,
            None,
            "{what}: {:?}",
            trace.escape_ascii().to_string()
        );
    }
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\x1b' {
            let sequence: String = rest
                .by_ref()
                .take_while(|c| !c.is_ascii_alphabetic())
                .collect();
            let parameters = sequence.strip_prefix('[');
            assert!(
                parameters
                    .is_some_and(|p| p.chars().all(|c| c.is_ascii_digit() || ";?".contains(c))),
                "{what}: ESC {sequence:?}"
            );
        } else {
            assert!(
                !c.is_control() || also.contains(&c),
                "{what}: {c:?} in the text"
            );
        }
    }
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    command.args(arguments).env_remove("XDG_CONFIG_HOME");
    command
}

/// A recording of a machine that is evil wherever there is text.
fn evil_recording() -> Vec<u8> {
    let mut world = World::new(2);
    for process in &mut world.snapshot.processes {
        process.name = EVIL.into();
        process.command = format!("{EVIL} --{EVIL}").into();
        process.user = EVIL.into();
    }
    world.thread(6001, 4121, EVIL, 50.0);
    let host = &mut world.snapshot.host;
    host.kernel = EVIL.into();
    let looks: Vec<What> = (0..4)
        .map(|second| {
            if second == 2 {
                world.scheduled_by(ActiveScheduler::Other(EVIL.into()));
                world.scheduler().role = Role::View {
                    reason: EVIL.into(),
                };
                world.scheduler().exit = Some(Exit {
                    kind: EVIL.into(),
                    reason: EVIL.into(),
                    message: EVIL.into(),
                    dump: vec![EVIL.into(); 5],
                    asks_restart: false,
                });
            }
            world.tick();
            What::Snapshot(Box::new(world.snapshot.clone()))
        })
        .collect();
    let id = ProcessId {
        pid: 4121,
        start_ticks: 412_100,
    };
    let said = [
        What::Moved(id, Err(EVIL.into())),
        What::Signalled(Err(EVIL.into())),
        What::Scheduler(Err(EVIL.into())),
        What::Restarted(EVIL.into()),
        What::Waits(Err(EVIL.into())),
        What::Demo(DemoStatus::Ended(EVIL.into())),
        What::Changes(vec![Change {
            time: EVIL.into(),
            pid: Some(1),
            start_ticks: None,
            name: EVIL.into(),
            queue: Some(EVIL.into()),
            setting: Some(EVIL.into()),
            children: true,
            level: Some(1),
            through: Some(1),
            others: 1,
            cause: Cause::Rule,
            rule: Some(EVIL.into()),
            by: 1,
        }]),
        What::Levelled(vec![(id, Err(EVIL.into()))]),
        What::Tuned(Err(EVIL.into())),
    ];
    let about = About {
        program: EVIL.into(),
        kernel: EVIL.into(),
    };
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file, &about).unwrap();
    let mut at = Duration::ZERO;
    // A sentence stands on the screen for a while each.
    for what in looks.into_iter().chain(said) {
        writer.write(at, 0, what).unwrap();
        at += Duration::from_millis(120);
    }
    writer.end(at).unwrap();
    file
}

#[test]
fn an_evil_recording_is_text_on_every_screen() {
    let folder = folder("recording");
    let file = folder.join("evil.rec");
    fs::write(&file, evil_recording()).unwrap();
    let mut terminal = Pty::start(program(&["replay", file.to_str().unwrap()]), 30, 120);
    terminal.wait_for("Message: E ]0;pwned ");
    terminal.wait_for("[6n ·2J·0;t··q···");
    terminal.wait_for("any other key closes");
    terminal.press("\x1b");
    terminal.wait_for("The recording has ended");
    for keys in ["e", "?", "l", "b", "t", "u", "k", "/E\r", "\\V\r", "x", "m"] {
        terminal.press(keys);
        terminal.settle();
        terminal.press("\x1b");
        terminal.settle();
    }
    terminal.press("\x03");
    terminal.settle();
    look_through(terminal.bytes(), &[], "replay");
    fs::remove_dir_all(&folder).unwrap();
}

/// Whatever becomes of the test.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process with such a name, and such arguments, seen by way of `/proc`.
#[test]
fn an_evil_process_is_text_in_the_list() {
    let folder = folder("process");
    // The kernel takes a process's name from its file's, and 15 bytes of it.
    let file = folder.join(OsStr::from_bytes(b"E\x1b[7;77H\x07\xff\xc2\x9b\n"));
    // A link: a copy cannot be run while a child of another test still has it open for writing.
    std::os::unix::fs::symlink("/bin/sleep", &file).unwrap();
    let mut process = Command::new(&file);
    let _killed = Killed(process.arg0(EVIL).arg("1000").spawn().unwrap());
    let mut terminal = Pty::start(program(&["--view"]), 30, 160);
    terminal.wait_for("COMMAND");
    terminal.press("\\E·]0;pwned\r");
    terminal.wait_for("E·]0;pwned··]52;c;cm0gLXJm");
    terminal.press("/E·[7;77H··\r");
    terminal.settle();
    terminal.press("k");
    terminal.wait_for("Send to E·[7;77H·");
    look_through(terminal.bytes(), &[], "--view");
    fs::remove_dir_all(&folder).unwrap();
}

fn said(output: &Output) -> Vec<u8> {
    [output.stdout.as_slice(), &output.stderr].concat()
}

#[test]
fn messages_about_evil_arguments_are_plain_text() {
    let folder = folder("arguments");
    let path = folder.join(EVIL.replace('/', ""));
    fs::create_dir_all(path.join("dualq-top")).unwrap();
    fs::write(
        path.join("dualq-top/config.toml"),
        format!("\"{EVIL}\" = 1\n"),
    )
    .unwrap();
    let evil = path.to_str().unwrap();
    for arguments in [
        &["add", EVIL][..],
        &["remove", EVIL],
        &["add", "--name", EVIL],
        &["add", "--name", "(\x1b[38;5;213m"],
        &["-a", EVIL],
        &["-r", EVIL],
        &["list", EVIL],
        &["stats", "--watch", EVIL],
        &["doctor", EVIL],
        &["--theme", EVIL],
        &[EVIL],
        &["demo", "--headless", "--hogs", EVIL],
        &["attach", EVIL],
        &["completions", EVIL],
        &["bench", "--only", EVIL],
        &["replay", EVIL],
        &["replay", evil],
        &["--config", EVIL],
        &["--config", evil],
        &["--record", evil],
        &["demo", "--headless", "--work", EVIL],
    ] {
        let output = program(arguments).output().unwrap();
        look_through(&said(&output), &['\n'], &format!("{arguments:?}"));
        assert!(!output.status.success(), "{arguments:?}");
        assert_ne!(output.status.code(), Some(101), "{arguments:?}");
    }
    // Whatever this machine has to say to them.
    for arguments in [
        &["list"][..],
        &["stats"],
        &["doctor"],
        &["list", "--json"],
        &["add", "1"],
    ] {
        let mut command = program(arguments);
        command.env("XDG_CONFIG_HOME", evil).env("TERM", EVIL);
        let output = command.output().unwrap();
        look_through(&said(&output), &['\n'], &format!("{arguments:?}"));
    }
    let output = program(&["replay"]).env("XDG_CONFIG_HOME", evil).output();
    look_through(&said(&output.unwrap()), &['\n'], "settings");
    fs::remove_dir_all(&folder).unwrap();
}

/// However absurd, the dashboard starts, or says in one sentence why not.
#[test]
fn no_environment_is_too_absurd_to_start_in() {
    let huge = "9".repeat(100_000);
    let long = format!("/{}", "x/".repeat(30_000));
    let folder = folder("environment");
    let file = folder.join("file");
    fs::write(&file, "").unwrap();
    let cases: [&[(&str, &str)]; 14] = [
        &[("TERM", "")],
        &[("TERM", "dumb"), ("COLORTERM", &huge)],
        &[("TERM", EVIL), ("LANG", EVIL), ("LC_ALL", EVIL)],
        &[("TERM", &huge), ("NO_COLOR", &huge)],
        &[("NO_COLOR", "")],
        &[("LANG", "C"), ("LC_ALL", "POSIX")],
        &[("LANG", &huge), ("LANGUAGE", &huge)],
        &[("COLUMNS", "0"), ("LINES", "0")],
        &[("COLUMNS", "-1"), ("LINES", "99999999999999999999")],
        &[("COLUMNS", EVIL), ("LINES", &huge)],
        &[("XDG_CONFIG_HOME", "/does/not/exist"), ("HOME", "")],
        &[("XDG_CONFIG_HOME", "not/absolute"), ("HOME", "neither")],
        &[("XDG_CONFIG_HOME", file.to_str().unwrap()), ("PATH", "")],
        &[
            ("XDG_CONFIG_HOME", &long),
            ("RUST_LOG", EVIL),
            ("RUST_BACKTRACE", EVIL),
        ],
    ];
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || starts_or_says_why(case));
        }
    });
    // The terminal does not know its size.
    let mut terminal = Pty::start(program(&["replay"]), 0, 0);
    terminal.press("q");
    let status = terminal.status();
    assert_ne!(status, Some(101), "{}", terminal.screen());
    fs::remove_dir_all(&folder).unwrap();
}

fn starts_or_says_why(environment: &[(&str, &str)]) {
    let mut command = program(&["replay"]);
    command.envs(environment.iter().copied());
    let mut terminal = Pty::start(command, 24, 80);
    let names: Vec<&str> = environment.iter().map(|(name, _)| *name).collect();
    terminal.wait_until(&format!("{names:?}"), |screen| {
        screen.contains("REPLAY") || screen.contains("dualq-top: ")
    });
    if terminal.screen().contains("REPLAY") {
        terminal.press("q");
        assert_eq!(terminal.status(), Some(0), "{names:?}");
    } else {
        assert_eq!(terminal.status(), Some(2), "{}", terminal.screen());
    }
    look_through(terminal.bytes(), &['\r', '\n'], &format!("{names:?}"));
}
