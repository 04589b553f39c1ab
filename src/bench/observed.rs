//! The result of one run of a measurement: the processes' reports, and the kernel's counts.

use std::fs;
use std::time::Duration;

use super::worker_report::WorkerReport;

#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The time between the two readings of the kernel's counts.
    pub span: Duration,
    /// The span in which the processes counted their work.
    pub worked: Duration,
    pub favoured: WorkerReport,
    pub others: WorkerReport,
    pub before: KernelCounts,
    pub after: KernelCounts,
    /// The time from a move to the first dispatch from PRIORITY, in nanoseconds.
    pub toggles: Vec<u64>,
}

/// The counts of the kernel, and of our scheduler if it runs, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KernelCounts {
    pub switches: Option<u64>,
    /// Ticks of all CPUs: idle ones, and all.
    pub idle: Option<(u64, u64)>,
    /// Dispatches from PRIORITY and from BATCH.
    pub dispatches: Option<(u64, u64)>,
}

impl KernelCounts {
    /// From /proc/stat.
    #[must_use]
    pub fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    pub(crate) fn parse(text: &str) -> Self {
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let all: Vec<u64> = line("cpu ")
            .unwrap_or_default()
            .split_whitespace()
            .map_while(|number| number.parse().ok())
            // The time of guests is included in user time (proc(5)).
            .take(8)
            .collect();
        let sum = |ticks: &[u64]| ticks.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
        Self {
            switches: line("ctxt ").and_then(|number| number.trim().parse().ok()),
            // idle and iowait
            idle: (all.len() >= 5).then(|| (sum(&all[3..5]), sum(&all))),
            dispatches: None,
        }
    }
}

#[allow(clippy::cast_precision_loss)]
impl Observed {
    #[must_use]
    pub fn switches_per_second(&self) -> Option<f64> {
        let count = self.after.switches?.checked_sub(self.before.switches?)?;
        Some(count as f64 / self.span.as_secs_f64())
    }

    /// Of all CPUs.
    #[must_use]
    pub fn busy_percent(&self) -> Option<f64> {
        let (idle, all) = self.after.idle?;
        let (idle_before, all_before) = self.before.idle?;
        let all = all.checked_sub(all_before).filter(|all| *all > 0)?;
        let idle = idle.checked_sub(idle_before)?;
        Some(100.0 * (1.0 - idle as f64 / all as f64))
    }

    #[must_use]
    pub fn priority_dispatches_percent(&self) -> Option<f64> {
        let (priority, batch) = self.after.dispatches?;
        let (priority_before, batch_before) = self.before.dispatches?;
        let priority = priority.checked_sub(priority_before)?;
        let all = priority + batch.checked_sub(batch_before)?;
        (all > 0).then(|| 100.0 * priority as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_counts_are_read_and_their_differences_taken() {
        let before = KernelCounts::parse(
            "cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 1 2 3 4 5\nintr 9 8\nctxt 1000\n",
        );
        assert_eq!(before.idle, Some((850, 1000)));
        assert_eq!(before.switches, Some(1000));
        let after = KernelCounts::parse("cpu  160 0 90 880 70 0 0 0 9 0\nctxt 1600\n");
        let seen = Observed {
            span: Duration::from_secs(3),
            before,
            after,
            ..Observed::default()
        };
        assert_eq!(seen.switches_per_second(), Some(200.0));
        // 200 ticks, half of them without work.
        assert_eq!(seen.busy_percent(), Some(50.0));
        assert_eq!(seen.priority_dispatches_percent(), None);
    }

    #[test]
    fn dispatches_are_shared_between_the_queues() {
        let counts = |dispatches| KernelCounts {
            dispatches: Some(dispatches),
            ..KernelCounts::default()
        };
        let seen = Observed {
            before: counts((100, 1000)),
            after: counts((163, 1037)),
            ..Observed::default()
        };
        assert_eq!(seen.priority_dispatches_percent(), Some(63.0));
        let none = Observed {
            before: counts((1, 1)),
            after: counts((1, 1)),
            ..Observed::default()
        };
        assert_eq!(none.priority_dispatches_percent(), None);
    }

    #[test]
    fn a_stat_that_cannot_be_read_gives_no_figure() {
        assert_eq!(KernelCounts::parse(""), KernelCounts::default());
        assert_eq!(Observed::default().busy_percent(), None);
    }
}
