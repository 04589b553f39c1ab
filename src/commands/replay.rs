//! `replay`: shows a recording in the dashboard. It needs no privileges, no scheduler and no sched_ext kernel.

use std::fs::OpenOptions;
use std::io::{BufReader, IsTerminal, Read, Seek, stdin, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc;

use anyhow::{Context, Result, bail};

use super::dashboard::{conclude, listen_to_signals, theme};
use super::export::{self, Export};
use crate::cli::Look;
use crate::record::player;
use crate::record::{self, Reader, RecordingFault};
use crate::refusal::{Refusal, Status};
use crate::sys::capabilities;
use crate::sys::text::scrub;
use crate::tui::app::{App, Command, preferences::Preferences};
use crate::tui::event_queue;
use crate::tui::input;
use crate::tui::run::Dashboard;
use crate::tui::terminal::{self, Tui};

pub fn run(
    file: Option<&Path>,
    export: Option<Export<'_>>,
    look: Look,
    preferences: Preferences,
) -> Result<()> {
    match file {
        None => show(
            record::shipped().map_err(anyhow::Error::msg)?,
            "",
            export,
            look,
            preferences,
        ),
        Some(path) => {
            let name = scrub(path.as_os_str().as_encoded_bytes());
            let opened = open(path).map_err(|why| {
                Refusal::new(Status::BadArgument, format!("cannot read {name}: {why}"))
            })?;
            let reader = Reader::new(opened).map_err(|fault| refusal(&name, &fault))?;
            show(reader, &name, export, look, preferences)
        }
    }
}

/// Opens a regular file. A pipe or a device could block for ever.
fn open(path: &Path) -> Result<impl Read + Seek + Send + 'static> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(|error| anyhow::anyhow!(error))?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        bail!("it is a directory");
    }
    if !kind.is_file() {
        bail!("it is not a regular file");
    }
    Ok(BufReader::new(file))
}

fn refusal(name: &str, fault: &RecordingFault) -> Refusal {
    Refusal::new(
        Status::BadArgument,
        format!("cannot replay {name}, {fault}"),
    )
}

fn show<R: Read + Seek + Send + 'static>(
    mut reader: Reader<R>,
    name: &str,
    export: Option<Export<'_>>,
    look: Look,
    preferences: Preferences,
) -> Result<()> {
    capabilities::drop_unneeded()?;
    // A file that is faulty at the start is refused. A later fault is shown at its place.
    let first = reader.read().map_err(|fault| refusal(name, &fault))?;
    if let Some(export) = export {
        let app = App::with(preferences).replaying();
        return export::run(reader, first, app, theme(look), &export);
    }
    if !(stdin().is_terminal() && stdout().is_terminal()) {
        bail!(Refusal::new(
            Status::BadArgument,
            "stdout is not a terminal: the dashboard needs one",
        ));
    }
    let (events, received) = event_queue::channel();
    let (orders, heard) = mpsc::channel();
    listen_to_signals(events.clone(), None, None)?;
    let mut tui = Tui::new()?;
    terminal::report_panics(events.clone());
    input::spawn(events.clone()).context("cannot read the terminal")?;
    player::spawn(reader, first, heard, events)?;
    let outcome = Dashboard::new(App::with(preferences).replaying())
        .theme(theme(look))
        .on_suspend(terminal::suspend)
        .on_resume(terminal::resume)
        .run(tui.screen(), &received, &mut |command| {
            if let Command::Playback(request) = command {
                // There is no playback after its end.
                let _ = orders.send(request);
            }
            None
        });
    drop(tui);
    conclude(outcome?)
}
