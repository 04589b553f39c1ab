//! What the kernel says about sched_ext under `/sys/kernel/sched_ext`; readable by any user.

use std::{
    fs,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::model::Ruler;
use crate::text::scrub;

const DIR: &str = "/sys/kernel/sched_ext";

/// The name by which the kernel knows our scheduler (`root/ops`).
pub const NAME: &str = "dualq";

/// What the kernel takes 0.2 s for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does this kernel have sched_ext at all?
#[must_use]
pub fn has_sched_ext() -> bool {
    Path::new(DIR).is_dir()
}

/// `state`: enabling, enabled, disabling or disabled. Empty where it cannot be read.
#[must_use]
pub fn state() -> String {
    read("state")
}

/// Who decides which task runs. Ours is told by name and, by [`crate::scheduler::Handle`], by its pins.
#[must_use]
pub fn ruler() -> Ruler {
    if !has_sched_ext() {
        return Ruler::Unsupported;
    }
    match state().as_str() {
        "disabled" | "" => Ruler::KernelDefault,
        "enabled" => match read("root/ops") {
            name if name == NAME => Ruler::Dualq,
            // Enabled a moment ago, gone now: the name's file goes with it.
            name if name.is_empty() => Ruler::Transition,
            name => Ruler::Other(name),
        },
        _ => Ruler::Transition,
    }
}

fn read(name: &str) -> String {
    fs::read(Path::new(DIR).join(name))
        .map(|bytes| scrub(bytes.trim_ascii()))
        .unwrap_or_default()
}

/// # Errors
/// Where it still runs ours after ten seconds.
pub fn wait_until_detached() -> Result<()> {
    let rules = || matches!(ruler(), Ruler::Dualq | Ruler::Transition);
    wait_until(|| !rules());
    if rules() {
        bail!("the kernel has not detached the scheduler yet");
    }
    Ok(())
}

/// The kernel offers nothing to wait on: `state` is polled.
pub fn wait_until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() && begun.elapsed() < PATIENCE {
        sleep(Duration::from_millis(2));
    }
}
