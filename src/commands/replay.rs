//! `replay`: the dashboard, showing a recording. It needs no rights, no scheduler and no kernel.

use std::fs::OpenOptions;
use std::io::{BufReader, IsTerminal, Read, Seek, stdin, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{self, Sender};

use anyhow::{Context, Result, bail};

use super::dashboard::{conclude, listen_to_signals, theme};
use crate::app::{App, PlaybackRequest, preferences::Preferences};
use crate::cli::Look;
use crate::dashboard::{Control, Dashboard};
use crate::input;
use crate::model::{ProcessId, Queue};
use crate::record::{self, Fault, Reader};
use crate::refusal::{Refusal, Status};
use crate::replay;
use crate::rights;
use crate::terminal::{self, Tui};
use crate::text::scrub;
use crate::tui::event_queue;

pub fn run(file: Option<&Path>, look: Look, preferences: Preferences) -> Result<()> {
    match file {
        None => show(
            record::shipped().map_err(anyhow::Error::msg)?,
            "",
            look,
            preferences,
        ),
        Some(path) => {
            let name = scrub(path.as_os_str().as_encoded_bytes());
            let opened = open(path).map_err(|why| {
                Refusal::new(Status::BadArgument, format!("{name} cannot be read: {why}"))
            })?;
            let reader = Reader::new(opened).map_err(|fault| refusal(&name, &fault))?;
            show(reader, &name, look, preferences)
        }
    }
}

/// A pipe or a device may keep us waiting for ever.
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
        bail!("it is no regular file");
    }
    Ok(BufReader::new(file))
}

fn refusal(name: &str, fault: &Fault) -> Refusal {
    Refusal::new(
        Status::BadArgument,
        format!("{name} cannot be replayed, {fault}"),
    )
}

fn show<R: Read + Seek + Send + 'static>(
    mut reader: Reader<R>,
    name: &str,
    look: Look,
    preferences: Preferences,
) -> Result<()> {
    rights::give_up()?;
    // What is faulty from the start is refused; a later fault is shown where it comes.
    let first = reader.read().map_err(|fault| refusal(name, &fault))?;
    if !(stdin().is_terminal() && stdout().is_terminal()) {
        bail!(Refusal::new(
            Status::BadArgument,
            "the dashboard needs a terminal",
        ));
    }
    let (events, received) = event_queue::channel();
    let (orders, heard) = mpsc::channel();
    listen_to_signals(events.clone(), None)?;
    let mut tui = Tui::new()?;
    terminal::report_panics(events.clone());
    input::spawn(events.clone()).context("cannot read the terminal")?;
    replay::spawn(reader, first, heard, events)?;
    let outcome = Dashboard::new(App::with(preferences).replaying())
        .theme(theme(look))
        .on_suspend(terminal::suspend)
        .run(tui.screen(), &received, &mut Playing(orders));
    drop(tui);
    conclude(outcome?)
}

/// Hands that can do nothing but turn the pages.
struct Playing(Sender<PlaybackRequest>);

impl Control for Playing {
    fn move_process(&mut self, _: ProcessId, _: Queue, _: bool) -> Result<Queue> {
        bail!("This is a recording: nothing in it can be changed.")
    }

    fn signal(&mut self, _: ProcessId, _: i32) -> Result<()> {
        bail!("This is a recording: nothing in it can be changed.")
    }

    fn replay(&mut self, order: PlaybackRequest) {
        // After its end there is nothing to go through.
        let _ = self.0.send(order);
    }
}
