//! The tunables: values of the scheduling policy that change while the scheduler runs.
//!
//! The BPF program's globals are the only copy. A pinned program reads and changes them (src/bpf/tune.h), for whoever
//! may open the pins.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::program;
use crate::model::Tunables;

/// New values; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tuning {
    /// As [`Tunables::guarantee_percent`].
    pub guarantee_percent: Option<u8>,
    /// As [`Tunables::priority_slice`].
    pub priority_slice: Option<Duration>,
    /// As [`Tunables::batch_slice`].
    pub batch_slice: Option<Duration>,
    /// As [`Tunables::sleeper_credit_percent`].
    pub sleeper_credit_percent: Option<u8>,
    /// As [`Tunables::protection`].
    pub protection: Option<Duration>,
}

/// `struct tuning` in src/bpf/tune.h: the bits of the changes, then each value.
const SIZE: usize = 48;

/// Changes what `tuning` names, and returns what holds afterwards.
///
/// # Errors
/// The system call's error, and a value that the kernel's side refuses.
pub(super) fn tune(program: BorrowedFd<'_>, tuning: Tuning) -> Result<Tunables> {
    let slice = |slice: Option<Duration>| slice.map(|slice| whole_ticks(slice, tick_ns()));
    let values = [
        tuning.guarantee_percent.map(u64::from),
        slice(tuning.priority_slice),
        slice(tuning.batch_slice),
        tuning.sleeper_credit_percent.map(u64::from),
        tuning.protection.map(nanoseconds),
    ];
    let mut context = [0; SIZE];
    let mut words = context.chunks_exact_mut(8);
    let mut write = |value: u64| {
        if let Some(word) = words.next() {
            word.copy_from_slice(&value.to_ne_bytes());
        }
    };
    let bits = values.iter().enumerate();
    write(
        bits.map(|(bit, value)| u64::from(value.is_some()) << bit)
            .sum(),
    );
    values
        .into_iter()
        .for_each(|value| write(value.unwrap_or(0)));
    match program::run(program, &mut context).context("cannot reach the scheduler's programs")? {
        0 => {}
        error => {
            bail!("cannot change the tunables: the kernel's side refused a value (error {error})")
        }
    }
    let value = |index: usize| {
        let bytes = context
            .get(8 + 8 * index..)
            .and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
    };
    let percent = |index| u8::try_from(value(index)).unwrap_or(0);
    Ok(Tunables {
        guarantee_percent: percent(0),
        priority_slice: Duration::from_nanos(value(1)),
        batch_slice: Duration::from_nanos(value(2)),
        sleeper_credit_percent: percent(3),
        protection: Duration::from_nanos(value(4)),
    })
}

/// Returns the kernel's tick, 1 s / CONFIG_HZ: the resolution of the coarse clocks (`KTIME_LOW_RES` in
/// kernel/time/posix-timers.c).
pub(super) fn tick_ns() -> u64 {
    let tick = rustix::time::clock_getres(rustix::time::ClockId::MonotonicCoarse);
    tick.tv_sec.cast_unsigned() * 1_000_000_000 + tick.tv_nsec.cast_unsigned()
}

/// Rounds a slice up to whole ticks, in nanoseconds, because slices end at ticks only (`task_tick_scx`).
pub(super) fn whole_ticks(slice: Duration, tick_ns: u64) -> u64 {
    nanoseconds(slice).next_multiple_of(tick_ns.max(1))
}

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_ends_at_the_next_tick() {
        let ticks = |ms, tick| whole_ticks(Duration::from_millis(ms), tick);
        assert_eq!(ticks(4, 4_000_000), 4_000_000);
        assert_eq!(ticks(5, 4_000_000), 8_000_000);
        assert_eq!(ticks(1, 10_000_000), 10_000_000);
        assert!(tick_ns() >= 1_000_000, "{} ns", tick_ns());
    }
}
