//! Tracks the members of a scheduler that another process owns, to take them over later.

use std::os::fd::OwnedFd;

use anyhow::Result;

use super::handle::Handle;

/// Tracks the creation and end of members of another process's scheduler. The owner's programs end with the
/// owner, however it dies; with these, no process is missed until the next scheduler has its own.
pub struct Standby {
    of: u32,
    _noticing: [OwnedFd; 2],
}

impl Standby {
    /// Attaches the programs. They are loaded already, so this needs no capability.
    ///
    /// # Errors
    /// If the kernel refuses. Then new processes are missed after the owner's end.
    pub fn of(handle: &Handle) -> Result<Self> {
        Ok(Self {
            of: handle.id()?,
            _noticing: handle.notice()?,
        })
    }

    /// Replaces the tracked scheduler if another one is held now.
    #[must_use]
    pub fn follow(standby: Option<Self>, handle: Option<&Handle>) -> Option<Self> {
        let handle = handle?;
        match standby {
            Some(standby) if handle.id().is_ok_and(|id| id == standby.of) => Some(standby),
            // If it cannot be attached now, the next check tries again.
            _ => Self::of(handle).ok(),
        }
    }
}
