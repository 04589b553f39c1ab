//! `detach`: ends a scheduler that was asked to outlive its owner.

use anyhow::Result;

use super::members::write;
use crate::scheduler::{Handle, detach_unowned, preflight};

pub fn run() -> Result<()> {
    // That none runs is said before what would be needed to end it.
    drop(Handle::open()?);
    preflight::rights()?;
    detach_unowned()?;
    write("kernel default\n").map(drop)
}
