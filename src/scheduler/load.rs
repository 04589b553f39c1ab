//! What the scheduler is told when it is loaded, and the loading.

use std::{
    fs::File,
    io::{self, Read},
    mem::MaybeUninit,
    os::fd::AsFd,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use libbpf_rs::{
    MapHandle, OpenObject,
    skel::{OpenSkel, SkelBuilder},
};
use memchr::memmem;

use super::{handle::Handle, members::Members};
use crate::skeletons::dualq::{DualqSkel, DualqSkelBuilder};
use crate::waits::Instrument;

/// How the scheduler is to behave; fixed once it is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The share of CPU time that BATCH keeps on a contended CPU, 0 to 50 percent.
    pub guarantee_percent: u8,
    /// The watchdog ejects the scheduler when a runnable task waits longer: 1 to 30 s.
    pub timeout: Duration,
    /// The scheduler outlives this process, by pins, until it is detached on purpose.
    pub stay: bool,
    /// BATCH first come, first served, instead of by weighted virtual time.
    pub batch_fifo: bool,
    /// Longest run of a PRIORITY task, rounded up to whole ticks: 1 to 100 ms.
    pub priority_slice: Duration,
    /// Longest run of a BATCH task, rounded up to whole ticks: 1 to 100 ms.
    pub batch_slice: Duration,
    /// Entries of `priority_pids_map`: 1 to 1,000,000.
    pub capacity: u32,
    /// Whether how long tasks wait is measured.
    pub waits: WaitsOption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsOption {
    FromTheStart,
    /// The instrument is loaded: it may be switched on.
    Later,
    /// It is not loaded, which saves a sixth of the start.
    Never,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            guarantee_percent: 10,
            timeout: Duration::from_secs(30),
            stay: false,
            batch_fifo: false,
            priority_slice: Duration::from_millis(20),
            batch_slice: Duration::from_millis(4),
            capacity: 10_000,
            waits: WaitsOption::FromTheStart,
        }
    }
}

/// Loads it with these options; nothing runs yet.
pub(super) fn load<'obj>(
    storage: &'obj mut MaybeUninit<OpenObject>,
    options: Options,
) -> Result<DualqSkel<'obj>> {
    let mut open = DualqSkelBuilder::default()
        .open(storage)
        .context("cannot open the BPF object")?;
    let cpus = libbpf_rs::num_possible_cpus().context("cannot count the possible CPUs")?;
    let cpus = u32::try_from(cpus)?;
    let timeout_ns = u64::try_from(options.timeout.as_nanos())?;
    let rodata = open
        .maps
        .rodata_data
        .as_deref_mut()
        .context("the BPF object has no constants")?;
    rodata.nr_possible_cpus = cpus;
    rodata.guarantee_percent = u32::from(options.guarantee_percent);
    rodata.batch_fifo = options.batch_fifo;
    let tick = tick_ns();
    rodata.tick_ns = tick;
    rodata.priority_slice_ns = whole_ticks(options.priority_slice, tick)?;
    rodata.batch_slice_ns = whole_ticks(options.batch_slice, tick)?;
    // An eighth, checked every sixteenth: with its own turn a wait stays below a quarter.
    rodata.overdue_ns = timeout_ns / 8;
    rodata.overdue_check_ns = timeout_ns / 16;
    open.maps.cpu_records.set_max_entries(cpus)?;
    open.maps
        .priority_pids_map
        .set_max_entries(options.capacity)?;
    open.struct_ops.dualq_mut().timeout_ms = u32::try_from(options.timeout.as_millis())?;
    if reenqueues_from_sched_switch() {
        open.struct_ops.dualq_mut().cpu_release = std::ptr::null_mut();
        open.progs.dualq_cpu_release.set_autoload(false);
    } else {
        open.progs.dualq_sched_switch.set_autoload(false);
    }
    open.load().context("the kernel did not load the scheduler")
}

/// The kernel's tick, 1 s / CONFIG_HZ: it is the resolution of the coarse clocks
/// (`KTIME_LOW_RES` in kernel/time/posix-timers.c).
fn tick_ns() -> u64 {
    let tick = rustix::time::clock_getres(rustix::time::ClockId::MonotonicCoarse);
    tick.tv_sec.cast_unsigned() * 1_000_000_000 + tick.tv_nsec.cast_unsigned()
}

/// Slices end at ticks only (`task_tick_scx`), so what lies between two ends at the second.
fn whole_ticks(slice: Duration, tick_ns: u64) -> Result<u64> {
    Ok(u64::try_from(slice.as_nanos())?.next_multiple_of(tick_ns.max(1)))
}

/// From Linux 6.19 on, tasks in a CPU's local queue are taken back by a tracing program; the op that
/// did so before draws a warning there. The function's name is looked for as it lies among those of the
/// kernel's types: to take in all of them for it took a fourteenth of an attach.
fn reenqueues_from_sched_switch() -> bool {
    File::open("/sys/kernel/btf/vmlinux")
        .and_then(|types| contains(types, b"\0scx_bpf_reenqueue_local___v2\0"))
        .unwrap_or(false)
}

/// Read in pieces: they are some megabytes, which the process would keep after a second attach.
fn contains(mut text: impl Read, name: &[u8]) -> io::Result<bool> {
    let mut piece = vec![0; 64 << 10];
    let mut kept = 0;
    loop {
        let read = text.read(&mut piece[kept..])?;
        let filled = kept + read;
        if memmem::find(&piece[..filled], name).is_some() {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        kept = filled.min(name.len() - 1);
        piece.copy_within(filled - kept..filled, 0);
    }
}

/// Why there is no instrument where none was loaded.
pub const WITHOUT_WAITS: &str = "attached without the instrument, as by --no-waits";

/// The instrument for waits, with a look at the scheduler's members.
pub(super) fn instrument(skel: &DualqSkel<'_>, options: Options) -> Result<Instrument> {
    if options.waits == WaitsOption::Never {
        bail!(WITHOUT_WAITS);
    }
    let maps = &skel.maps;
    let mut instrument = Instrument::load(maps.priority_pids_map.as_fd(), maps.own_pids.as_fd())?;
    instrument.measure(options.waits == WaitsOption::FromTheStart)?;
    Ok(instrument)
}

/// A hold on the maps and programs of what was loaded.
pub(super) fn handle(skel: &DualqSkel<'_>, waits: &Result<Instrument, String>) -> Result<Handle> {
    let maps = &skel.maps;
    let progs = &skel.progs;
    Ok(Handle::new(
        Members::new(
            MapHandle::try_from(&maps.priority_pids_map)?,
            progs.dualq_change.as_fd().try_clone_to_owned()?,
            progs.dualq_reclassify.as_fd().try_clone_to_owned()?,
        ),
        MapHandle::try_from(&maps.queue_stats)?,
        MapHandle::try_from(&maps.exit_record)?,
        MapHandle::try_from(&maps.owner)?,
        match waits {
            Ok(instrument) => Ok(instrument.reader()?),
            Err(why) => Err(why.clone()),
        },
        MapHandle::try_from(&maps.overdue_timer)?,
        [
            progs.dualq_process_exit.as_fd().try_clone_to_owned()?,
            progs.dualq_newtask.as_fd().try_clone_to_owned()?,
        ],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_lies() {
        let text = |before: usize| [&vec![b'x'; before], &b"name"[..], &b"yy"[..]].concat();
        for before in [0, 1, (64 << 10) - 4, (64 << 10) - 2, 64 << 10, 200_000] {
            assert!(contains(&text(before)[..], b"name").unwrap(), "{before}");
            assert!(!contains(&text(before)[..], b"named").unwrap(), "{before}");
        }
    }

    #[test]
    fn a_slice_ends_at_the_next_tick() {
        let ticks = |ms, tick| whole_ticks(Duration::from_millis(ms), tick).unwrap();
        assert_eq!(ticks(4, 4_000_000), 4_000_000);
        assert_eq!(ticks(5, 4_000_000), 8_000_000);
        assert_eq!(ticks(1, 10_000_000), 10_000_000);
        assert!(tick_ns() >= 1_000_000, "{} ns", tick_ns());
    }
}
