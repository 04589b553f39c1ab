//! Traces to a file while the dashboard runs.

use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::record;
use crate::scheduler::{CurrentScheduler, tracing};
use crate::sys::{capabilities, signals};
use crate::trace::Ended;
use crate::tui::app::{Event, Traced};
use crate::tui::event_queue::EventSender;

/// Begins a trace of this length to a new file in the current folder. Its end is an event.
pub fn begin(scheduler: &CurrentScheduler, events: &EventSender, span: Duration) -> Traced {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let name = format!("dualq-{}.json", now.replace(':', "-"));
    match start(scheduler, events, &name, span) {
        Ok(()) => Traced::Begun(name),
        Err(error) => Traced::Ended(Err(format!("Cannot trace: {error:#}"))),
    }
}

fn start(
    scheduler: &CurrentScheduler,
    events: &EventSender,
    name: &str,
    span: Duration,
) -> Result<()> {
    let handle = scheduler.handle();
    let handle = handle.context("no scheduler of ours can be reached")?;
    let file = record::create(Path::new(name), "trace", "traced")?;
    let recording = tracing::to_file(&handle, file, span)?;
    let (events, name) = (events.clone(), name.to_owned());
    let trace = move || {
        let _ = capabilities::drop_unneeded();
        let result = tracing::record(recording, &handle, || None);
        let _ = events.send(Event::Traced(Traced::Ended(sentence(&name, result))));
    };
    let thread = thread::Builder::new().name("trace".to_owned());
    // Signals are for the thread that waits for them.
    signals::with_signals_blocked(|| thread.spawn(trace))?.context("cannot start a thread")?;
    Ok(())
}

/// Formats what was traced, or why it ended too early.
fn sentence(name: &str, result: Result<Ended>) -> Result<String, String> {
    let ended = result.map_err(|error| format!("Cannot trace: {error:#}"))?;
    let totals = ended.totals;
    if let Some(fault) = ended.fault {
        return Err(format!("Cannot write to {name}: {fault}; it has {totals}."));
    }
    if totals.ended == tracing::SCHEDULER_ENDED {
        return Err(format!("{name} has {totals}: {}.", totals.ended));
    }
    Ok(format!("{name} has {totals}"))
}
