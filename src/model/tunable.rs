//! The tunables: the one list of the values of the policy that change while the scheduler runs. The options, `set`,
//! what is printed, and the argument of the BPF program follow from it.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A value of the policy. The order is that of `struct tuning` in src/bpf/tune.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tunable {
    /// [`Tunables::guarantee_percent`].
    BatchGuarantee,
    /// [`Tunables::priority_slice`].
    PrioritySlice,
    /// [`Tunables::batch_slice`].
    BatchSlice,
    /// [`Tunables::sleeper_credit_percent`].
    SleeperCredit,
    /// [`Tunables::protection`].
    Protection,
}

impl Tunable {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::BatchGuarantee,
        Self::PrioritySlice,
        Self::BatchSlice,
        Self::SleeperCredit,
        Self::Protection,
    ];

    /// Returns the name of its option and in `set`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BatchGuarantee => "batch-guarantee",
            Self::PrioritySlice => "priority-slice",
            Self::BatchSlice => "batch-slice",
            Self::SleeperCredit => "sleeper-credit",
            Self::Protection => "protection",
        }
    }

    /// Returns the name in the charts' marks.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::BatchGuarantee => "guarantee",
            Self::PrioritySlice => "PRIORITY slice",
            Self::BatchSlice => "BATCH slice",
            Self::SleeperCredit => "sleeper credit",
            Self::Protection => "protection",
        }
    }

    /// Returns the values that may be set, in its unit.
    #[must_use]
    pub fn range(self) -> RangeInclusive<u16> {
        match self {
            Self::BatchGuarantee | Self::SleeperCredit => 0..=50,
            Self::PrioritySlice | Self::BatchSlice => 1..=100,
            Self::Protection => 0..=10_000,
        }
    }

    /// Returns the unit of its option.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::BatchGuarantee | Self::SleeperCredit => "%",
            Self::PrioritySlice | Self::BatchSlice => "ms",
            Self::Protection => "µs",
        }
    }

    /// Returns the size of its unit for the BPF program, which counts percent and nanoseconds.
    #[must_use]
    pub fn scale(self) -> u32 {
        match self {
            Self::BatchGuarantee | Self::SleeperCredit => 1,
            Self::PrioritySlice | Self::BatchSlice => 1_000_000,
            Self::Protection => 1000,
        }
    }
}

/// The values of all tunables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tunables {
    /// The share of CPU time that BATCH keeps on a contended CPU, 0 to 50 percent.
    pub guarantee_percent: u8,
    /// Longest slice of a PRIORITY task, 1 to 100 ms; rounded up to whole ticks once it is set.
    pub priority_slice: Duration,
    /// Longest slice of a BATCH task, 1 to 100 ms; rounded up to whole ticks once it is set.
    pub batch_slice: Duration,
    /// The part of BATCH's time that is forgiven to sleepers, 0 to 50 percent.
    pub sleeper_credit_percent: u8,
    /// The time for which a BATCH task that sleeps now and then is not preempted by BATCH, 0 to 10,000 µs.
    pub protection: Duration,
}

impl Default for Tunables {
    fn default() -> Self {
        Self {
            guarantee_percent: 10,
            priority_slice: Duration::from_millis(20),
            batch_slice: Duration::from_millis(4),
            sleeper_credit_percent: 33,
            protection: Duration::from_micros(700),
        }
    }
}

impl Tunables {
    /// Creates them from the values as the BPF program has them, in percent and nanoseconds.
    #[must_use]
    pub fn of_kernel(values: [u64; Tunable::ALL.len()]) -> Self {
        let percent = |value| u8::try_from(value).unwrap_or(0);
        let [guarantee, priority_slice, batch_slice, credit, protection] = values;
        Self {
            guarantee_percent: percent(guarantee),
            priority_slice: Duration::from_nanos(priority_slice),
            batch_slice: Duration::from_nanos(batch_slice),
            sleeper_credit_percent: percent(credit),
            protection: Duration::from_nanos(protection),
        }
    }

    /// Returns a value as the BPF program has it, in percent or nanoseconds.
    #[must_use]
    pub fn in_kernel(&self, tunable: Tunable) -> u64 {
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        match tunable {
            Tunable::BatchGuarantee => self.guarantee_percent.into(),
            Tunable::PrioritySlice => ns(self.priority_slice),
            Tunable::BatchSlice => ns(self.batch_slice),
            Tunable::SleeperCredit => self.sleeper_credit_percent.into(),
            Tunable::Protection => ns(self.protection),
        }
    }

    /// Returns a value in its unit.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn get(&self, tunable: Tunable) -> f64 {
        self.in_kernel(tunable) as f64 / f64::from(tunable.scale())
    }

    /// Names the first value that differs, as it is now: `guarantee 20 %`. `None` if none does.
    #[must_use]
    pub fn change_from(&self, before: &Self) -> Option<String> {
        let now = |tunable: Tunable| {
            let (label, unit) = (tunable.label(), tunable.unit());
            format!("{label} {:.0} {unit}", self.get(tunable))
        };
        let differs = |tunable: &Tunable| self.in_kernel(*tunable) != before.in_kernel(*tunable);
        Tunable::ALL.into_iter().find(differs).map(now)
    }
}
