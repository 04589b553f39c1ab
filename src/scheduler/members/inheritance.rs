//! Members that go on in the next scheduler: copied before it is attached, and once more when the
//! one that they come from can no longer change them.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use libbpf_rs::{MapCore, MapFlags};
use procfs::process::Process;

use super::{Members, ROUNDS};
use crate::model::ProcessId;
use crate::refusal::{Refusal, Status};
use crate::scheduler::entry::{self, Entry};

impl Members {
    /// Makes of these what another scheduler's map says now. Births and ends are noticed in both: who is
    /// born to a member of both is a member of both.
    ///
    /// # Errors
    /// A [`Refusal`] where there are more than fit; else where a map cannot be read or written.
    pub(in crate::scheduler) fn follow(&self, before: &Self) -> Result<()> {
        // Until a look finds no difference: the children of those that only one had are the other's to learn.
        for _ in 0..ROUNDS {
            // In this order: a birth is noticed there before it is here, so that who is missing there is gone.
            let here: HashMap<_, _> = self.raw_entries()?.collect();
            let there: HashMap<_, _> = before.raw_entries()?.collect();
            self.refuse_more_than_fit(there.len())?;
            let mut any = false;
            for key in here.keys().filter(|key| !there.contains_key(*key)) {
                // An error says that it has ended meanwhile.
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
                    "the running scheduler has {many} members and --max-members allows {}: allow more, or remove some",
                    self.capacity()
                ),
            ));
        }
        Ok(())
    }

    /// Not one that has ended.
    fn take(&self, key: &[u8], value: &[u8]) -> Result<bool> {
        self.map
            .update(key, value, MapFlags::ANY)
            .context("cannot write priority_pids_map")?;
        let lives = |pid: u32| {
            let stat = Process::new(pid.cast_signed()).ok()?.stat().ok()?;
            // Its first thread may have ended before the others.
            let ended = matches!(stat.state, 'Z' | 'X') && stat.num_threads < 2;
            let start_ticks = stat.starttime;
            Some(!ended && Entry::of(pid, value).is_of(ProcessId { pid, start_ticks }))
        };
        let lives = entry::pid(key).and_then(lives) == Some(true);
        if !lives {
            // It ended before there was anything to notice it.
            let _ = self.map.delete(key);
        }
        Ok(lives)
    }
}
