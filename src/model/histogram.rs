//! A histogram of waits with eight buckets per octave. A percentile that is read from it is within an
//! eighth of an octave of the true one.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Buckets per octave.
const SUBS: u64 = 8;
/// Number of buckets: one for each nanosecond below 8 ns, then octaves up to 2^37 ns (137 s). Longer
/// waits are in the last one. The same as `BUCKETS` in src/bpf/waits.h.
pub const BUCKETS: usize = 280;
/// The largest count of one bucket. No machine counts more, and a sum over all buckets cannot overflow.
const MOST: u64 = 1 << 48;

/// Returns the shortest wait of the bucket, in nanoseconds.
#[must_use]
pub fn lower_bound(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUBS {
        return bucket;
    }
    (SUBS + bucket % SUBS) << (bucket / SUBS - 1)
}

/// Returns the bucket of a wait of `ns` nanoseconds, as `bucket_of` in src/bpf/waits.h.
#[must_use]
#[allow(clippy::cast_possible_truncation)]
pub fn bucket_of(ns: u64) -> usize {
    if ns < SUBS {
        return ns as usize;
    }
    let octave = u64::from(ns.ilog2());
    let bucket = (octave - 2) * SUBS + ((ns >> (octave - 3)) & (SUBS - 1));
    (bucket as usize).min(BUCKETS - 1)
}

/// The number of waits of each length. Only buckets in use are kept: there are few.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram {
    /// Buckets and counts, in order of bucket; no count is 0.
    #[serde(deserialize_with = "counts")]
    counts: Vec<(u16, u64)>,
}

/// Rejects buckets and counts from a file that violate the invariants of the type.
fn counts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(u16, u64)>, D::Error> {
    let counts = Vec::<(u16, u64)>::deserialize(from)?;
    let in_order = counts.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let in_bounds = counts
        .iter()
        .all(|(bucket, count)| usize::from(*bucket) < BUCKETS && (1..=MOST).contains(count));
    if !(in_order && in_bounds) {
        return Err(D::Error::custom(
            "invalid histogram: expected ascending buckets with counts above 0",
        ));
    }
    Ok(counts)
}

impl Histogram {
    /// Builds a histogram from a count per bucket.
    #[must_use]
    pub fn from_counts(counts: impl IntoIterator<Item = u64>) -> Self {
        Self {
            counts: (0_u16..)
                .zip(counts.into_iter().take(BUCKETS))
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }

    /// Counts `times` waits of `ns` nanoseconds.
    pub fn count(&mut self, ns: u64, times: u64) {
        let bucket = u16::try_from(bucket_of(ns)).unwrap_or(u16::MAX);
        if times == 0 {
            return;
        }
        match self.counts.binary_search_by_key(&bucket, |entry| entry.0) {
            Ok(at) => self.counts[at].1 += times,
            Err(at) => self.counts.insert(at, (bucket, times)),
        }
    }

    /// Returns what was counted after `earlier`. A count that went back means that counting began again.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut before = earlier.counts.iter().copied().peekable();
        let counts = self.counts.iter().filter_map(|&(bucket, count)| {
            while before.next_if(|entry| entry.0 < bucket).is_some() {}
            let was = before.next_if(|entry| entry.0 == bucket).map_or(0, |e| e.1);
            let new = count.checked_sub(was).unwrap_or(count);
            (new > 0).then_some((bucket, new))
        });
        Self {
            counts: counts.collect(),
        }
    }

    /// Adds the waits of another histogram.
    pub fn add(&mut self, other: &Self) {
        for &(bucket, count) in &other.counts {
            match self.counts.binary_search_by_key(&bucket, |entry| entry.0) {
                Ok(at) => self.counts[at].1 += count,
                Err(at) => self.counts.insert(at, (bucket, count)),
            }
        }
    }

    /// Returns the waits without those of another histogram.
    #[must_use]
    pub fn minus(mut self, other: &Self) -> Self {
        for &(bucket, count) in &other.counts {
            if let Ok(at) = self.counts.binary_search_by_key(&bucket, |entry| entry.0) {
                self.counts[at].1 = self.counts[at].1.saturating_sub(count);
            }
        }
        self.counts.retain(|entry| entry.1 > 0);
        self
    }

    /// Returns the number of waits.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|entry| entry.1).sum()
    }

    /// Returns the wait in nanoseconds that `percent` (0 to 100) of all waits do not exceed: the middle of
    /// its bucket. `None` if there are no waits.
    #[must_use]
    pub fn percentile(&self, percent: u32) -> Option<u64> {
        let total = u128::from(self.total());
        let rank = (total * u128::from(percent.min(100))).div_ceil(100).max(1);
        let mut seen = 0_u128;
        for &(bucket, count) in &self.counts {
            seen += u128::from(count);
            if seen >= rank {
                let bucket = usize::from(bucket);
                return Some((lower_bound(bucket) + lower_bound(bucket + 1) - 1) / 2);
            }
        }
        None
    }

    /// Returns the number of waits in each of `columns` octaves. The first octave ends at 2^`first`
    /// nanoseconds; shorter waits are in the first, longer ones in the last.
    #[must_use]
    pub fn octaves(&self, first: u32, columns: usize) -> Vec<u64> {
        let mut octaves = vec![0; columns];
        for &(bucket, count) in &self.counts {
            let low = lower_bound(bucket.into()).max(1);
            let column = (low.ilog2() + 1).saturating_sub(first) as usize;
            if let Some(octave) = octaves.get_mut(column.min(columns.saturating_sub(1))) {
                *octave += count;
            }
        }
        octaves
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use super::*;

    /// Returns pseudo-random numbers, the same in each run.
    fn numbers() -> impl Iterator<Item = u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
    }

    #[test]
    fn every_wait_is_within_the_bounds_of_its_bucket() {
        let mut random = numbers();
        for _ in 0..100_000 {
            let ns = random.next().unwrap() >> (27 + random.next().unwrap() % 37);
            let bucket = bucket_of(ns);
            assert!(lower_bound(bucket) <= ns, "{ns}");
            assert!(ns < lower_bound(bucket + 1), "{ns}");
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert_eq!(bucket_of(0), 0);
    }

    #[test]
    fn percentile_is_within_an_eighth_of_an_octave() {
        let mut random = numbers();
        for round in 0..300 {
            let mut waits: Vec<u64> = random
                .by_ref()
                .take(1 + round * 7)
                .map(|number| 8 + (number >> (30 + number % 31)))
                .collect();
            let mut histogram = Histogram::default();
            for ns in &waits {
                histogram.count(*ns, 1);
            }
            waits.sort_unstable();
            assert_eq!(histogram.total(), waits.len() as u64);
            for percent in [1, 50, 90, 99, 100] {
                let rank = (waits.len() * percent).div_ceil(100).max(1);
                let truth = waits[rank - 1] as f64;
                let read = histogram
                    .percentile(u32::try_from(percent).unwrap())
                    .unwrap() as f64;
                let octaves = (read / truth).log2().abs();
                assert!(octaves <= 0.125, "{percent} %: {read}, not {truth}");
            }
        }
        assert_eq!(Histogram::default().percentile(99), None);
    }

    #[test]
    fn a_window_is_what_came_between_two_readings() {
        let mut earlier = Histogram::default();
        earlier.count(1000, 5);
        earlier.count(90_000, 2);
        let mut later = earlier.clone();
        later.count(1000, 1);
        later.count(5_000_000, 3);
        let window = later.since(&earlier);
        assert_eq!(window.total(), 4);
        assert_eq!(window.percentile(1), later.percentile(1));
        assert!(window.percentile(50) > Some(4_000_000));
        assert_eq!(later.since(&later), Histogram::default());
    }

    #[test]
    fn a_counter_that_was_reset_gives_no_absurd_window() {
        let mut earlier = Histogram::default();
        earlier.count(1000, 500);
        let mut reset = Histogram::default();
        reset.count(1000, 3);
        assert_eq!(reset.since(&earlier).total(), 3);
    }

    #[test]
    fn octaves_hold_every_wait_once() {
        let mut histogram = Histogram::default();
        for (ns, times) in [(0, 1), (700, 2), (1500, 4), (2047, 1), (u64::MAX, 8)] {
            histogram.count(ns, times);
        }
        assert_eq!(histogram.octaves(10, 4), [3, 5, 0, 8]);
        assert_eq!(Histogram::default().octaves(10, 2), [0, 0]);
    }

    #[test]
    fn counts_from_the_kernel_and_counted_ones_agree() {
        let mut dense = vec![0; BUCKETS];
        dense[bucket_of(12_345)] = 7;
        let mut counted = Histogram::default();
        counted.count(12_345, 7);
        assert_eq!(Histogram::from_counts(dense), counted);
    }
}
