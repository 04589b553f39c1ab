//! Threads that sleep, wake up at a given time, work and sleep again. A probe does no work, a frame task
//! works for some milliseconds sixty times per second, and a hog never sleeps.

use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::span::{Span, ready};
use crate::bench::worker_report::WorkerReport;
use crate::workload::clock::{now, sleep_until};
use crate::workload::spin::work;

/// Kept of all threads together: more tells no more, and takes memory that disturbs.
const MOST_SAMPLES: u64 = 200_000;
pub(super) const STACK: usize = 64 * 1024;

/// The work of such threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periodic {
    /// The number of threads.
    pub threads: u32,
    /// Mean time from one wake-up to the next, each half to one and a half of it: one that is exact falls in step with
    /// the kernel's tick. 0: never asleep.
    pub period_ns: u64,
    /// Work at each wake-up, or of each unit that is counted.
    pub spins: u64,
    /// Duration of the measurement, to reserve memory.
    pub span_ns: u64,
    /// The same seed gives the same wake-up times.
    pub seed: u64,
}

impl Periodic {
    pub(super) fn run(self) -> Result<WorkerReport> {
        let gate = Arc::new((Barrier::new(self.threads as usize + 1), OnceLock::new()));
        let mut threads = Vec::new();
        for number in 0..self.threads {
            let gate = Arc::clone(&gate);
            let body = move || {
                let mut samples = Samples::new(self);
                gate.0.wait();
                gate.0.wait();
                let span = *gate.1.get()?;
                Some(if self.period_ns == 0 {
                    self.without_pause(span)
                } else {
                    self.at_intervals(span, number, &mut samples);
                    samples.record
                })
            };
            let thread = thread::Builder::new().stack_size(STACK).spawn(body);
            threads.push(thread.context("no further thread can be started")?);
        }
        gate.0.wait();
        let span = ready()?;
        let _ = gate.1.set(span);
        gate.0.wait();
        let mut sum = WorkerReport::default();
        for thread in threads {
            let record = thread.join().map_err(|_| anyhow!("a thread failed"))?;
            sum.add(record.context("a thread has not begun")?);
        }
        Ok(sum)
    }

    fn without_pause(self, span: Span) -> WorkerReport {
        let mut record = WorkerReport::default();
        loop {
            work(self.spins);
            let now = now();
            if now >= span.end {
                return record;
            }
            if now >= span.begin {
                record.units += 1;
            }
        }
    }

    fn at_intervals(self, span: Span, number: u32, samples: &mut Samples) {
        let mut random = Random::new(self.seed.wrapping_mul(1_000_003) + u64::from(number));
        let period = |random: &mut Random| {
            Duration::from_nanos(self.period_ns / 2 + random.below(self.period_ns.max(1)))
        };
        let mut due = span.begin + period(&mut random);
        while due < span.end {
            sleep_until(due);
            let woken = now();
            work(self.spins);
            let done = now();
            samples.keep(woken.saturating_sub(due), done.saturating_sub(due));
            // What its own lateness has made impossible is left out, as frames are on a screen.
            while due <= done {
                due += period(&mut random);
            }
        }
    }
}

/// Written to memory that is there already: a page fault would be part of a wake-up.
struct Samples {
    record: WorkerReport,
    /// Every so many of them are kept.
    stride: u64,
    room: usize,
}

impl Samples {
    #[allow(clippy::cast_possible_truncation)]
    fn new(job: Periodic) -> Self {
        let mut record = WorkerReport::default();
        // Periods are half to one and a half of the mean, and may all be short.
        let expected = 2 * job.span_ns / job.period_ns.max(1) + 16;
        let expected = if job.period_ns == 0 { 0 } else { expected };
        let most = (MOST_SAMPLES / u64::from(job.threads.max(1))).max(1);
        let room = expected.min(most) as usize;
        for values in [&mut record.wakes, &mut record.dones] {
            values.resize(room, 1);
            values.clear();
        }
        Self {
            record,
            stride: expected.div_ceil(most).max(1),
            room,
        }
    }

    fn keep(&mut self, wake: Duration, done: Duration) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if self.record.units.is_multiple_of(self.stride) && self.record.wakes.len() < self.room {
            self.record.wakes.push(nanos(wake));
            self.record.dones.push(nanos(done));
        }
        self.record.units += 1;
    }
}

/// Returns pseudo-random numbers, the same for the same seed (splitmix64).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wake_up_times_are_spread_and_the_same_for_the_same_seed() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [0; 1000].map(|_| random.below(1000))
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let mean = draw(3).iter().sum::<u64>() / 1000;
        assert!((450..550).contains(&mean), "{mean}");
    }

    #[test]
    fn crowd_keeps_bounded_samples_over_the_whole_span() {
        let job = Periodic {
            threads: 1000,
            period_ns: 1_000_000,
            spins: 0,
            span_ns: 5_000_000_000,
            seed: 1,
        };
        let mut samples = Samples::new(job);
        for _ in 0..5000 {
            samples.keep(Duration::from_nanos(5), Duration::from_nanos(6));
        }
        assert_eq!(samples.record.units, 5000);
        let kept = samples.record.wakes.len();
        assert!((80..=200).contains(&kept), "{kept}");
    }

    #[test]
    fn one_probe_keeps_every_sample() {
        let job = Periodic {
            threads: 1,
            period_ns: 2_000_000,
            spins: 0,
            span_ns: 5_000_000_000,
            seed: 1,
        };
        assert_eq!(Samples::new(job).stride, 1);
    }
}
