//! The levels of members.

use anyhow::{Context, Result, bail};

use super::{ENOENT, LEVEL, Members, OTHER_PROCESS, Terms};
use crate::model::ProcessId;
use crate::refusal::{Refusal, Status};
use crate::scheduler::member;

impl Members {
    /// Changes the level of a member, and of the members that inherited from it. Children to come inherit it.
    ///
    /// # Errors
    /// A [`Refusal`] if the process is not a member, or has ended.
    pub fn set_level(&self, id: ProcessId, level: u8) -> Result<()> {
        let ProcessId { pid, start_ticks } = id;
        match self.change_level(pid, Some(start_ticks), level)? {
            0 => self.spread_level(pid, level),
            ENOENT => bail!(Refusal::new(
                Status::BadArgument,
                format!("{pid} is in BATCH, and only members have a level: add it first"),
            )),
            OTHER_PROCESS => bail!(Refusal::new(
                Status::NoSuchProcess,
                format!("no process {pid}: it has ended, and nothing was changed"),
            )),
            error => Err(std::io::Error::from_raw_os_error(-error))
                .context("cannot change priority_pids_map"),
        }
    }

    /// Gives the members that inherited from a process its level. Those that end meanwhile are left out.
    pub(super) fn spread_level(&self, pid: u32, level: u8) -> Result<()> {
        for member in self.entries()? {
            if member.chosen == Some(pid) && member.level != level {
                self.change_level(member.pid, None, level)?;
            }
        }
        Ok(())
    }

    fn change_level(&self, pid: u32, start_ticks: Option<u64>, level: u8) -> Result<i32> {
        let terms = Terms {
            start_ticks,
            flags: member::level_flags(Some(level)),
            chosen: 0,
        };
        let result = super::run(&self.change, LEVEL, pid, terms)?;
        if result == 0 {
            self.reclassify(LEVEL, pid)?;
        }
        Ok(result)
    }
}
