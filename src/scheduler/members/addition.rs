//! Moves processes to PRIORITY: all that are requested together, or none.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, bail};
use libbpf_rs::{MapCore, MapFlags};

use super::{
    ADD, E2BIG, EEXIST, ESRCH, KERNEL_THREAD, Members, NOT_A_LEADER, OTHER_PROCESS, OWN_PROCESS,
    ROUNDS, Terms,
};
use crate::model::{Membership, ProcessId};
use crate::refusal::{Refusal, Status};
use crate::scheduler::member::{self, Member, THROUGH_PARENT, WITH_CHILDREN};
use crate::scheduler::process_tree;
use crate::sys::text;

/// The processes of one request that have been added so far.
#[derive(Default)]
struct Added {
    chosen: HashSet<u32>,
    /// Existing children.
    children: HashSet<u32>,
}

impl Members {
    /// Moves a process to PRIORITY. Doing so twice is no error.
    ///
    /// # Errors
    /// A [`Refusal`] if there is no such process, if the id belongs to a thread or a kernel thread, or if the map is
    /// full. Nothing has changed then.
    pub fn add(&self, pid: u32, start_ticks: Option<u64>) -> Result<()> {
        self.choose(pid, start_ticks, 0)
    }

    /// Moves a process to PRIORITY with all its descendants, present and future.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_with_children(&self, pid: u32, start_ticks: Option<u64>) -> Result<()> {
        self.all_or_none(|added| self.choose_with_children(pid, start_ticks, None, added))
    }

    /// Moves several processes together, with or without their `children`, to this level; without one, members keep the
    /// level that they have.
    ///
    /// # Errors
    /// As [`Self::add`], for the first one that is refused. The others are unchanged then.
    pub fn add_all(&self, ids: &[ProcessId], children: bool, level: Option<u8>) -> Result<()> {
        self.all_or_none(|added| {
            ids.iter().try_for_each(|id| {
                let start_ticks = Some(id.start_ticks);
                if children {
                    return self.choose_with_children(id.pid, start_ticks, level, added);
                }
                added.chosen.insert(id.pid);
                self.choose(id.pid, start_ticks, member::level_flags(level))
            })
        })
    }

    fn all_or_none(&self, add: impl FnOnce(&mut Added) -> Result<()>) -> Result<()> {
        let before = self.raw_entries()?;
        let before = before
            .filter_map(|(key, value)| Some((member::pid(&key)?, value)))
            .collect();
        let mut added = Added::default();
        add(&mut added).inspect_err(|_| {
            let _ = self.put_back(&added, &before);
        })?;
        added.chosen.iter().try_for_each(|pid| self.claim(*pid))
    }

    /// Assigns members that inherited from a process above to this one, if its children are members too. They stay when
    /// the process above leaves.
    fn claim(&self, pid: u32) -> Result<()> {
        if self
            .member(pid)?
            .is_none_or(|member| member.membership != Membership::WithChildren)
        {
            return Ok(());
        }
        // Until a pass finds no more: a child that is not assigned yet may have new children.
        for _ in 0..ROUNDS {
            let mut through_others: Vec<_> = self
                .raw_entries()?
                .filter_map(|(key, value)| {
                    let member = Member::of(member::pid(&key)?, &value);
                    let other = member.chosen.filter(|other| *other != pid)?;
                    Some((member.pid, other, key, value))
                })
                .collect();
            if through_others.is_empty() {
                break;
            }
            let descendants: HashSet<u32> = process_tree::descendants([pid])
                .iter()
                .map(|id| id.pid)
                .collect();
            through_others.retain(|(child, other, ..)| {
                descendants.contains(child) && !descendants.contains(other)
            });
            let mut any = false;
            for (_, _, key, mut value) in through_others {
                member::set_chosen(&mut value, pid);
                // An error means that it has ended meanwhile.
                any |= self.map.update(&key, &value, MapFlags::EXIST).is_ok();
            }
            if !any {
                break;
            }
        }
        Ok(())
    }

    /// Restores every membership.
    fn put_back(&self, added: &Added, before: &HashMap<u32, Vec<u8>>) -> Result<()> {
        // The chosen ones first, so that the kernel adds no new children.
        for pid in &added.chosen {
            match before.get(pid) {
                // In one step, so that it never leaves PRIORITY, and only if it still lives.
                Some(value) => {
                    let _ = self.map.update(&pid.to_ne_bytes(), value, MapFlags::EXIST);
                }
                None => self.remove_alone(*pid)?,
            }
        }
        // Children that are created meanwhile stay if their parent's children were members before.
        let came_before = |chosen: &u32| {
            let before = before.get(chosen);
            before.is_some_and(|value| Member::of(*chosen, value).membership != Membership::Chosen)
        };
        for _ in 0..ROUNDS {
            let born: HashSet<u32> = process_tree::descendants(added.children.iter().copied())
                .iter()
                .map(|id| id.pid)
                .collect();
            let mut any = false;
            for member in self.entries()? {
                let Some(chosen) = member.chosen.filter(|pid| added.chosen.contains(pid)) else {
                    continue;
                };
                let ours = added.children.contains(&member.pid) || born.contains(&member.pid);
                if !before.contains_key(&member.pid) && (ours || !came_before(&chosen)) {
                    self.remove_alone(member.pid)?;
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
        level: Option<u8>,
        added: &mut Added,
    ) -> Result<()> {
        // The parent first, so that the kernel adds new children.
        added.chosen.insert(pid);
        self.choose(pid, start_ticks, WITH_CHILDREN | member::level_flags(level))?;
        self.add_living_children(pid, &mut added.children)
    }

    /// Adds the children until a pass finds no more: a child that is not a member yet may have new children.
    fn add_living_children(&self, parent: u32, added: &mut HashSet<u32>) -> Result<()> {
        let mut known = HashSet::from([parent]);
        let level = self.member(parent)?.map(|member| member.level);
        for _ in 0..ROUNDS {
            let found: Vec<ProcessId> = process_tree::descendants([parent])
                .into_iter()
                .filter(|id| known.insert(id.pid))
                .collect();
            if found.is_empty() {
                break;
            }
            for id in found {
                let terms = Terms {
                    start_ticks: Some(id.start_ticks),
                    flags: WITH_CHILDREN | THROUGH_PARENT | member::level_flags(level),
                    chosen: parent,
                };
                match super::run(&self.change, ADD, id.pid, terms)? {
                    0 => {
                        added.insert(id.pid);
                        self.reclassify(ADD, id.pid)?;
                    }
                    E2BIG => return Err(self.full()),
                    // A chosen member, a process that has ended, or one that cannot be a member.
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
        match super::run(&self.change, ADD, pid, terms)? {
            0 => {}
            NOT_A_LEADER => bail!(Refusal::new(
                Status::BadArgument,
                format!("{pid} is a thread: use its process, which moves with all its threads"),
            )),
            KERNEL_THREAD => bail!(Refusal::new(
                Status::BadArgument,
                format!("{pid} is a kernel thread, which cannot be moved: it always gets CPU time"),
            )),
            OWN_PROCESS => bail!(Refusal::new(
                Status::BadArgument,
                format!(
                    "{pid} is part of dualq-top, which cannot be moved: it is always served first"
                ),
            )),
            OTHER_PROCESS | ESRCH => bail!(Refusal::new(
                Status::NoSuchProcess,
                format!("no process {pid}: it has ended, and nothing was changed"),
            )),
            E2BIG => return Err(self.full()),
            error => {
                return Err(std::io::Error::from_raw_os_error(-error))
                    .context("cannot add to priority_pids_map");
            }
        }
        self.reclassify(ADD, pid)?;
        match self.member(pid)? {
            // Its level may be new.
            Some(member) if member.membership != Membership::Chosen => {
                self.spread_level(pid, member.level)
            }
            _ => Ok(()),
        }
    }

    fn full(&self) -> anyhow::Error {
        let capacity = text::thousands(self.map.max_entries());
        let sentence = format!("PRIORITY is full ({capacity}): remove a process first");
        Refusal::new(Status::BadArgument, sentence).into()
    }
}
