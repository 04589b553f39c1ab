//! Copies members to the next scheduler: before it is attached, and again when the previous one can no longer
//! change them.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use libbpf_rs::{MapCore, MapFlags};
use procfs::process::Process;

use super::{Members, ROUNDS};
use crate::model::ProcessId;
use crate::refusal::{Refusal, Status};
use crate::scheduler::member::{self, Member};

impl Members {
    /// Makes these members equal to another scheduler's. Both track the creation and end of processes, so a child of a
    /// member of both is a member of both.
    ///
    /// # Errors
    /// A [`Refusal`] if there are more than fit; an error if a map cannot be read or written.
    pub(in crate::scheduler) fn follow(&self, before: &Self) -> Result<()> {
        // Until a pass finds no difference: a member of one map may have had children meanwhile.
        for _ in 0..ROUNDS {
            // In this order: the other map learns of new children first, so a process that is missing there has ended.
            let here: HashMap<_, _> = self.raw_entries()?.collect();
            let there: HashMap<_, _> = before.raw_entries()?.collect();
            self.refuse_more_than_fit(there.len())?;
            let mut any = false;
            for key in here.keys().filter(|key| !there.contains_key(*key)) {
                // An error means that it has ended meanwhile.
                any |= self.map.delete(key).is_ok();
            }
            for (key, value) in there {
                if here.get(&key) != Some(&value) {
                    any |= self.take(&key, &value)?;
                }
            }
            if !any {
                break;
            }
        }
        Ok(())
    }

    fn refuse_more_than_fit(&self, many: usize) -> Result<()> {
        if many > self.capacity() as usize {
            bail!(Refusal::new(
                Status::BadArgument,
                format!(
                    "the running scheduler has {many} members, and --max-members allows {}: raise it, or remove some",
                    self.capacity()
                ),
            ));
        }
        Ok(())
    }

    /// Copies one member, unless it has ended.
    fn take(&self, key: &[u8], value: &[u8]) -> Result<bool> {
        self.map
            .update(key, value, MapFlags::ANY)
            .context("cannot write priority_pids_map")?;
        let lives = |pid: u32| {
            let stat = Process::new(pid.cast_signed()).ok()?.stat().ok()?;
            // The first thread may have ended before the others.
            let ended = matches!(stat.state, 'Z' | 'X') && stat.num_threads < 2;
            let start_ticks = stat.starttime;
            Some(!ended && Member::of(pid, value).is_of(ProcessId { pid, start_ticks }))
        };
        let lives = member::pid(key).and_then(lives) == Some(true);
        if !lives {
            // It ended before anything tracked it.
            let _ = self.map.delete(key);
        }
        Ok(lives)
    }
}
