//! The settings file: what is in it shows, and what is wrong in it is said with its place.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::{CommandFactory, Parser};
use dualq_top::cli::{Cli, ThemeName};
use dualq_top::settings::Settings;
use dualq_top::tui::app::keymap::KEYMAP;
use dualq_top::tui::app::preferences::Preferences;
use dualq_top::tui::app::{App, Key};
use dualq_top::tui::ui::theme::Theme;
use support::{FakeEffects, Shown, World, key, play_app, typed};

const SAMPLE: &str = include_str!("../assets/config.toml");

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dualq-top-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("dualq-top")).unwrap();
        Self(path)
    }

    fn file(&self, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join("dualq-top/config.toml");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The program itself. Without a terminal the dashboard ends after the settings have been read.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    command.env_remove("XDG_CONFIG_HOME").env_remove("HOME");
    command
}

fn run_with(path: &Path) -> Output {
    program().arg("--config").arg(path).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn refusal(name: &str, text: impl AsRef<[u8]>) -> String {
    let directory = Directory::new(name);
    let path = directory.file(text);
    let output = run_with(&path);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(path.to_str().unwrap()), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

fn settings(name: &str, text: &str) -> Settings {
    let directory = Directory::new(name);
    Settings::load(Some(&directory.file(text))).unwrap()
}

/// Returns the screen with these settings after these keys.
fn shown(
    preferences: Preferences,
    size: (u16, u16),
    keys: &[Key],
    effects: &mut FakeEffects,
) -> Shown {
    let mut world = World::new(2);
    let mut events = vec![world.look(), world.tick()];
    events.extend(keys.iter().map(|k| key(*k)));
    play_app(
        App::with(preferences),
        Theme::colour(),
        size,
        events,
        effects,
    )
}

#[test]
fn every_fault_is_said_with_file_and_line_and_what_to_do() {
    for (name, text, line, part) in [
        (
            "unknown",
            "ascii = true\ntheem = \"dark\"\n",
            2,
            "did you mean \"theme\"?",
        ),
        (
            "theme",
            "\n\ntheme = \"pink\"",
            3,
            "one of \"dark\", \"light\", \"mono\"",
        ),
        ("theme-number", "theme = 3", 1, "one of \"dark\""),
        ("ascii", "ascii = \"yes\"", 1, "true or false"),
        ("interval", "interval = 0", 1, "from 0.25 to 10"),
        ("interval-nan", "interval = nan", 1, "from 0.25 to 10"),
        ("guarantee", "batch-guarantee = 51", 1, "from 0 to 50"),
        ("watchdog", "watchdog = -1", 1, "from 1 to 30"),
        ("order", "batch-order = \"lifo\"", 1, "\"fair\", \"fifo\""),
        ("sort", "sort = \"CPU\"", 1, "did you mean \"CPU%\"?"),
        (
            "columns",
            "columns = [\"PID\",\n \"COMAND\"]",
            2,
            "did you mean \"COMMAND\"?",
        ),
        (
            "columns-twice",
            "columns = [\"PID\", \"pid\"]",
            1,
            "named twice",
        ),
        ("columns-none", "columns = []", 1, "at least one column"),
        (
            "action",
            "[keys]\nquitt = \"q\"",
            2,
            "did you mean \"quit\"?",
        ),
        ("key", "[keys]\nquit = \"hom\"", 2, "did you mean \"home\"?"),
        ("key-type", "[keys]\nquit = 3", 2, "expected a key"),
        ("keys-type", "keys = 3", 1, "[keys]"),
        ("ctrl", "[keys]\nquit = \"Ctrl-I\"", 2, "Tab"),
        ("no-quit", "[keys]\nquit = []", 2, "quit needs a key"),
        (
            "twice-here",
            "[keys]\nundo = \"e\"\ntag = \"e\"",
            3,
            "already bound to \"undo\"",
        ),
        (
            "twice-there",
            "[keys]\nundo = \"q\"",
            2,
            "already bound to \"quit\"",
        ),
        (
            "setting-twice",
            "ascii = true\nascii = true",
            2,
            "duplicate key",
        ),
        ("truncated", "ascii = true\ntheme = \"da", 2, "not TOML"),
        ("hostile", "\"\\u001b[2Jx\" = 1", 1, "\"·[2Jx\""),
    ] {
        let said = refusal(name, text);
        assert!(
            said.contains(&format!("line {line}: ")) && said.contains(part),
            "{name}: {said}"
        );
    }
    let said = refusal("utf8", b"ascii = true\ntheme = \"\xff\"");
    assert!(said.contains("line 2: not UTF-8"), "{said}");
}

#[test]
fn a_bad_settings_file_is_refused_in_a_sentence() {
    let directory = Directory::new("no-file");
    let fifo = directory.0.join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let circle = directory.0.join("circle");
    symlink(&circle, &circle).unwrap();
    for (path, part) in [
        (directory.0.as_path(), "is a directory"),
        (Path::new("/dev/zero"), "larger than 64 KiB"),
        (&directory.file(" ".repeat(70_000)), "larger than 64 KiB"),
        (&fifo, "neither a file nor"),
        (&circle, "cannot be read: "),
        (
            Path::new("/does/not/exist.toml"),
            "no such file or directory",
        ),
    ] {
        let output = run_with(path);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part) && said.lines().count() == 1, "{said}");
    }
    let output = run_with(Path::new("/dev/null"));
    assert!(
        said(&output).contains("the dashboard needs one"),
        "/dev/null: no settings"
    );
}

#[test]
fn the_users_own_file_is_found_and_a_missing_one_is_no_fault() {
    let directory = Directory::new("found");
    directory.file("theem = 1");
    let run = |home: &str, path: &Path| {
        let output = program().arg("attach").env(home, path).output().unwrap();
        said(&output)
    };
    assert!(run("XDG_CONFIG_HOME", &directory.0).contains("did you mean \"theme\"?"));
    assert!(!run("HOME", &directory.0).contains("Defaults in use"));
    let config = directory.0.join(".config");
    fs::create_dir(&config).unwrap();
    symlink(directory.0.join("dualq-top"), config.join("dualq-top")).unwrap();
    assert!(run("HOME", &directory.0).contains("did you mean \"theme\"?"));
    // `list` and its like take nothing from the file.
    let list = program()
        .env("HOME", &directory.0)
        .arg("list")
        .output()
        .unwrap();
    assert!(!said(&list).contains("theem"));
    let attach = program()
        .env("HOME", &directory.0)
        .arg("attach")
        .output()
        .unwrap();
    assert!(said(&attach).contains("theem"));
}

/// Only a file that `--config` names may stop the program.
#[test]
fn unusable_default_settings_leave_the_defaults_with_a_note() {
    let directory = Directory::new("unusable");
    let usual = directory.0.join("dualq-top/config.toml");
    let put = |what: &str| {
        let _ = fs::remove_dir(&usual);
        let _ = fs::remove_file(&usual);
        match what {
            "a directory" => fs::create_dir(&usual).unwrap(),
            "a circle of links" => symlink(&usual, &usual).unwrap(),
            "a FIFO" => {
                let made = Command::new("mkfifo").arg(&usual).status();
                assert!(made.unwrap().success());
            }
            "too large" => drop(directory.file(" ".repeat(70_000))),
            "a wrong setting" => drop(directory.file("theem = 1")),
            "no TOML" => drop(directory.file(b"\xff\xff")),
            _ => {
                let path = directory.file("ascii = true");
                fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
            }
        }
    };
    // Root may read everything: another user runs a copy that it can reach.
    let copy = directory.0.join("dualq-top.copy");
    fs::copy(env!("CARGO_BIN_EXE_dualq-top"), &copy).unwrap();
    for (what, said_of_it) in [
        ("a directory", "is a directory"),
        ("a circle of links", "cannot be read"),
        ("a FIFO", "neither a file nor"),
        ("too large", "larger than 64 KiB"),
        ("a wrong setting", "line 1: "),
        ("no TOML", "line 1: "),
        ("nobody may read it", "permission denied"),
    ] {
        put(what);
        let mut command = Command::new(&copy);
        if what == "nobody may read it" && rustix::process::geteuid().is_root() {
            std::os::unix::process::CommandExt::uid(&mut command, 65534);
        }
        command.arg("attach").env("XDG_CONFIG_HOME", &directory.0);
        let output = loop {
            match command.output() {
                // Another test was forking while the copy was written, and has it open for a moment.
                Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                output => break output.unwrap(),
            }
        };
        let said = said(&output);
        let note = said.lines().next().unwrap();
        assert!(
            note.contains("Defaults in use: ") && note.contains(said_of_it),
            "{what}: {said}"
        );
        assert_ne!(output.status.code(), Some(2), "{what}: {said}");
    }
}

#[test]
fn root_does_not_follow_a_file_that_others_may_change() {
    let directory = Directory::new("root");
    let path = directory.file("theem = 1");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let output = program()
        .env("XDG_CONFIG_HOME", &directory.0)
        .arg("attach")
        .output()
        .unwrap();
    let said = said(&output);
    if rustix::process::geteuid().is_root() {
        assert!(
            said.contains("others than root") && !said.contains("theem"),
            "{said}"
        );
        assert!(
            refused_by_name(&path).contains("theem"),
            "named, it is read"
        );
    } else {
        assert!(said.contains("theem"), "{said}");
    }
}

fn refused_by_name(path: &Path) -> String {
    said(&run_with(path))
}

#[test]
fn order_columns_interval_and_look_come_from_the_file() {
    let settings = settings(
        "effects",
        "theme = \"light\"\nascii = true\ninterval = 2.5\nsort = \"pid\"\ninverted = true\n\
         columns = [\"COMMAND\", \"CPU%\", \"PID\"]\n",
    );
    assert_eq!(settings.theme, Some(ThemeName::Light));
    let look = settings.look(Cli::parse_from(["dualq-top"]).look);
    assert!(look.ascii && look.theme == Some(ThemeName::Light));
    let mut effects = FakeEffects::default();
    let shown = shown(
        settings.preferences,
        (120, 40),
        &[Key::Char(']')],
        &mut effects,
    );
    let head = shown.line("COMMAND");
    let words: Vec<&str> = head.split_whitespace().take(3).collect();
    assert_eq!(words, ["COMMAND", "CPU%", "PID▼"], "{}", shown.text());
    let first = shown.lines()[1 + shown.lines().iter().position(|l| *l == head).unwrap()].clone();
    assert!(first.trim_end().ends_with("5000"), "{first}");
    assert_eq!(effects.asked, ["look each 3s"], "from 2.5 s on");
}

#[test]
fn columns_that_have_no_room_are_left_out_from_the_right() {
    let settings = settings(
        "narrow",
        "columns = [\"NAME\", \"COMMAND\", \"USER\", \"QUEUE\", \"TIME\", \"CPU%\", \"PID\", \"THR\", \"S\"]",
    );
    let shown = shown(
        settings.preferences,
        (80, 24),
        &[],
        &mut FakeEffects::default(),
    );
    let head = shown.line("COMMAND");
    assert!(head.contains("PID") && !head.contains("THR"), "{head}");
}

#[test]
fn a_rebound_key_works_and_is_named_wherever_its_action_is() {
    let settings = settings(
        "keys",
        "[keys]\ntoggle = [\"F2\", \"Enter\"]\nsignal-menu = []\npause = \"k\"\nscheduler = \"Ctrl-X\"\n",
    );
    let preferences = settings.preferences;
    let mut effects = FakeEffects::default();
    let keys = [Key::F(2), Key::Char(' ')];
    shown(preferences.clone(), (80, 24), &keys, &mut effects);
    assert_eq!(
        effects.asked,
        ["move 4121 to PRIORITY"],
        "space does nothing any more"
    );
    effects.asked.clear();
    let screen = shown(
        preferences.clone(),
        (120, 40),
        &[Key::Char('k')],
        &mut effects,
    );
    assert!(screen.has("is paused; k continues"), "{}", screen.text());
    assert!(screen.has("F2 PRIORITY/BATCH") && screen.has("Ctrl-X attach/detach"));
    assert!(
        !screen.has("signal"),
        "an action without a key is not offered"
    );
    let help = shown(preferences, (120, 90), &[Key::Char('?')], &mut effects);
    assert!(
        help.line("move the process").contains("F2 Enter"),
        "{}",
        help.text()
    );
}

#[test]
fn the_command_line_comes_before_the_file() {
    let settings = settings(
        "before",
        "theme = \"light\"\nbatch-guarantee = 30\nwatchdog = 5\nbatch-order = \"fifo\"\n",
    );
    let line = ["dualq-top", "--theme", "dark", "--batch-guarantee", "10"];
    let (cli, matches) = (Cli::parse_from(line), Cli::command().get_matches_from(line));
    let options = settings.scheduler(cli.scheduler, &matches);
    assert_eq!((options.batch_guarantee, options.watchdog), (10, 5));
    assert_eq!(format!("{:?}", options.batch_order), "Fifo");
    assert_eq!(settings.look(cli.look).theme, Some(ThemeName::Dark));
}

/// The sample with its settings as if they had been made.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        let name = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    };
    SAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_setting(rest) => rest,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_sample_names_every_setting_and_action_with_its_default() {
    assert!(
        settings("sample", SAMPLE).theme.is_none(),
        "as it is it sets nothing"
    );
    let text = uncommented();
    let stated = settings("defaults", &text);
    for name in dualq_top::settings::names() {
        let stands = text
            .lines()
            .any(|line| line.starts_with(&format!("{name} = ")) || line == format!("[{name}]"));
        assert!(stands, "assets/config.toml does not name {name}");
    }
    let cli = Cli::parse_from(["dualq-top"]);
    assert_eq!(stated.theme, Some(ThemeName::Dark));
    assert_eq!(stated.ascii, Some(cli.look.ascii));
    assert_eq!(stated.batch_guarantee, Some(cli.scheduler.batch_guarantee));
    assert_eq!(stated.batch_order, Some(cli.scheduler.batch_order));
    assert_eq!(stated.watchdog, Some(cli.scheduler.watchdog));
    let (stated, default) = (stated.preferences, Preferences::default());
    assert_eq!(
        (stated.sort, stated.inverted),
        (default.sort, default.inverted)
    );
    assert_eq!(stated.interval, default.interval);
    assert_eq!(
        stated.columns,
        dualq_top::tui::app::order::SortKey::ALL,
        "all columns, in their order"
    );
    for (line, binding) in stated.keymap.lines().iter().zip(KEYMAP) {
        let name = binding.action.name();
        assert_eq!(
            line.keys, binding.keys,
            "assets/config.toml: the keys of {name}"
        );
        let named = text
            .lines()
            .any(|line| line.starts_with(&format!("{name} = ")));
        assert!(named, "assets/config.toml does not name the action {name}");
    }
}

#[test]
fn a_note_of_the_start_is_read_on_the_message_line() {
    let preferences = Preferences {
        note: Some("Settings not read".into()),
        ..Preferences::default()
    };
    let mut effects = FakeEffects::default();
    let shown = play_app(
        App::with(preferences),
        Theme::colour(),
        (80, 24),
        [World::new(2).look()].into_iter().chain(typed("")),
        &mut effects,
    );
    assert!(shown.has("Settings not read"), "{}", shown.text());
}
