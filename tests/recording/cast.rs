//! `replay --export cast`: an asciicast of a recording.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Command, Output};

use dualq_top::tui::app::{App, Event, Playback};
use dualq_top::tui::ui::theme::Theme;

use crate::support::{FakeEffects, play_app};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dualq-cast-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn export(folder: &Folder, format: &str, size: &str) -> (PathBuf, Output) {
    let path = folder.0.join("out.cast");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dualq-top"));
    command.env_remove("XDG_CONFIG_HOME").env_remove("HOME");
    command.args(["replay", "--theme", "mono", "--export", format]);
    let output = command.arg(&path).args(["--size", size]).output().unwrap();
    (path, output)
}

#[test]
fn cast_ends_with_the_screen_that_the_replay_ends_with() {
    let folder = Folder::new("screen");
    let (path, output) = export(&folder, "cast", "100x30");
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    let head: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(
        (&head["version"], &head["width"], &head["height"]),
        (&2.into(), &100.into(), &30.into())
    );
    let (rows, columns) = (NonZero::new(30).unwrap(), NonZero::new(100).unwrap());
    let mut screen = vt100::Parser::new(rows, columns, 0);
    let (mut last, mut count) = (0.0, 0);
    for line in lines {
        let (at, kind, written): (f64, String, String) = serde_json::from_str(line).unwrap();
        assert!(at >= last && kind == "o", "{line}");
        (last, count) = (at, count + 1);
        screen.process(written.as_bytes());
    }
    assert!(count > 30 && last > 20.0, "{count} frames in {last} s");

    let mut reader = dualq_top::record::shipped().unwrap();
    let mut events = Vec::new();
    while let Some(record) = reader.read().unwrap() {
        events.push(Event::from(record.what));
    }
    let over = Playback::Over("The recording has ended".into());
    events.push(Event::Replay(over));
    let app = App::new().replaying();
    let shown = play_app(
        app,
        Theme::plain(),
        (100, 30),
        events,
        &mut FakeEffects::default(),
    );
    let trimmed = |text: String| {
        text.lines()
            .map(|l| l.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(trimmed(screen.screen().contents()), trimmed(shown.text()));
}

#[test]
fn cast_overwrites_nothing_and_knows_one_format() {
    let folder = Folder::new("refused");
    std::fs::write(folder.0.join("out.cast"), "mine").unwrap();
    let (path, output) = export(&folder, "cast", "100x30");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("is there already: name a new file to export into"),
        "{said}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    std::fs::remove_file(&path).unwrap();
    let (path, output) = export(&folder, "gif", "100x30");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("invalid format 'gif': expected cast"),
        "{said}"
    );
    assert!(!path.exists());
    let (path, output) = export(&folder, "cast", "100by30");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("expected columns and rows, as in 120x40"),
        "{said}"
    );
    assert!(!path.exists());
}
