//! Waiting for the members of a scheduler that another process answers for.

use std::os::fd::OwnedFd;

use anyhow::Result;

use super::handle::Handle;

/// Notices births and ends among the members of another process's scheduler, beside that process: its own
/// programs end with it, however it dies. So nobody is missed until the next scheduler has its own.
pub struct Heir {
    of: u32,
    _noticing: [OwnedFd; 2],
}

impl Heir {
    /// Attaching what is loaded takes no rights.
    ///
    /// # Errors
    /// Where the kernel refuses: then births are missed from the owner's end on.
    pub fn of(handle: &Handle) -> Result<Self> {
        Ok(Self {
            of: handle.id()?,
            _noticing: handle.notice()?,
        })
    }

    /// The heir of the one that is held now, if that is another one.
    #[must_use]
    pub fn follow(heir: Option<Self>, handle: Option<&Handle>) -> Option<Self> {
        let handle = handle?;
        match heir {
            Some(heir) if handle.id().is_ok_and(|id| id == heir.of) => Some(heir),
            // What cannot be attached now may be at the next look.
            _ => Self::of(handle).ok(),
        }
    }
}
