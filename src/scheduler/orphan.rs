//! Orphans. A dualq scheduler of another process is left alone while its owner lives. One that was started with
//! `--stay` and whose owner has gone can be taken over or ended.

use anyhow::{Result, bail};
use tracing::debug;

use super::{handle::Handle, lock::StartLock, pins, preflight, sysfs};
use crate::model::ActiveScheduler;
use crate::refusal::{Refusal, Status};

/// Refuses if the active scheduler has an owner. Returns an orphan, which can be taken over.
pub(super) fn beside_another() -> Result<Option<Handle>> {
    match sysfs::active_scheduler() {
        ActiveScheduler::Dualq => {}
        ActiveScheduler::Other(name) => bail!(Refusal::new(
            Status::AnotherSchedulerRuns,
            format!("another scheduler runs ({name}): stop it first; dualq-top never evicts one"),
        )),
        _ => return Ok(None),
    }
    let handle = Handle::open()?;
    match handle.living_owner()? {
        None => Ok(Some(handle)),
        Some(pid) => bail!(Refusal::new(
            Status::AnotherSchedulerRuns,
            format!(
                "dualq is already attached by process {pid}: use `dualq-top list`, `stats`, `add` and `remove`"
            ),
        )),
    }
}

/// Ends an orphan.
///
/// # Errors
/// A [`Refusal`] if none runs or its owner lives; an error if the pin cannot be removed, or if the kernel has not
/// detached after ten seconds.
pub fn detach_orphan() -> Result<()> {
    // Under the lock, so that no other instance takes it over meanwhile.
    let _turn = StartLock::take()?;
    let handle = Handle::open()?;
    // Inside a pid namespace the owner cannot be seen.
    preflight::in_first_pid_namespace()?;
    if let Some(pid) = handle.living_owner()? {
        bail!(Refusal::new(
            Status::NotPermitted,
            format!(
                "cannot detach: process {pid} owns the scheduler; end it (`kill {pid}`), or press x in its dashboard"
            ),
        ));
    }
    drop(handle);
    detach_pinned()
}

/// Removes the pinned link, which keeps an orphan attached.
pub(super) fn detach_pinned() -> Result<()> {
    pins::remove_link()?;
    // Asynchronous: the kernel ends the link with its last reference.
    sysfs::wait_until_detached()?;
    debug!("ended an orphan");
    pins::remove_all();
    Ok(())
}
