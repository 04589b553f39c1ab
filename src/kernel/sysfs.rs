//! Reads the state of sched_ext from `/sys/kernel/sched_ext`, which every user can read.

use std::{
    fs,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::model::ActiveScheduler;
use crate::sys::text::scrub;

const DIR: &str = "/sys/kernel/sched_ext";

/// The kernel's name for our scheduler (`root/ops`).
pub const NAME: &str = "dualq";

/// Time limit for attaching or detaching, which takes 0.2 s on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns true if this kernel has sched_ext.
#[must_use]
pub fn has_sched_ext() -> bool {
    // The folder alone may be a cover that a container has laid over it.
    Path::new(DIR).join("state").is_file()
}

/// Returns the state: enabling, enabled, disabling or disabled. Empty if it cannot be read.
#[must_use]
pub fn state() -> String {
    read("state")
}

/// Returns the active scheduler. Ours is recognised by its name and, in [`crate::scheduler::Handle`], by its pins.
#[must_use]
pub fn active_scheduler() -> ActiveScheduler {
    if !has_sched_ext() {
        return ActiveScheduler::Unsupported;
    }
    match state().as_str() {
        "disabled" | "" => ActiveScheduler::KernelDefault,
        "enabled" => match read("root/ops") {
            name if name == NAME => ActiveScheduler::Dualq,
            // It ended a moment ago, and the file with its name is gone.
            name if name.is_empty() => ActiveScheduler::Transition,
            name => ActiveScheduler::Other(name),
        },
        _ => ActiveScheduler::Transition,
    }
}

fn read(name: &str) -> String {
    fs::read(Path::new(DIR).join(name))
        .map(|bytes| scrub(bytes.trim_ascii()))
        .unwrap_or_default()
}

/// # Errors
/// If it still runs dualq after ten seconds.
pub fn wait_until_detached() -> Result<()> {
    let runs = || {
        matches!(
            active_scheduler(),
            ActiveScheduler::Dualq | ActiveScheduler::Transition
        )
    };
    wait_until(|| !runs());
    if runs() {
        bail!(
            "cannot detach the scheduler: the kernel has not ended it after ten seconds; try `sudo dualq-top detach` again"
        );
    }
    Ok(())
}

/// Polls `state`, because the kernel offers no event to wait for.
pub fn wait_until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() && begun.elapsed() < PATIENCE {
        sleep(Duration::from_millis(2));
    }
}
