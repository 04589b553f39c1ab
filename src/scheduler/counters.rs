//! Reads `queue_stats`: the counters of each CPU since the scheduler was loaded.

use anyhow::{Context, Result};
use libbpf_rs::{MapCore, MapFlags, MapHandle};

use crate::model::CpuCounters;

/// The entries of `queue_stats`, in the order of `enum stat` in src/bpf/state.h. The first four
/// (and their order) are an interface that other tools may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Counter {
    /// Tasks that became runnable in PRIORITY.
    PriorityEnq,
    /// Dispatches from PRIORITY.
    PriorityDis,
    /// Tasks that became runnable in BATCH.
    BatchEnq,
    /// Dispatches from BATCH.
    BatchDis,
    /// Members that ended.
    MemberExits,
    /// CPU time of PRIORITY, in nanoseconds.
    PriorityNs,
    /// CPU time of BATCH, in nanoseconds.
    BatchNs,
    /// Dispatches made only because of the guarantee.
    Rescues,
    /// Tasks that a waking task preempted.
    Preemptions,
    /// Queued tasks that were moved to PRIORITY.
    MovedToPriority,
    /// Queued tasks that were moved to BATCH.
    MovedToBatch,
    /// Tasks that became overdue.
    Overdue,
    /// Dispatches of the program's own tasks.
    OwnDis,
    /// CPU time of the program's own tasks, in nanoseconds.
    OwnNs,
    /// CPU time of kernel threads that bypass both queues, in nanoseconds.
    KernelNs,
    /// Children that did not become members because the map was full.
    ChildrenLeftOut,
}

impl Counter {
    /// All counters, in order.
    pub const ALL: [Self; 16] = [
        Self::PriorityEnq,
        Self::PriorityDis,
        Self::BatchEnq,
        Self::BatchDis,
        Self::MemberExits,
        Self::PriorityNs,
        Self::BatchNs,
        Self::Rescues,
        Self::Preemptions,
        Self::MovedToPriority,
        Self::MovedToBatch,
        Self::Overdue,
        Self::OwnDis,
        Self::OwnNs,
        Self::KernelNs,
        Self::ChildrenLeftOut,
    ];

    /// Returns the key in `stats --json`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::PriorityEnq => "priority_enq",
            Self::PriorityDis => "priority_dis",
            Self::BatchEnq => "batch_enq",
            Self::BatchDis => "batch_dis",
            Self::MemberExits => "member_exits",
            Self::PriorityNs => "priority_ns",
            Self::BatchNs => "batch_ns",
            Self::Rescues => "rescues",
            Self::Preemptions => "preemptions",
            Self::MovedToPriority => "moved_to_priority",
            Self::MovedToBatch => "moved_to_batch",
            Self::Overdue => "overdue",
            Self::OwnDis => "own_dis",
            Self::OwnNs => "own_ns",
            Self::KernelNs => "kernel_ns",
            Self::ChildrenLeftOut => "children_left_out",
        }
    }
}

/// One reading of every counter of each possible CPU, including offline ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    cpus: Vec<[u64; Counter::ALL.len()]>,
}

impl Counters {
    /// # Errors
    /// If the map cannot be read or has another layout.
    pub fn read(map: &MapHandle) -> Result<Self> {
        let mut cpus = Vec::new();
        for counter in Counter::ALL {
            let values = map
                .lookup_percpu(&(counter as u32).to_ne_bytes(), MapFlags::ANY)
                .context("cannot read queue_stats")?
                .with_context(|| format!("queue_stats has no entry for {counter:?}"))?;
            cpus.resize(values.len(), [0; Counter::ALL.len()]);
            for (cpu, bytes) in cpus.iter_mut().zip(&values) {
                let bytes = bytes
                    .as_slice()
                    .try_into()
                    .context("queue_stats does not hold u64")?;
                cpu[counter as usize] = u64::from_ne_bytes(bytes);
            }
        }
        Ok(Self { cpus })
    }

    /// Returns made-up counters, each with another value.
    #[cfg(test)]
    pub(crate) fn example(cpus: u64) -> Self {
        let of = |cpu| std::array::from_fn(|counter| cpu * 1000 + counter as u64);
        Self {
            cpus: (1..=cpus).map(of).collect(),
        }
    }

    /// Returns the number of possible CPUs.
    #[must_use]
    pub fn possible_cpus(&self) -> usize {
        self.cpus.len()
    }

    /// Returns one CPU's value of one counter; 0 if the CPU does not exist.
    #[must_use]
    pub fn of(&self, cpu: usize, counter: Counter) -> u64 {
        self.cpus
            .get(cpu)
            .map_or(0, |values| values[counter as usize])
    }

    /// Returns the sum over all CPUs.
    #[must_use]
    pub fn total(&self, counter: Counter) -> u64 {
        self.cpus
            .iter()
            .map(|values| values[counter as usize])
            .sum()
    }

    /// Returns one CPU's counters for the dashboard.
    #[must_use]
    pub fn charted(&self, cpu: usize) -> CpuCounters {
        CpuCounters {
            priority_enq: self.of(cpu, Counter::PriorityEnq),
            priority_dis: self.of(cpu, Counter::PriorityDis),
            batch_enq: self.of(cpu, Counter::BatchEnq),
            batch_dis: self.of(cpu, Counter::BatchDis),
            priority_ns: self.of(cpu, Counter::PriorityNs),
            batch_ns: self.of(cpu, Counter::BatchNs),
            rescues: self.of(cpu, Counter::Rescues),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counter;

    #[test]
    fn every_counter_stands_at_its_place_in_the_map() {
        let source = include_str!("../bpf/state.h");
        let list = source.split("enum stat {").nth(1).unwrap();
        let names: Vec<String> = list
            .split("NR_STATS")
            .next()
            .unwrap()
            .split(',')
            .map(|name| name.trim().trim_start_matches("STAT_").to_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        let ours = Counter::ALL.map(Counter::key).to_vec();
        assert_eq!(ours, names);
        for (place, counter) in Counter::ALL.iter().enumerate() {
            assert_eq!(*counter as usize, place);
        }
    }
}
