//! The arithmetic of the report. Values are sorted whole, not counted in buckets: a goal of 1.05
//! times another figure is finer than a histogram's resolution.

use serde::Serialize;

/// Below this a p99 would be the longest value of all.
pub const ENOUGH_FOR_P99: usize = 100;

/// The value that `percent` of all values do not exceed, by nearest rank; `None` of no values.
#[must_use]
pub fn percentile(sorted: &[u64], percent: u32) -> Option<u64> {
    let rank = (sorted.len() * percent.min(100) as usize).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

/// One figure over the repetitions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
    /// In the order in which they were measured.
    pub values: Vec<f64>,
}

impl Spread {
    /// `None` of no values.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self {
            median: f64::midpoint(low, high),
            min,
            max,
            values: values.to_vec(),
        })
    }
}

/// By how much y grows for each x: the line of least squares. `None` where all x are the same.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let common: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    (spread > 0.0).then(|| common / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_known_values_are_the_known_ones() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!(percentile(&values, 50), Some(100));
        assert_eq!(percentile(&values, 99), Some(198));
        assert_eq!(percentile(&values, 100), Some(200));
        assert_eq!(percentile(&values, 0), Some(1));
        assert_eq!(percentile(&[7], 99), Some(7));
        assert_eq!(percentile(&[1, 2, 3], 50), Some(2));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn p99_of_a_hundred_values_is_not_the_maximum() {
        let values: Vec<u64> = (1..=ENOUGH_FOR_P99 as u64).collect();
        assert!(percentile(&values, 99) < values.last().copied());
        let fewer = &values[1..];
        assert_eq!(percentile(fewer, 99), fewer.last().copied());
    }

    #[test]
    fn the_median_is_the_middle_and_the_spread_the_ends() {
        let odd = Spread::of(&[3.0, 1.0, 10.0]).unwrap();
        assert_eq!((odd.median, odd.min, odd.max), (3.0, 1.0, 10.0));
        assert_eq!(odd.values, [3.0, 1.0, 10.0]);
        let even = Spread::of(&[4.0, 1.0, 2.0, 100.0]).unwrap();
        assert!((even.median - 3.0).abs() < 1e-12);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn the_slope_is_that_of_the_line_of_least_squares() {
        let line: Vec<(f64, f64)> = [50.0, 100.0, 500.0, 1000.0]
            .map(|x| (x, 20.0 + 0.025 * x))
            .to_vec();
        assert!((slope(&line).unwrap() - 0.025).abs() < 1e-12);
        // Not on a line: worked out by hand.
        let points = [(0.0, 0.0), (1.0, 2.0), (2.0, 1.0)];
        assert!((slope(&points).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(slope(&[(1.0, 2.0)]), None);
        assert_eq!(slope(&[]), None);
    }
}
