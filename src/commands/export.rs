//! `replay --export cast`: writes a recording as an asciicast (version 2), which players on slides and web pages show.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect, Size};
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::record::player;
use crate::record::{self, Reader, RecordedEvent};
use crate::refusal::{Refusal, Status};
use crate::tui::app::{App, Event, Playback};
use crate::tui::ui::{self, theme::Theme};

/// The only format.
const CAST: &str = "cast";

/// The options of an export.
pub struct Export<'a> {
    pub format: &'a Path,
    pub path: &'a Path,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// Writes all of a recording.
///
/// # Errors
/// A [`Refusal`] if the file exists or cannot be written to, or the format is unknown.
pub fn run<R: Read>(
    reader: Reader<R>,
    first: Option<RecordedEvent>,
    app: App,
    theme: Theme,
    export: &Export<'_>,
) -> Result<()> {
    if export.format != Path::new(CAST) {
        bail!(Refusal::new(
            Status::BadArgument,
            format!(
                "invalid format '{}': expected {CAST}",
                crate::sys::text::scrub(export.format.as_os_str().as_encoded_bytes())
            ),
        ));
    }
    let file = record::create(export.path, "export", "exported")?;
    let mut out = io::BufWriter::new(file);
    cast(reader, first, app, &theme, export.size.into(), &mut out)?;
    out.flush()?;
    Ok(())
}

/// Collects what the screen writes.
#[derive(Clone, Default)]
struct Tape(Rc<RefCell<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn cast<R: Read>(
    mut reader: Reader<R>,
    first: Option<RecordedEvent>,
    mut app: App,
    theme: &Theme,
    size: Size,
    out: &mut impl Write,
) -> Result<()> {
    let head = serde_json::json!({
        "version": 2,
        "width": size.width,
        "height": size.height,
        "title": "dualq-top",
        "env": { "TERM": "xterm-256color" },
    });
    writeln!(out, "{head}")?;
    let tape = Tape::default();
    let viewport = Viewport::Fixed(Rect::from((Position::ORIGIN, size)));
    let backend = CrosstermBackend::new(tape.clone());
    let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport })?;
    tape.0.borrow_mut().extend_from_slice(b"\x1b[2J\x1b[?25l");
    let (mut time, mut place) = (Duration::ZERO, Duration::ZERO);
    let mut next = Ok(first);
    loop {
        let (event, over) = match next {
            Ok(Some(record)) => {
                // As in the playback, nobody waits long for nothing.
                time += record.at.saturating_sub(place).min(player::LONGEST_SILENCE);
                place = record.at;
                (Event::from(record.what), false)
            }
            Ok(None) => (over("The recording has ended".into()), true),
            Err(fault) => (over(player::no_further(&fault)), true),
        };
        app.handle(event);
        if app.take_changed() {
            let hits = ui::fit(&mut app, size);
            terminal.draw(|frame| hits.draw(frame, &app, theme))?;
            let bytes = std::mem::take(&mut *tape.0.borrow_mut());
            let line = (time.as_secs_f64(), "o", String::from_utf8_lossy(&bytes));
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
        }
        if over {
            return Ok(());
        }
        next = reader.read();
    }
}

fn over(why: String) -> Event {
    Event::Replay(Playback::Over(why))
}
