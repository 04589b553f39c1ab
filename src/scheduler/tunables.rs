//! The tunables: values of the scheduling policy that change while the scheduler runs.
//!
//! They are global variables of the BPF program. A pinned program reads and changes them (src/bpf/tune.h): every process
//! that may open the pins can run it.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::program;
use crate::kernel::layout;
use crate::model::Tunables;
use crate::skeletons::dualq::types as kernel;

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

/// Changes what `tuning` names, and returns what holds afterwards.
///
/// # Errors
/// The system call's error, and a value that the kernel's side refuses.
pub(super) fn tune(program: BorrowedFd<'_>, tuning: Tuning) -> Result<Tunables> {
    let mut context = to_kernel(tuning, tick_ns());
    let error = program::run(program, layout::bytes_mut(&mut context))
        .context("cannot reach the scheduler's programs")?;
    if error != 0 {
        bail!("cannot change the tunables: the kernel's side refused a value (error {error})")
    }
    let percent = |value| u8::try_from(value).unwrap_or(0);
    Ok(Tunables {
        guarantee_percent: percent(context.guarantee_percent),
        priority_slice: Duration::from_nanos(context.priority_slice_ns),
        batch_slice: Duration::from_nanos(context.batch_slice_ns),
        sleeper_credit_percent: percent(context.sleeper_credit_percent),
        protection: Duration::from_nanos(context.protection_ns),
    })
}

/// Returns the program's argument: the new values, and for each a bit that says that it is new.
fn to_kernel(tuning: Tuning, tick_ns: u64) -> kernel::tuning {
    let mut changes = 0;
    let mut new = |bit: u32, value: Option<u64>| {
        changes |= u64::from(value.is_some()) << bit;
        value.unwrap_or(0)
    };
    let slice = |slice: Option<Duration>| slice.map(|slice| whole_ticks(slice, tick_ns));
    let guarantee_percent = new(0, tuning.guarantee_percent.map(u64::from));
    let priority_slice_ns = new(1, slice(tuning.priority_slice));
    let batch_slice_ns = new(2, slice(tuning.batch_slice));
    let sleeper_credit_percent = new(3, tuning.sleeper_credit_percent.map(u64::from));
    let protection_ns = new(4, tuning.protection.map(nanoseconds));
    kernel::tuning {
        changes,
        guarantee_percent,
        priority_slice_ns,
        batch_slice_ns,
        sleeper_credit_percent,
        protection_ns,
    }
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
