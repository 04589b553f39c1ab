//! `detach`: ends a scheduler that was started with `--stay`.

use anyhow::Result;

use super::members::write;
use crate::scheduler::{Handle, detach_orphan, preflight};

pub fn run() -> Result<()> {
    // "Not running" is reported before missing capabilities.
    drop(Handle::open()?);
    preflight::rights()?;
    detach_orphan()?;
    write("kernel default\n").map(drop)
}
