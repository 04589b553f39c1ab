//! A process that lives no longer than the one that started it.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

/// Has the kernel kill this process at its parent's end, whatever ends it; says whether that parent, the
/// process `parent`, still lives.
///
/// # Errors
/// Where the kernel refuses.
pub fn ends_with(parent: u32) -> Result<bool> {
    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot be bound to the parent")?;
    // It may have died before the line above.
    let now = getppid().map(Pid::as_raw_nonzero);
    Ok(now.is_some_and(|pid| pid.get().cast_unsigned() == parent))
}
