//! A scheduler of ours that another process has attached: it is left alone while that one lives. One
//! that was asked to stay and whose owner has gone may be taken over, or ended.

use anyhow::{Result, bail};

use super::{handle::Handle, lock::StartLock, pins, preflight, sysfs};
use crate::model::Ruler;
use crate::refusal::{Refusal, Status};

/// Refuses beside a scheduler that somebody answers for. One of ours that was asked to stay and
/// whose owner has gone is returned: it may be taken over.
pub(super) fn beside_another() -> Result<Option<Handle>> {
    match sysfs::ruler() {
        Ruler::Dualq => {}
        Ruler::Other(name) => bail!(Refusal::new(
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
                "process {pid} has attached dualq already: `dualq-top list` and `stats` show it, `add` and `remove` change it"
            ),
        )),
    }
}

/// Ends a scheduler that was asked to stay and whose owner has gone.
///
/// # Errors
/// A [`Refusal`] where none runs or its owner lives; else where the pin cannot be removed, or the
/// kernel has not detached after ten seconds.
pub fn detach_unowned() -> Result<()> {
    // No other takes it over between the look at its owner and the end.
    let _turn = StartLock::take()?;
    let handle = Handle::open()?;
    // Inside one, whether the owner lives is not to be seen.
    preflight::in_first_pid_namespace()?;
    if let Some(pid) = handle.living_owner()? {
        bail!(Refusal::new(
            Status::NotPermitted,
            format!(
                "process {pid} owns the scheduler: end that process (`kill {pid}`), or press x in its dashboard"
            ),
        ));
    }
    drop(handle);
    detach_pinned()
}

/// The pinned link is what keeps a scheduler that was asked to stay.
pub(super) fn detach_pinned() -> Result<()> {
    pins::remove_link()?;
    // Asynchronous: the kernel ends the link when its last reference has gone.
    sysfs::wait_until_detached()?;
    pins::remove_all();
    Ok(())
}
