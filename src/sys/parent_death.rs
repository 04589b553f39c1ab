//! Ends a process together with the process that started it.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

/// Asks the kernel to kill this process when its parent ends. Returns true if `parent` is still the parent,
/// and so still alive.
///
/// # Errors
/// If the kernel refuses.
pub fn ends_with(parent: u32) -> Result<bool> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .context("cannot follow the parent's end")?;
    // The parent may have ended before the line above.
    let now = getppid().map(Pid::as_raw_nonzero);
    Ok(now.is_some_and(|pid| pid.get().cast_unsigned() == parent))
}
