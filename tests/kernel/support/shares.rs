//! Measures shares of CPU time.

use std::time::{Duration, Instant};

use super::guest::{self, wait_until};
use super::hog::Hog;

/// Long enough for dozens of turns of the guarantee on each CPU.
pub const WINDOW: Duration = Duration::from_secs(2);

/// The CPU time that each of them gets while `WINDOW` passes, in seconds.
pub fn measure(hogs: &[&Hog]) -> Vec<f64> {
    let before: Vec<_> = hogs.iter().map(|hog| guest::cpu_time(hog.pid())).collect();
    let start = Instant::now();
    wait_until("the window is over", WINDOW * 2, || {
        start.elapsed() >= WINDOW
    });
    hogs.iter()
        .zip(before)
        .map(|(hog, before)| (guest::cpu_time(hog.pid()) - before).as_secs_f64())
        .collect()
}

/// The first one's part of what both got, in percent.
pub fn share(first: f64, second: f64) -> f64 {
    100.0 * first / (first + second)
}

/// Measures until every share is within `tolerance` points of `wanted`: the host that emulates the
/// CPUs takes time away from one guest's hog or another's, so one window may be off. A policy that
/// is wrong is wrong in all of them.
pub fn settles(
    what: &str,
    hogs: &[&Hog],
    wanted: f64,
    tolerance: f64,
    shares: impl Fn(&[f64]) -> Vec<f64>,
) {
    let mut seen = Vec::new();
    for _ in 0..6 {
        let got = shares(&measure(hogs));
        if got.iter().all(|share| (share - wanted).abs() <= tolerance) {
            return;
        }
        seen.push(got);
    }
    panic!("{what}: wanted {wanted} ± {tolerance}, got {seen:.1?}");
}
