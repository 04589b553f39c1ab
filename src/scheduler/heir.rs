//! Waiting for the members of a scheduler whose owner lives.

use anyhow::Result;

use super::{handle::Handle, members::Inheritance, sysfs};
use crate::model::Ruler;

/// Waits for the members of a scheduler that another process answers for. It has to look now and
/// then: the programs that add who is born to a member end with that process, and nobody tells when.
pub struct Heir {
    /// When they were seen last, in the ticks of `ProcessId`.
    noticed_at: u64,
}

impl Heir {
    #[must_use]
    pub fn from_now() -> Self {
        Self {
            noticed_at: ticks_now(),
        }
    }

    /// Does its owner live?
    ///
    /// # Errors
    /// Where the owner's record cannot be read.
    pub fn look(&mut self, handle: &Handle) -> Result<bool> {
        let now = ticks_now();
        let owner = handle.owner()?;
        let lives = owner.is_some_and(|owner| owner.lives());
        // Where it was asked to stay they are pinned, and go with it.
        let stays = owner.is_some_and(|owner| owner.stays) && sysfs::ruler() == Ruler::Dualq;
        if lives || stays {
            self.noticed_at = now;
        }
        Ok(lives)
    }

    /// The members, with those born since the last look that found the programs at work.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub(super) fn inheritance(&self, handle: &Handle) -> Result<Inheritance> {
        let mut inheritance = handle.members.inheritance()?;
        inheritance.unnoticed_since = Some(self.noticed_at);
        Ok(inheritance)
    }
}

/// As `/proc/PID/stat` has the starts of processes.
fn ticks_now() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec.cast_unsigned() * 100 + now.tv_nsec.cast_unsigned() / 10_000_000
}
