//! Putting processes in PRIORITY: all that are asked for together, or none.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, bail};
use libbpf_rs::{MapCore, MapFlags};

use super::{
    ADD, E2BIG, EEXIST, ESRCH, KERNEL_THREAD, Members, NOT_A_LEADER, OTHER_PROCESS, OWN_PROCESS,
    ROUNDS, Terms,
};
use crate::model::{Membership, ProcessId};
use crate::refusal::{Refusal, Status};
use crate::scheduler::entry::{self, Entry, THROUGH_PARENT, WITH_CHILDREN};
use crate::scheduler::family;
use crate::text;

/// What has been added so far of what is asked for together.
#[derive(Default)]
struct Added {
    chosen: HashSet<u32>,
    /// Children that lived already.
    children: HashSet<u32>,
}

impl Members {
    /// Puts a process in PRIORITY. Twice is no error.
    ///
    /// # Errors
    /// A [`Refusal`] where there is no such process, where the id is a thread's or a kernel
    /// thread's, and where the map is full. Nothing has changed then.
    pub fn add(&self, pid: u32, start_ticks: Option<u64>) -> Result<()> {
        self.choose(pid, start_ticks, 0)
    }

    /// The same with its children, and theirs: those that live, and those of the future.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_with_children(&self, pid: u32, start_ticks: Option<u64>) -> Result<()> {
        self.all_or_none(|added| self.choose_with_children(pid, start_ticks, added))
    }

    /// Several together, with their `children` or without.
    ///
    /// # Errors
    /// As [`Self::add`], of the first that is refused; the others are what they were then too.
    pub fn add_all(&self, ids: &[ProcessId], children: bool) -> Result<()> {
        self.all_or_none(|added| {
            ids.iter().try_for_each(|id| {
                let start_ticks = Some(id.start_ticks);
                if children {
                    return self.choose_with_children(id.pid, start_ticks, added);
                }
                added.chosen.insert(id.pid);
                self.choose(id.pid, start_ticks, 0)
            })
        })
    }

    fn all_or_none(&self, add: impl FnOnce(&mut Added) -> Result<()>) -> Result<()> {
        let before = self.raw_entries()?;
        let before = before
            .filter_map(|(key, value)| Some((entry::pid(&key)?, value)))
            .collect();
        let mut added = Added::default();
        add(&mut added).inspect_err(|_| {
            let _ = self.put_back(&added, &before);
        })?;
        added.chosen.iter().try_for_each(|pid| self.claim(*pid))
    }

    /// Who came through one above this member comes through this one now, if its children come too: they
    /// stay when the other leaves.
    fn claim(&self, pid: u32) -> Result<()> {
        if self
            .entry(pid)?
            .is_none_or(|entry| entry.membership != Membership::WithChildren)
        {
            return Ok(());
        }
        // Until a look finds no more: one may be born to a child that is not claimed yet.
        for _ in 0..ROUNDS {
            let mut through_others: Vec<_> = self
                .raw_entries()?
                .filter_map(|(key, value)| {
                    let entry = Entry::of(entry::pid(&key)?, &value);
                    let other = entry.chosen.filter(|other| *other != pid)?;
                    Some((entry.pid, other, key, value))
                })
                .collect();
            if through_others.is_empty() {
                break;
            }
            let family: HashSet<u32> = family::descendants([pid]).iter().map(|id| id.pid).collect();
            through_others
                .retain(|(child, other, ..)| family.contains(child) && !family.contains(other));
            let mut any = false;
            for (_, _, key, mut value) in through_others {
                entry::set_chosen(&mut value, pid);
                // An error says that it has ended meanwhile.
                any |= self.map.update(&key, &value, MapFlags::EXIST).is_ok();
            }
            if !any {
                break;
            }
        }
        Ok(())
    }

    /// Makes every membership again what it was.
    fn put_back(&self, added: &Added, before: &HashMap<u32, Vec<u8>>) -> Result<()> {
        // First the chosen: from now on the kernel adds none who are born to them.
        for pid in &added.chosen {
            match before.get(pid) {
                // In one step, so that it never leaves PRIORITY; and not if it has ended meanwhile.
                Some(value) => {
                    let _ = self.map.update(&pid.to_ne_bytes(), value, MapFlags::EXIST);
                }
                None => self.remove_alone(*pid)?,
            }
        }
        // Of those whose children came before too, what is born meanwhile stays.
        let came_before = |chosen: &u32| {
            let before = before.get(chosen);
            before.is_some_and(|value| Entry::of(*chosen, value).membership != Membership::Chosen)
        };
        for _ in 0..ROUNDS {
            let born: HashSet<u32> = family::descendants(added.children.iter().copied())
                .iter()
                .map(|id| id.pid)
                .collect();
            let mut any = false;
            for entry in self.entries()? {
                let Some(chosen) = entry.chosen.filter(|pid| added.chosen.contains(pid)) else {
                    continue;
                };
                let ours = added.children.contains(&entry.pid) || born.contains(&entry.pid);
                if !before.contains_key(&entry.pid) && (ours || !came_before(&chosen)) {
                    self.remove_alone(entry.pid)?;
                    any = true;
                }
            }
            if !any {
                break;
            }
        }
        Ok(())
    }

    fn choose_with_children(
        &self,
        pid: u32,
        start_ticks: Option<u64>,
        added: &mut Added,
    ) -> Result<()> {
        // First the parent: from now on the kernel adds who is born.
        added.chosen.insert(pid);
        self.choose(pid, start_ticks, WITH_CHILDREN)?;
        self.add_living_children(pid, &mut added.children)
    }

    /// Until a look finds no more: one may be born to a child that is not a member yet.
    fn add_living_children(&self, parent: u32, added: &mut HashSet<u32>) -> Result<()> {
        let mut known = HashSet::from([parent]);
        for _ in 0..ROUNDS {
            let found: Vec<ProcessId> = family::descendants([parent])
                .into_iter()
                .filter(|id| known.insert(id.pid))
                .collect();
            if found.is_empty() {
                break;
            }
            for id in found {
                let terms = Terms {
                    start_ticks: Some(id.start_ticks),
                    flags: WITH_CHILDREN | THROUGH_PARENT,
                    chosen: parent,
                };
                match self.run(&self.change, ADD, id.pid, terms)? {
                    0 => {
                        added.insert(id.pid);
                        self.reclassify(ADD, id.pid)?;
                    }
                    E2BIG => return Err(self.full()),
                    // A member by itself, ended meanwhile, or one that cannot be a member.
                    EEXIST | ESRCH | OTHER_PROCESS | OWN_PROCESS | KERNEL_THREAD | NOT_A_LEADER => {
                    }
                    error => {
                        return Err(std::io::Error::from_raw_os_error(-error))
                            .context("cannot add to priority_pids_map");
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts a process in PRIORITY with these flags, and its living children if they ask for them.
    pub(super) fn choose_by_rule(&self, id: ProcessId, flags: u32) -> Result<()> {
        self.choose(id.pid, Some(id.start_ticks), flags)?;
        if flags & WITH_CHILDREN != 0 {
            self.add_living_children(id.pid, &mut HashSet::new())?;
        }
        Ok(())
    }

    fn choose(&self, pid: u32, start_ticks: Option<u64>, flags: u32) -> Result<()> {
        let terms = Terms {
            start_ticks,
            flags,
            chosen: 0,
        };
        match self.run(&self.change, ADD, pid, terms)? {
            0 => {}
            NOT_A_LEADER => bail!(Refusal::new(
                Status::BadArgument,
                format!("{pid} is a thread, not a process: name its process"),
            )),
            KERNEL_THREAD => bail!(Refusal::new(
                Status::BadArgument,
                format!("{pid} is a kernel thread: those are always served and cannot be moved"),
            )),
            OWN_PROCESS => bail!(Refusal::new(
                Status::BadArgument,
                format!("{pid} is part of dualq-top and always served first: it cannot be moved"),
            )),
            OTHER_PROCESS | ESRCH => bail!(Refusal::new(
                Status::NoSuchProcess,
                format!("there is no process {pid} any more: nothing was changed"),
            )),
            E2BIG => return Err(self.full()),
            error => {
                return Err(std::io::Error::from_raw_os_error(-error))
                    .context("cannot add to priority_pids_map");
            }
        }
        self.reclassify(ADD, pid)
    }

    fn full(&self) -> anyhow::Error {
        let capacity = text::thousands(self.map.max_entries());
        let sentence = format!("PRIORITY is full ({capacity}): remove a process first");
        Refusal::new(Status::BadArgument, sentence).into()
    }
}
