//! A member, as the value of `priority_pids_map` that the BPF program writes.

use crate::kernel::layout;
use crate::kernel::skeletons::dualq::types::member;
use crate::model::{DEFAULT_LEVEL, Membership, ProcessId};

/// The flag of a membership with children.
pub const WITH_CHILDREN: u32 = 1;
/// The flag of an inherited membership.
pub const THROUGH_PARENT: u32 = 2;
/// The flag of a membership by a rule. The BPF program keeps the flag as it is given, and does not use it.
pub const BY_RULE: u32 = 4;
/// In a change: it says which level. Otherwise a member keeps the level that it has.
const LEVEL_GIVEN: u32 = 8;
/// The place of the level in the flags, where zeros stand for the default.
const LEVEL_SHIFT: u32 = 8;

/// Returns the flags of a change to this level; none if no level is given.
pub fn level_flags(level: Option<u8>) -> u32 {
    level.map_or(0, |level| {
        LEVEL_GIVEN | u32::from(level ^ DEFAULT_LEVEL) << LEVEL_SHIFT
    })
}

/// Nanoseconds in a tick of `/proc/PID/stat` (USER_HZ is 100 everywhere).
const NS_PER_TICK: u64 = 10_000_000;

/// A member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// The process id.
    pub pid: u32,
    /// `None` for an entry that another tool wrote and that no task of the process has been seen
    /// with yet.
    pub start_ticks: Option<u64>,
    /// The kind of membership.
    pub membership: Membership,
    /// A rule has put it there, not a person.
    pub by_rule: bool,
    /// The level: of two members the one with the higher level goes first.
    pub level: u8,
    /// For one that came through a parent: the process that was chosen.
    pub chosen: Option<u32>,
}

impl Member {
    /// Reads the map's value for a process. One of another size, as another tool's, says nothing: a chosen member.
    #[must_use]
    pub fn of(pid: u32, value: &[u8]) -> Self {
        let member = layout::read(value).unwrap_or_default();
        let member {
            start_boottime,
            flags,
            chosen,
        } = member;
        let membership = match flags {
            flags if flags & THROUGH_PARENT != 0 => Membership::ThroughParent,
            flags if flags & WITH_CHILDREN != 0 => Membership::WithChildren,
            _ => Membership::Chosen,
        };
        let [_, level, ..] = flags.to_le_bytes();
        Self {
            pid,
            start_ticks: (start_boottime != 0).then_some(start_boottime / NS_PER_TICK),
            membership,
            by_rule: flags & BY_RULE != 0,
            level: level ^ DEFAULT_LEVEL,
            chosen: (membership == Membership::ThroughParent).then_some(chosen),
        }
    }

    /// Returns true if the entry is for this process and not for one that had its id before.
    #[must_use]
    pub fn is_of(&self, id: ProcessId) -> bool {
        self.pid == id.pid && self.start_ticks.is_none_or(|start| start == id.start_ticks)
    }
}

/// Marks the map's value as inherited from this process.
pub fn set_chosen(value: &mut [u8], pid: u32) {
    let Some(mut member) = layout::read::<member>(value) else {
        return;
    };
    member.chosen = pid;
    value.copy_from_slice(layout::bytes(&member));
}

/// Returns the map's key: a process id.
pub fn pid(key: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(*key.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: member) -> Member {
        Member::of(7, layout::bytes(&value))
    }

    #[test]
    fn the_heir_of_a_membership_knows_who_was_chosen() {
        let mut value = layout::bytes(&member {
            flags: THROUGH_PARENT,
            chosen: 3,
            ..member::default()
        })
        .to_vec();
        assert_eq!(Member::of(7, &value).chosen, Some(3));
        set_chosen(&mut value, 9);
        assert_eq!(Member::of(7, &value).chosen, Some(9));
    }

    #[test]
    fn an_entry_that_another_tool_wrote_has_the_default_level() {
        assert_eq!(read(member::default()).level, DEFAULT_LEVEL);
        for level in [0, 127, 128, 129, 255] {
            let member = read(member {
                flags: level_flags(Some(level)) | WITH_CHILDREN,
                ..member::default()
            });
            assert_eq!(
                (member.level, member.membership),
                (level, Membership::WithChildren)
            );
        }
    }

    #[test]
    fn an_entry_without_a_stamp_is_of_whoever_has_the_id() {
        let unstamped = read(member::default());
        assert_eq!(unstamped.start_ticks, None);
        let stamped = read(member {
            start_boottime: 12_345_678_901,
            ..member::default()
        });
        assert_eq!(stamped.start_ticks, Some(1234));
        let id = |start_ticks| ProcessId {
            pid: 7,
            start_ticks,
        };
        assert!(unstamped.is_of(id(99)) && stamped.is_of(id(1234)));
        assert!(!stamped.is_of(id(99)));
    }
}
