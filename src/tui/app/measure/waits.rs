//! The waits of the last seconds, from cumulative ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{
    ActiveScheduler, ENOUGH_FOR_P50, ENOUGH_FOR_P99, Histogram, KindWaits, NoWaits, Snapshot, Waits,
};

/// The window of the panel: long enough for a p99, short enough to see a change.
pub const WINDOW: Duration = Duration::from_secs(10);

/// Readings of the last seconds. They are cleared at each change of the machine or of the active scheduler, so
/// that readings from before and after a change do not mix.
#[derive(Debug, Default)]
pub struct Window {
    readings: VecDeque<(Duration, Arc<Waits>)>,
    active: ActiveScheduler,
}

/// The waits of one window.
#[derive(Debug, Clone, Default)]
pub struct WaitSummary {
    /// The length of the window.
    pub over: Duration,
    /// The waits in the window; the maxima are since the last change.
    pub waits: Waits,
    /// `None` where the kernel does not count what the instrument takes.
    pub cost: Option<Cost>,
}

/// The cost of measuring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// CPU time per event, in nanoseconds.
    pub ns_per_event: u64,
    /// Of the time of all CPUs.
    pub percent: f32,
}

impl Window {
    /// Takes in one more snapshot.
    ///
    /// # Errors
    /// With the reason why there are no waits.
    pub fn measure(&mut self, now: &Snapshot) -> Result<WaitSummary, NoWaits> {
        let waits = match &now.waits {
            Ok(waits) => waits,
            Err(why) => {
                self.readings.clear();
                return Err(why.clone());
            }
        };
        let same = self.active == now.scheduler.active
            && self
                .readings
                .back()
                .is_some_and(|(_, before)| before.event == waits.event);
        if !same {
            self.readings.clear();
            self.active = now.scheduler.active.clone();
        }
        self.readings.push_back((now.at, waits.clone()));
        // One reading that is old enough stays, as where the window begins.
        while let Some((next, _)) = self.readings.get(1)
            && now.at.saturating_sub(*next) >= WINDOW
        {
            self.readings.pop_front();
        }
        let Some((begin, first)) = self.readings.front() else {
            return Ok(WaitSummary::default());
        };
        let over = now.at.saturating_sub(*begin);
        let waits = waits.since(first);
        let cpus = now.cpus.iter().filter(|cpu| cpu.online).count();
        Ok(WaitSummary {
            over,
            cost: cost(&waits, over, cpus),
            waits,
        })
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn cost(waits: &Waits, over: Duration, cpus: usize) -> Option<Cost> {
    let cost = waits.cost.filter(|cost| cost.events > 0)?;
    let all = over.as_nanos() as f64 * cpus.max(1) as f64;
    Some(Cost {
        ns_per_event: cost.ns / cost.events,
        percent: (100.0 * cost.ns as f64 / all) as f32,
    })
}

/// Percentiles of one kind of wait, in nanoseconds, as far as there are enough waits for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentiles {
    /// Number of waits.
    pub count: u64,
    /// The median; `None` if there are too few waits.
    pub p50: Option<u64>,
    /// The 99th percentile; `None` if there are too few waits.
    pub p99: Option<u64>,
    /// The longest wait since the last change; `None` if there was none.
    pub max: Option<u64>,
}

impl Percentiles {
    /// Computes the percentiles of one kind of wait.
    #[must_use]
    pub fn of(waits: &KindWaits) -> Self {
        let count = waits.histogram.total();
        let max = (waits.max_ns > 0).then_some(waits.max_ns);
        // The middle of a bucket may lie beyond the longest wait in it.
        let known = |ns: u64| max.map_or(ns, |max| ns.min(max));
        Self {
            count,
            p50: waits
                .histogram
                .percentile(50)
                .filter(|_| count >= ENOUGH_FOR_P50)
                .map(known),
            p99: p99(&waits.histogram).map(known),
            max,
        }
    }
}

/// The p99 of wake-up waits in nanoseconds, where there are enough of them.
#[must_use]
pub fn p99(waits: &Histogram) -> Option<u64> {
    waits
        .percentile(99)
        .filter(|_| waits.total() >= ENOUGH_FOR_P99)
}
