//! Traces the running scheduler: what its programs note, with what was changed meanwhile as marks.

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

use super::changes::Watch;
use super::handle::Handle;
use crate::model::Change;
use crate::trace::{Ended, Mark, Recording};

/// The end of a trace whose scheduler is no longer the active one.
pub const SCHEDULER_ENDED: &str = "the scheduler was detached, or another one replaced it";

/// Prepares a trace of this scheduler to a new file.
///
/// # Errors
/// If there are no free descriptors.
pub fn to_file(handle: &Handle, file: File, duration: Duration) -> Result<Recording> {
    Ok(Recording::to_file(
        handle.trace.try_clone()?,
        file,
        duration,
    ))
}

/// Prepares a trace of this scheduler to a stream.
///
/// # Errors
/// If there are no free descriptors.
pub fn to_stream(
    handle: &Handle,
    stream: Box<dyn Write + Send>,
    duration: Duration,
) -> Result<Recording> {
    let source = handle.trace.try_clone()?;
    Ok(Recording::to_stream(source, stream, duration))
}

/// Records until the time is over, the scheduler is no longer the active one, or `is_asked_to_end` says why it is to end.
///
/// # Errors
/// If the kernel refuses to trace.
pub fn record(
    recording: Recording,
    handle: &Handle,
    mut is_asked_to_end: impl FnMut() -> Option<String>,
) -> Result<Ended> {
    let mut watch = Watch::default();
    // What was changed before is no mark.
    let _ = watch.look();
    recording.run(|marks| {
        if let Some((changes, new)) = watch.look() {
            let new = changes.iter().rev().take(new).rev();
            marks.extend(new.filter_map(mark));
        }
        if let Some(why) = is_asked_to_end() {
            return ControlFlow::Break(why);
        }
        if !handle.is_active() {
            // The log has it only once all of it is over.
            marks.extend(monotonic().map(|now| Mark {
                monotonic: now,
                text: "dualq is no longer the active scheduler".to_owned(),
            }));
            return ControlFlow::Break(SCHEDULER_ENDED.to_owned());
        }
        ControlFlow::Continue(())
    })
}

/// The log has the time of day, in milliseconds; a trace has the time since the boot.
fn mark(change: &Change) -> Option<Mark> {
    let then = humantime::parse_rfc3339(&change.time).ok()?;
    let ago = SystemTime::now().duration_since(then).unwrap_or_default();
    Some(Mark {
        monotonic: monotonic()?.saturating_sub(u64::try_from(ago.as_nanos()).ok()?),
        text: change.to_string(),
    })
}

/// Returns `CLOCK_MONOTONIC` in nanoseconds.
fn monotonic() -> Option<u64> {
    let now = Duration::try_from(clock_gettime(ClockId::Monotonic)).ok()?;
    u64::try_from(now.as_nanos()).ok()
}
