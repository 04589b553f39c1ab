use std::fs::{File, OpenOptions};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

/// Held while a scheduler is being started, so that two starts at once do not clean up each
/// other's pins. The kernel lets go of it when the process ends, however it ends.
pub struct StartLock {
    _file: File,
}

impl StartLock {
    /// Waits for its turn.
    ///
    /// # Errors
    /// Where the lock's file cannot be made: `/run` is root's.
    pub fn take() -> Result<Self> {
        let path = "/run/dualq-top.lock";
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .with_context(|| format!("cannot open {path}"))?;
        flock(&file, FlockOperation::LockExclusive)
            .with_context(|| format!("cannot lock {path}"))?;
        Ok(Self { _file: file })
    }
}
