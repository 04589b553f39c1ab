//! The members: `priority_pids_map`, and the BPF programs that change it.
//! It may import: `kernel`, `model`, `refusal`, `scheduler`, `sys`.
//! It must never know: who asks for a move: a key, a command or a rule.
//!
//! A change runs in the kernel: it stamps the entry with the process's start time, and then moves tasks that are
//! queued or running already. A direct write to the map could do neither.

mod addition;
mod by_rule;
mod inheritance;
mod levels;

pub use by_rule::Placement;

use std::collections::HashSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result, bail};
use libbpf_rs::{MapCore, MapFlags, MapHandle};
use tracing::trace;

use super::member::{self, Member};
use super::process_tree;
use super::program;
use crate::kernel::layout;
use crate::kernel::skeletons::dualq::types::change;
use crate::model::{Membership, ProcessId};

// `enum change_kind`, and the results besides 0 and -errno: src/bpf/membership.h.
const ADD: u32 = 0;
const REMOVE: u32 = 1;
const OWN: u32 = 2;
const LEVEL: u32 = 3;
const NOT_A_LEADER: i32 = 1;
const KERNEL_THREAD: i32 = 2;
const OTHER_PROCESS: i32 = 3;
const OWN_PROCESS: i32 = 4;

const ESRCH: i32 = -3;
const ENOENT: i32 = -2;
const E2BIG: i32 = -7;
const EEXIST: i32 = -17;

/// Maximum number of passes over the children for those that were created meanwhile.
const ROUNDS: usize = 50;

/// Reads and changes the members of a loaded scheduler, attached or not.
pub struct Members {
    map: MapHandle,
    change: OwnedFd,
    reclassify: OwnedFd,
}

/// The change of a process.
#[derive(Debug, Clone, Copy, Default)]
struct Terms {
    start_ticks: Option<u64>,
    flags: u32,
    chosen: u32,
}

impl Members {
    /// Creates it from the map and the two programs that change it.
    #[must_use]
    pub fn new(map: MapHandle, change: OwnedFd, reclassify: OwnedFd) -> Self {
        Self {
            map,
            change,
            reclassify,
        }
    }

    /// Removes a process from PRIORITY, with the members that inherited from it. A process that is not a member is no
    /// error.
    ///
    /// # Errors
    /// If the kernel refuses the system call.
    pub fn remove(&self, pid: u32) -> Result<()> {
        let member = self.member(pid)?;
        self.remove_alone(pid)?;
        if member.is_none_or(|member| member.membership == Membership::Chosen) {
            return Ok(());
        }
        // Children of a removed process no longer become members, so this loop ends.
        for _ in 0..ROUNDS {
            let descendants: HashSet<u32> = process_tree::descendants([pid])
                .iter()
                .map(|id| id.pid)
                .collect();
            // Members that inherited from a process chosen further down stay with it.
            let leaves = |chosen: u32, other: u32| {
                chosen == pid || (descendants.contains(&other) && !descendants.contains(&chosen))
            };
            let entries = self.entries()?.into_iter();
            let through =
                entries.filter(|other| other.chosen.is_some_and(|by| leaves(by, other.pid)));
            let mut any = false;
            for other in through {
                self.remove_alone(other.pid)?;
                any = true;
            }
            if !any {
                break;
            }
        }
        Ok(())
    }

    fn remove_alone(&self, pid: u32) -> Result<()> {
        match run(&self.change, REMOVE, pid, Terms::default())? {
            0 => self.reclassify(REMOVE, pid),
            ENOENT => Ok(()),
            error => Err(std::io::Error::from_raw_os_error(-error))
                .context("cannot remove from priority_pids_map"),
        }
    }

    /// Registers this process, or another instance of the program, to be served first.
    ///
    /// # Errors
    /// If the kernel refuses the system call.
    pub fn add_own(&self, pid: u32) -> Result<()> {
        match run(&self.change, OWN, pid, Terms::default())? {
            0 => Ok(()),
            error => bail!("cannot register process {pid} as the program's own (error {error})"),
        }
    }

    /// Returns the members, by process id.
    ///
    /// # Errors
    /// If the map cannot be read.
    pub fn entries(&self) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        for (key, value) in self.raw_entries()? {
            members.extend(member::pid(&key).map(|pid| Member::of(pid, &value)));
        }
        members.sort_unstable();
        Ok(members)
    }

    fn member(&self, pid: u32) -> Result<Option<Member>> {
        let value = self
            .map
            .lookup(&pid.to_ne_bytes(), MapFlags::ANY)
            .context("cannot read priority_pids_map")?;
        Ok(value.map(|value| Member::of(pid, &value)))
    }

    /// Reads all entries in one call, with room for the map's capacity. The kernel ends a batch early at a bucket that
    /// does not fit (__htab_map_lookup_and_delete_batch in kernel/bpf/hashtab.c), and libbpf-rs takes any batch that
    /// is not full for the last one.
    fn raw_entries(&self) -> Result<impl Iterator<Item = (Vec<u8>, Vec<u8>)> + '_> {
        self.map
            .lookup_batch(self.capacity(), MapFlags::ANY, MapFlags::ANY)
            .context("cannot read priority_pids_map")
    }

    /// Returns true if the kernel's map has this process now.
    ///
    /// # Errors
    /// If the map cannot be read.
    pub fn contains(&self, id: ProcessId) -> Result<bool> {
        Ok(self.member(id.pid)?.is_some_and(|member| member.is_of(id)))
    }

    /// Returns the maximum number of members.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.map.max_entries()
    }

    /// Moves the tasks that are queued or running. Twice, because an enqueue during the first pass may have read the
    /// old class.
    fn reclassify(&self, kind: u32, pid: u32) -> Result<()> {
        for _ in 0..2 {
            run(&self.reclassify, kind, pid, Terms::default())?;
        }
        Ok(())
    }

    pub(super) fn map_handle(&self) -> Result<MapHandle> {
        Ok(MapHandle::try_from(&self.map)?)
    }

    /// Returns the two programs: the change, and the one that moves tasks after it.
    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.change.as_fd(), self.reclassify.as_fd()]
    }
}

/// Runs one of the two programs, and returns its result.
fn run(with: &OwnedFd, kind: u32, pid: u32, terms: Terms) -> Result<i32> {
    let mut change = change {
        tgid: pid,
        kind,
        start_ticks: terms.start_ticks.unwrap_or(0),
        flags: terms.flags,
        chosen: terms.chosen,
    };
    let result = program::run(with.as_fd(), layout::bytes_mut(&mut change))
        .context("cannot reach the scheduler's programs");
    trace!(pid, kind, ?result, "ran a change of members");
    result
}
