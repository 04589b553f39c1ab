//! The order of the list, and the filters.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::search::Search;
use crate::model::{Details, Process, ProcessId, Queue};

/// A key to sort the list by; [`Self::meaning`] describes each.
#[allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    Pid,
    User,
    State,
    #[default]
    Cpu,
    Queue,
    Level,
    Threads,
    Time,
    Wait,
    Nice,
    Policy,
    Affinity,
    Unit,
    Name,
    Command,
}

impl SortKey {
    /// All keys, in the order of the menu.
    pub const ALL: [Self; 15] = [
        Self::Pid,
        Self::User,
        Self::State,
        Self::Cpu,
        Self::Queue,
        Self::Level,
        Self::Threads,
        Self::Time,
        Self::Wait,
        Self::Nice,
        Self::Policy,
        Self::Affinity,
        Self::Unit,
        Self::Name,
        Self::Command,
    ];

    /// Returns the line of the menu: the column's name and its meaning.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Pid => "PID      process id",
            Self::User => "USER     owner",
            Self::State => "S        state",
            Self::Cpu => "CPU%     share of one CPU",
            Self::Queue => "QUEUE    PRIORITY first",
            Self::Level => "LEVEL    in PRIORITY, the highest first",
            Self::Threads => "THR      threads",
            Self::Time => "TIME     CPU time since the start",
            Self::Wait => "WAIT p99 from wake-up to running",
            Self::Nice => "NI       nice value",
            Self::Policy => "POLICY   scheduling policy",
            Self::Affinity => "AFFINITY CPUs that it may use",
            Self::Unit => "UNIT     systemd unit or cgroup",
            Self::Name => "NAME     command name",
            Self::Command => "COMMAND  command line",
        }
    }

    /// The name of its column, and in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.meaning().split(' ').next().unwrap_or_default()
    }

    /// Whether its column is shown only if the settings name it, or while the list is sorted by it.
    #[must_use]
    pub fn is_optional(self) -> bool {
        matches!(
            self,
            Self::Level | Self::Nice | Self::Policy | Self::Affinity | Self::Unit
        )
    }

    /// Whether the largest comes first, unless inverted: so for amounts.
    fn largest_first(self) -> bool {
        matches!(
            self,
            Self::Cpu | Self::Level | Self::Threads | Self::Time | Self::Wait
        )
    }
}

/// The user's choice of the processes to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// The key that the list is sorted by.
    pub sort: SortKey,
    /// Whether the order is inverted.
    pub inverted: bool,
    /// Whether children stand below their parents.
    pub tree: bool,
    /// Only processes that match; all where the text is empty.
    pub filter: Search,
    /// Whether threads are listed as well.
    pub threads: bool,
    /// Whether kernel threads are left out.
    pub hide_kernel_threads: bool,
    /// Only this user's.
    pub user: Option<String>,
    /// Processes whose descendants are not shown in the tree.
    pub folded: HashSet<ProcessId>,
}

/// One row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRow {
    /// Index into the snapshot's processes.
    pub index: usize,
    /// Its place in the tree, where that is shown.
    pub branch: Option<Branch>,
}

/// The place of a row in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// The number of its ancestors in the tree.
    pub depth: u32,
    /// Bit n: the branch at depth n goes on below this row.
    pub open: u64,
    /// Whether it has children.
    pub children: bool,
    /// Whether its descendants are hidden.
    pub folded: bool,
}

fn detail(process: &Process) -> Option<&Details> {
    process.details.as_deref()
}

/// Returns the sort key of the nice value. What is unknown comes last, as with texts.
fn nice(process: &Process) -> (bool, Option<i8>) {
    let nice = detail(process).and_then(|details| details.nice);
    (nice.is_none(), nice)
}

/// Returns the sort key of a text that may be unknown.
fn text(process: &Process, of: fn(&Details) -> &Option<Arc<str>>) -> (bool, Option<&str>) {
    let text = detail(process).and_then(|details| of(details).as_deref());
    (text.is_none(), text)
}

/// Returns the sort key: served processes by queue, then those that no queue serves.
fn queue(process: &Process) -> (bool, Option<Queue>) {
    let served = process.policy.column().is_none();
    let queue = process.queue.filter(|_| served);
    (queue.is_none(), queue)
}

impl ListOptions {
    /// Whether processes are left out.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.filter.text.is_empty() || self.hide_kernel_threads || self.user.is_some()
    }

    /// Whether the order goes from large to small.
    #[must_use]
    pub fn descends(&self) -> bool {
        self.sort.largest_first() != self.inverted
    }

    fn shows(&self, process: &Process) -> bool {
        (self.threads || process.thread_of.is_none())
            && !(self.hide_kernel_threads && process.kernel_thread)
            && self
                .user
                .as_ref()
                .is_none_or(|user| **user == *process.user)
            && (self.filter.text.is_empty() || self.filter.matches(process))
    }

    /// The rows, from the top.
    #[must_use]
    pub fn arrange(
        &self,
        processes: &[Process],
        percent: &[Option<f32>],
        waits: &[Option<u64>],
    ) -> Vec<ListRow> {
        let mut kept: Vec<usize> = (0..processes.len())
            .filter(|&index| processes.get(index).is_some_and(|p| self.shows(p)))
            .collect();
        // Equals keep their places from tick to tick: the order of ids, in which they are seen.
        if !kept.is_sorted_by_key(|&index| processes[index].id) {
            kept.sort_unstable_by_key(|&index| processes[index].id);
        }
        // Stable, and quick where most are equal: so are the CPU shares of sleeping processes.
        kept.sort_by(|&a, &b| {
            let order = match self.sort {
                SortKey::Cpu => {
                    let cpu = |index: usize| percent.get(index).copied().flatten().unwrap_or(-1.0);
                    cpu(a).total_cmp(&cpu(b))
                }
                SortKey::Wait => waits.get(a).cmp(&waits.get(b)),
                _ => self.compare(&processes[a], &processes[b]),
            };
            if self.descends() {
                order.reverse()
            } else {
                order
            }
        });
        if self.tree {
            return self.branches(&kept, processes);
        }
        let flat = |index| ListRow {
            index,
            branch: None,
        };
        kept.into_iter().map(flat).collect()
    }

    fn compare(&self, a: &Process, b: &Process) -> Ordering {
        match self.sort {
            SortKey::Pid => a.id.cmp(&b.id),
            SortKey::User => a.user.cmp(&b.user),
            SortKey::State => a.state.cmp(&b.state),
            // Measured, not seen in the process.
            SortKey::Cpu | SortKey::Wait => Ordering::Equal,
            // What no queue has after both.
            SortKey::Queue => queue(a).cmp(&queue(b)),
            SortKey::Level => a.level.cmp(&b.level),
            SortKey::Threads => a.threads.cmp(&b.threads),
            SortKey::Time => a.cpu_time.cmp(&b.cpu_time),
            SortKey::Nice => nice(a).cmp(&nice(b)),
            SortKey::Policy => a.policy.name().cmp(b.policy.name()),
            SortKey::Affinity => text(a, |d| &d.affinity).cmp(&text(b, |d| &d.affinity)),
            SortKey::Unit => text(a, |d| &d.unit).cmp(&text(b, |d| &d.unit)),
            SortKey::Name => a.name.cmp(&b.name),
            SortKey::Command => a.command.cmp(&b.command),
        }
    }

    /// Children below their parents; a process whose parent is not listed stands at the left.
    fn branches(&self, kept: &[usize], processes: &[Process]) -> Vec<ListRow> {
        let place: HashMap<u32, usize> = kept
            .iter()
            .enumerate()
            .map(|(place, &index)| (processes[index].id.pid, place))
            .collect();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); kept.len()];
        let mut roots = Vec::new();
        for (at, &index) in kept.iter().enumerate() {
            match place.get(&processes[index].parent) {
                Some(&parent) if parent != at => children[parent].push(at),
                _ => roots.push(at),
            }
        }
        let mut lines = Vec::with_capacity(kept.len());
        let mut seen = vec![false; kept.len()];
        // Parents are read one after the other, not at one moment: should they ever form a ring,
        // its first member is as good a root as any.
        for start in roots.into_iter().chain(0..kept.len()) {
            let mut ahead = vec![(start, 0_u32, 0_u64, true)];
            while let Some((at, depth, open, shown)) = ahead.pop() {
                if std::mem::replace(&mut seen[at], true) {
                    continue;
                }
                let folded = self.folded.contains(&processes[kept[at]].id);
                if shown {
                    lines.push(ListRow {
                        index: kept[at],
                        branch: Some(Branch {
                            depth,
                            open,
                            children: !children[at].is_empty(),
                            folded,
                        }),
                    });
                }
                for (rank, &child) in children[at].iter().rev().enumerate() {
                    let bit = 1_u64.checked_shl(depth + 1).unwrap_or(0);
                    let open = if rank == 0 { open & !bit } else { open | bit };
                    ahead.push((child, depth + 1, open, shown && !folded));
                }
            }
        }
        lines
    }
}
