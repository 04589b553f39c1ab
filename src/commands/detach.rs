//! `detach`: ends a scheduler that was asked to outlive its owner.

use anyhow::{Result, bail};

use super::members::write;
use crate::refusal::{Refusal, Status};
use crate::scheduler::{Handle, detach_pinned, preflight};

pub fn run() -> Result<()> {
    let handle = Handle::open()?;
    preflight::rights()?;
    if let Some(pid) = handle.living_owner()? {
        bail!(Refusal::new(
            Status::NotPermitted,
            format!(
                "process {pid} owns the scheduler: end that process (`kill {pid}`), or press x in its dashboard"
            ),
        ));
    }
    drop(handle);
    detach_pinned()?;
    write("kernel default\n").map(drop)
}
