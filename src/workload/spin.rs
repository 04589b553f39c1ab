//! Work that takes CPU time and nothing else, counted in spins.

use std::hint::black_box;
use std::time::Duration;

use super::clock::thread_cpu_time;

/// Returns the amount of work that takes this much CPU time. Measured while the hogs run, because a thread is slower
/// on a busy machine, and in CPU time, so that waiting for a CPU does not count.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]
pub(crate) fn calibrate(frame_work: Duration) -> u64 {
    const ROUNDS: usize = 9;
    let mut spins = 10_000;
    let mut took = timed(spins);
    while took < Duration::from_millis(4) {
        spins *= 2;
        took = timed(spins);
    }
    let mut rounds = [0; ROUNDS].map(|_| timed(spins));
    rounds.sort_unstable();
    let per_spin = rounds[ROUNDS / 2].as_secs_f64() / spins as f64;
    (frame_work.as_secs_f64() / per_spin) as u64
}

/// Returns the CPU time that this thread needs for some work.
pub(crate) fn timed(spins: u64) -> Duration {
    let begun = thread_cpu_time();
    work(spins);
    thread_cpu_time().saturating_sub(begun)
}

/// Does a fixed amount of work, in which each step needs the one before.
pub(crate) fn work(spins: u64) {
    let mut number = black_box(1_u64);
    for step in 0..spins {
        number = black_box(number.rotate_left(7) ^ step);
    }
}
