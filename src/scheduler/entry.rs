//! An entry of `priority_pids_map`, as the BPF program writes it: `struct member` in src/bpf/members.h.

use crate::model::{DEFAULT_LEVEL, Membership, ProcessId};

/// The flag of a membership with children.
pub const WITH_CHILDREN: u32 = 1;
/// The flag of an inherited membership.
pub const THROUGH_PARENT: u32 = 2;
/// A rule has put it there. The kernel's side keeps this as it is given, and asks nothing of it.
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

/// The bytes of the process that the membership was inherited from, in the map's value.
const CHOSEN: std::ops::Range<usize> = 12..16;

/// Nanoseconds in a tick of `/proc/PID/stat` (USER_HZ is 100 everywhere).
const NS_PER_TICK: u64 = 10_000_000;

/// A member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
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

impl Entry {
    /// Returns the map's value for a process.
    pub fn of(pid: u32, value: &[u8]) -> Self {
        let word = |at: usize| {
            let bytes = value.get(at..).and_then(number::<4>);
            bytes.map_or(0, u32::from_ne_bytes)
        };
        let membership = match word(8) {
            flags if flags & THROUGH_PARENT != 0 => Membership::ThroughParent,
            flags if flags & WITH_CHILDREN != 0 => Membership::WithChildren,
            _ => Membership::Chosen,
        };
        let by_rule = word(8) & BY_RULE != 0;
        let [_, level, ..] = word(8).to_le_bytes();
        let start = number::<8>(value).map_or(0, u64::from_ne_bytes);
        Self {
            pid,
            start_ticks: (start != 0).then_some(start / NS_PER_TICK),
            membership,
            by_rule,
            level: level ^ DEFAULT_LEVEL,
            chosen: (membership == Membership::ThroughParent).then(|| word(CHOSEN.start)),
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
    if let Some(bytes) = value.get_mut(CHOSEN) {
        bytes.copy_from_slice(&pid.to_ne_bytes());
    }
}

/// Returns the map's key.
pub fn pid(key: &[u8]) -> Option<u32> {
    number(key).map(u32::from_ne_bytes)
}

fn number<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.get(..N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_another_tool_wrote_has_the_default_level() {
        assert_eq!(Entry::of(7, &[0; 16]).level, DEFAULT_LEVEL);
        for level in [0, 127, 128, 129, 255] {
            let mut value = [0; 16];
            let flags = level_flags(Some(level)) | WITH_CHILDREN;
            value[8..12].copy_from_slice(&flags.to_ne_bytes());
            let entry = Entry::of(7, &value);
            assert_eq!(
                (entry.level, entry.membership),
                (level, Membership::WithChildren)
            );
        }
    }

    #[test]
    fn an_entry_without_a_stamp_is_of_whoever_has_the_id() {
        let unstamped = Entry::of(7, &[0; 16]);
        assert_eq!(unstamped.start_ticks, None);
        let mut value = [0; 16];
        value[..8].copy_from_slice(&12_345_678_901u64.to_ne_bytes());
        let stamped = Entry::of(7, &value);
        assert_eq!(stamped.start_ticks, Some(1234));
        let id = |start_ticks| ProcessId {
            pid: 7,
            start_ticks,
        };
        assert!(unstamped.is_of(id(99)) && stamped.is_of(id(1234)));
        assert!(!stamped.is_of(id(99)));
    }
}
