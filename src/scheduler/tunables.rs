//! The tunables: values of the scheduling policy that change while the scheduler runs.
//!
//! They are global variables of the BPF program. A pinned program reads and changes them (src/bpf/tune.h): every process
//! that may open the pins can run it.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::program;
use crate::kernel::layout;
use crate::kernel::skeletons::dualq::types as kernel;
use crate::model::{Tunable, Tunables};

/// New values of some tunables; the others stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tuning([Option<u16>; Tunable::ALL.len()]);

impl Tuning {
    /// Sets a tunable to a value in its unit.
    #[must_use]
    pub fn with(mut self, tunable: Tunable, value: u16) -> Self {
        self.0[tunable as usize] = Some(value);
        self
    }
}

/// Changes what `tuning` names, and returns what holds afterwards.
///
/// # Errors
/// The system call's error, and a value that the kernel's side refuses.
pub(super) fn tune(program: BorrowedFd<'_>, tuning: Tuning) -> Result<Tunables> {
    let mut argument = argument(tuning, tick_ns());
    let error = program::run(program, layout::bytes_mut(&mut argument))
        .context("cannot reach the scheduler's programs")?;
    if error != 0 {
        bail!("cannot change the tunables: the kernel's side refused a value (error {error})")
    }
    Ok(Tunables::of_kernel(
        values(&mut argument).map(|value| *value),
    ))
}

/// Returns the program's argument: the new values, and for each a bit that says that it is new.
fn argument(tuning: Tuning, tick_ns: u64) -> kernel::tuning {
    let mut argument = kernel::tuning::default();
    for tunable in Tunable::ALL {
        if let Some(value) = tuning.0[tunable as usize] {
            argument.changes |= 1 << tunable as u32;
            *values(&mut argument)[tunable as usize] = in_kernel(tunable, value, tick_ns);
        }
    }
    argument
}

/// Returns a value in the unit of the BPF program; slices end at ticks only.
fn in_kernel(tunable: Tunable, value: u16, tick_ns: u64) -> u64 {
    let value = u64::from(value) * u64::from(tunable.scale());
    match tunable {
        Tunable::PrioritySlice | Tunable::BatchSlice => {
            whole_ticks(Duration::from_nanos(value), tick_ns)
        }
        Tunable::BatchGuarantee | Tunable::SleeperCredit | Tunable::Protection => value,
    }
}

/// Returns the values of the argument, in the order of [`Tunable::ALL`].
fn values(argument: &mut kernel::tuning) -> [&mut u64; Tunable::ALL.len()] {
    [
        &mut argument.guarantee_percent,
        &mut argument.priority_slice_ns,
        &mut argument.batch_slice_ns,
        &mut argument.sleeper_credit_percent,
        &mut argument.protection_ns,
    ]
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

    /// Bit n of `changes` says that value n is new: src/bpf/tune.h.
    #[test]
    fn tunables_are_the_bpf_programs_in_its_order() {
        for tunable in Tunable::ALL {
            let mut argument = argument(Tuning::default().with(tunable, 40), 4_000_000);
            let words = layout::bytes(&argument).chunks_exact(8);
            let words: Vec<u64> = words
                .map(|word| u64::from_ne_bytes(word.try_into().unwrap()))
                .collect();
            assert_eq!(words.len(), 1 + Tunable::ALL.len());
            assert_eq!(words[0], 1 << tunable as u32);
            let set: Vec<usize> = (1..words.len()).filter(|at| words[*at] != 0).collect();
            assert_eq!(set, [1 + tunable as usize], "{tunable:?}");
            let now = Tunables::of_kernel(values(&mut argument).map(|value| *value));
            assert!((now.get(tunable) - 40.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_slice_ends_at_the_next_tick() {
        let ticks = |ms, tick| whole_ticks(Duration::from_millis(ms), tick);
        assert_eq!(ticks(4, 4_000_000), 4_000_000);
        assert_eq!(ticks(5, 4_000_000), 8_000_000);
        assert_eq!(ticks(1, 10_000_000), 10_000_000);
        assert!(tick_ns() >= 1_000_000, "{} ns", tick_ns());
    }
}
