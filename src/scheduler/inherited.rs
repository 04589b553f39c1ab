//! Children that became members through a parent: the kernel adds them as they are born, and the owner of the scheduler
//! notes them among the changes.
//!
//! The first child of a chosen process is noted when it is seen. Later ones are noted together, once a minute: a build
//! starts thousands, and the log keeps a hundred changes. Those that end between two looks are not seen.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::changes;
use super::member::Member;
use super::members::Members;
use crate::model::{Cause, Change, ProcessId, Queue};

/// Between two entries for children of the same process.
const INTERVAL: Duration = Duration::from_secs(60);

/// Notes children that have become members since the last look.
pub struct Inherited {
    /// The members at the last look, each by its id and start time.
    known: HashSet<(u32, Option<u64>)>,
    /// By the id of the process that was chosen.
    last_entries: HashMap<u32, LastEntry>,
}

/// The last entry for children of one process.
struct LastEntry {
    at: Instant,
    /// Children that were seen since, and not noted yet.
    others: u32,
}

impl Inherited {
    /// Begins with the present members, which are not noted.
    #[must_use]
    pub fn since_now(members: &Members) -> Self {
        Self::since(&members.entries().unwrap_or_default())
    }

    fn since(entries: &[Member]) -> Self {
        Self {
            known: entries.iter().map(id).collect(),
            last_entries: HashMap::new(),
        }
    }

    /// Looks at the members, and notes what is new. Errors are ignored: the next look sees the same.
    pub fn look(&mut self, members: &Members) {
        let Ok(entries) = members.entries() else {
            return;
        };
        let changes: Vec<Change> = self
            .see(&entries, Instant::now())
            .into_iter()
            .map(|(entry, through, others)| change(&entry, through, others))
            .collect();
        if !changes.is_empty() {
            changes::note(&changes);
        }
    }

    /// Returns the children to be noted: the chosen process of each, and how many others came with it.
    fn see(&mut self, entries: &[Member], now: Instant) -> Vec<(Member, u32, u32)> {
        let mut noted = Vec::new();
        // Another level, or another chosen process, makes no new member.
        for entry in entries
            .iter()
            .filter(|entry| !self.known.contains(&id(entry)))
        {
            let Some(chosen) = entry.chosen else { continue };
            match self.last_entries.get_mut(&chosen) {
                Some(last) if now - last.at < INTERVAL => last.others += 1,
                last => {
                    noted.push((*entry, chosen, last.map_or(0, |last| last.others)));
                    let last = LastEntry { at: now, others: 0 };
                    self.last_entries.insert(chosen, last);
                }
            }
        }
        let chosen: HashSet<u32> = entries.iter().filter_map(|entry| entry.chosen).collect();
        self.last_entries.retain(|pid, _| chosen.contains(pid));
        self.known = entries.iter().map(id).collect();
        noted
    }
}

fn id(member: &Member) -> (u32, Option<u64>) {
    (member.pid, member.start_ticks)
}

fn change(entry: &Member, through: u32, others: u32) -> Change {
    let id = ProcessId {
        pid: entry.pid,
        start_ticks: entry.start_ticks.unwrap_or(0),
    };
    Change {
        level: Some(entry.level),
        through: Some(through),
        others,
        ..changes::moved(id, Queue::Priority, true, Cause::Parent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DEFAULT_LEVEL, Membership};

    fn child(pid: u32, chosen: Option<u32>) -> Member {
        Member {
            pid,
            start_ticks: Some(7),
            membership: match chosen {
                Some(_) => Membership::ThroughParent,
                None => Membership::WithChildren,
            },
            by_rule: false,
            level: DEFAULT_LEVEL,
            chosen,
        }
    }

    #[test]
    fn children_are_noted_first_alone_and_then_once_a_minute() {
        let begun = Instant::now();
        let mut inherited = Inherited::since(&[child(1, None), child(10, Some(1))]);
        let mut see = |pids: &[u32], seconds| {
            let parent = child(1, None);
            let children = pids.iter().map(|pid| child(*pid, Some(1)));
            let entries: Vec<Member> = std::iter::once(parent).chain(children).collect();
            let noted = inherited.see(&entries, begun + Duration::from_secs(seconds));
            let noted = noted.into_iter().map(|(entry, through, others)| {
                assert_eq!(through, 1);
                (entry.pid, others)
            });
            noted.collect::<Vec<_>>()
        };
        assert_eq!(see(&[10, 11], 1), [(11, 0)]);
        assert_eq!(see(&[10, 11, 12, 13], 2), []);
        assert_eq!(see(&[14], 70), [(14, 2)]);
        assert_eq!(see(&[14, 15], 71), []);
    }

    #[test]
    fn a_child_on_another_level_is_no_new_one() {
        let mut inherited = Inherited::since(&[child(10, Some(1))]);
        let now = Instant::now();
        let moved = Member {
            level: 200,
            ..child(10, Some(1))
        };
        assert!(inherited.see(&[moved], now).is_empty());
    }
}
