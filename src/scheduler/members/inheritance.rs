//! Members that go on in the next scheduler: copied before it is attached, and once more when the
//! one that they come from can no longer change them.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use libbpf_rs::{MapCore, MapFlags};
use procfs::process::Process;

use super::{ADD, Members, ROUNDS, Terms};
use crate::model::{Membership, ProcessId};
use crate::refusal::{Refusal, Status};
use crate::scheduler::entry::{self, Entry, THROUGH_PARENT, WITH_CHILDREN};
use crate::scheduler::family;

/// The members of one scheduler, for the next: entries as the map has them, stamps and flags included.
pub struct Inheritance {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Since when no program has added who is born to them, in the ticks of [`ProcessId`]; none
    /// where one still does.
    pub(in crate::scheduler) unnoticed_since: Option<u64>,
}

impl Members {
    /// All of them, for a scheduler that follows this one.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub fn inheritance(&self) -> Result<Inheritance> {
        Ok(Inheritance {
            entries: self.raw_entries()?.collect(),
            unnoticed_since: None,
        })
    }

    /// Takes over those that still live. The programs that notice births and ends have to run already.
    ///
    /// # Errors
    /// A [`Refusal`] where there are more than fit.
    pub(in crate::scheduler) fn inherit(&self, inheritance: &Inheritance) -> Result<()> {
        self.refuse_more_than_fit(inheritance.entries.len())?;
        for (key, value) in &inheritance.entries {
            self.take(key, value)?;
        }
        inheritance
            .unnoticed_since
            .map_or(Ok(()), |since| self.adopt(since))
    }

    /// Makes of what was inherited from a scheduler what its map says now. Its programs still run: who
    /// is born to a member of both is a member of both.
    ///
    /// # Errors
    /// As [`Self::inherit`].
    pub(in crate::scheduler) fn follow(&self, left_behind: &Self) -> Result<()> {
        // Until a look finds no difference: the children of those that only one had are the other's to learn.
        for _ in 0..ROUNDS {
            // In this order: its programs see a birth before ours, so that who is missing there is gone.
            let here: HashMap<_, _> = self.raw_entries()?.collect();
            let there: HashMap<_, _> = left_behind.raw_entries()?.collect();
            if here == there {
                break;
            }
            self.refuse_more_than_fit(there.len())?;
            for key in here.keys().filter(|key| !there.contains_key(*key)) {
                // An error says that it has ended meanwhile.
                let _ = self.map.delete(key);
            }
            for (key, value) in there {
                if here.get(&key) != Some(&value) {
                    self.take(&key, &value)?;
                }
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

    fn take(&self, key: &[u8], value: &[u8]) -> Result<()> {
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
        if entry::pid(key).and_then(lives) != Some(true) {
            // It ended before there was anything to notice it.
            let _ = self.map.delete(key);
        }
        Ok(())
    }

    /// Adds those born since then to members whose children come too. Whose parent has ended is not
    /// found; who was taken out before is not taken for one of them.
    fn adopt(&self, since: u64) -> Result<()> {
        let mut members: HashMap<u32, Entry> = self
            .entries()?
            .into_iter()
            .map(|entry| (entry.pid, entry))
            .collect();
        // Until a look finds no more: one may be born to a child that is not a member yet.
        for _ in 0..ROUNDS {
            let before = members.len();
            for (parent, id) in family::everybody() {
                let through = members
                    .get(&parent)
                    .filter(|parent| parent.membership != Membership::Chosen)
                    .map(|parent| parent.chosen.unwrap_or(parent.pid));
                let (Some(chosen), false) = (through, members.contains_key(&id.pid)) else {
                    continue;
                };
                let terms = Terms {
                    start_ticks: Some(id.start_ticks),
                    flags: WITH_CHILDREN | THROUGH_PARENT,
                    chosen,
                };
                // One that cannot be added stays in BATCH, as at its birth.
                if id.start_ticks >= since && self.run(&self.change, ADD, id.pid, terms)? == 0 {
                    let membership = Membership::ThroughParent;
                    let entry = Entry {
                        pid: id.pid,
                        start_ticks: Some(id.start_ticks),
                        membership,
                        chosen: Some(chosen),
                    };
                    members.insert(id.pid, entry);
                }
            }
            if members.len() == before {
                break;
            }
        }
        Ok(())
    }
}
