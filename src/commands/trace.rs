//! `trace`: records which task runs where and why, for ui.perfetto.dev.

use std::io::{ErrorKind, stdout};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::cli::TraceOptions;
use crate::model::TRACE_COST;
use crate::record;
use crate::refusal::{Refusal, Status, complain};
use crate::scheduler::{Handle, tracing};
use crate::sys::text::scrub;
use crate::sys::{capabilities, signals};
use crate::trace::Ended;

pub fn run(options: &TraceOptions) -> Result<()> {
    let handle = Handle::open()?;
    let duration = Duration::from_secs(u64::from(options.seconds));
    let is_stream = options.output == Path::new("-");
    let recording = if is_stream {
        tracing::to_stream(&handle, Box::new(stdout()), duration)?
    } else {
        let file = record::create(&options.output, "trace", "traced")?;
        tracing::to_file(&handle, file, duration)?
    };
    let signals = signals::receive(false)?;
    capabilities::drop_unneeded()?;
    let seconds = options.seconds;
    complain(&format!(
        "tracing for {seconds} s, Ctrl-C ends it earlier; a switch costs some {TRACE_COST} instructions more meanwhile"
    ));
    let mut signal = None;
    let ended = tracing::record(recording, &handle, || {
        signal = signals.try_recv().ok();
        signal.map(|_| "a signal ended it".to_owned())
    })?;
    let name = if is_stream {
        "stdout".to_owned()
    } else {
        scrub(options.output.as_os_str().as_encoded_bytes())
    };
    conclude(&ended, &name, is_stream)?;
    if let Some(signal) = signal {
        signals::end_by(signal);
    }
    Ok(())
}

/// Says what was traced, or why it ended too early.
fn conclude(ended: &Ended, name: &str, is_stream: bool) -> Result<()> {
    match &ended.fault {
        // Nobody reads any more, as after `| head`.
        Some(fault) if is_stream && fault.kind() == ErrorKind::BrokenPipe => return Ok(()),
        Some(fault) => bail!(
            "cannot write to {name}: {fault}; it can be opened and has what came before: {}",
            ended.totals
        ),
        None => {}
    }
    if ended.totals.ended == tracing::SCHEDULER_ENDED {
        bail!(Refusal::new(
            Status::NotRunning,
            format!(
                "{name} has {}: {}; attach dualq again, then trace again",
                ended.totals, ended.totals.ended
            ),
        ));
    }
    complain(&format!(
        "{name} has {}; https://ui.perfetto.dev opens it",
        ended.totals
    ));
    Ok(())
}
