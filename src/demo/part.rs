//! A process of the load, which is this program again. It limits itself, and ends with its parent.

use std::ffi::CString;
use std::hint::black_box;
use std::io::stdout;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::record::Record;
use super::{FRAME, HOG, METRONOME};
use crate::parent;

/// The memory limit in bytes: far more than a process needs.
const MOST_MEMORY: u64 = 128 << 20;
/// The amount of work between two readings of the clock: some milliseconds.
const SPINS: u64 = 4_000_000;

/// The hidden subcommand's options.
#[derive(Debug, Clone, Args)]
pub struct Part {
    #[arg(value_enum)]
    pub kind: Kind,

    /// The process that it ends with
    #[arg(long)]
    pub parent: u32,

    /// Its maximum duration
    #[arg(long)]
    pub seconds: u64,

    /// CPU time of a frame
    #[arg(long, default_value_t = 0)]
    pub work_ns: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Hog,
    Metronome,
}

/// # Errors
/// If the kernel refuses one of the limits.
pub fn run(part: &Part) -> Result<()> {
    if !parent::ends_with(part.parent)? {
        return Ok(());
    }
    let name = match part.kind {
        Kind::Hog => HOG,
        Kind::Metronome => METRONOME,
    };
    rustix::thread::set_name(&CString::new(name)?).context("cannot set the name")?;
    let both = |value| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    setrlimit(Resource::As, both(MOST_MEMORY)).context("cannot limit the memory")?;
    // In addition to the clock. One thread uses at most as much CPU time as time passes.
    setrlimit(Resource::Cpu, both(part.seconds + 1)).context("cannot limit the CPU time")?;
    let end = Instant::now() + Duration::from_secs(part.seconds);
    match part.kind {
        Kind::Hog => {
            while Instant::now() < end {
                work(SPINS);
            }
            Ok(())
        }
        Kind::Metronome => metronome(Duration::from_nanos(part.work_ns), end),
    }
}

/// Does the same work sixty times per second, until the end or until there is no reader.
fn metronome(frame_work: Duration, end: Instant) -> Result<()> {
    let out = stdout();
    // A sleeping reader must not block the metronome.
    rustix::io::ioctl_fionbio(&out, true).context("cannot set up the pipe")?;
    let spins = calibrate(frame_work);
    let mut begins = now() + FRAME;
    let mut record = Record {
        on_time: 0,
        missed: 0,
        next_deadline: begins + FRAME,
        last_frame: Duration::ZERO,
    };
    loop {
        match rustix::io::write(&out, &record.to_bytes()) {
            Ok(_) | Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(_) => return Ok(()),
        }
        if Instant::now() >= end {
            return Ok(());
        }
        sleep_until(begins);
        work(spins);
        record.count(now());
        begins = record.next_deadline - FRAME;
    }
}

/// Returns the amount of work that takes this much CPU time. Measured while the hogs run, because a thread is slower
/// on a busy machine, and in CPU time, so that waiting for a CPU does not count.
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
fn timed(spins: u64) -> Duration {
    let clock = || duration(clock_gettime(ClockId::ThreadCPUTime));
    let begun = clock();
    work(spins);
    clock() - begun
}

/// Does a fixed amount of work, in which each step needs the one before.
pub(crate) fn work(spins: u64) {
    let mut number = black_box(1_u64);
    for step in 0..spins {
        number = black_box(number.rotate_left(7) ^ step);
    }
}

pub(crate) fn sleep_until(time: Duration) {
    let request = Timespec {
        tv_sec: time.as_secs().cast_signed(),
        tv_nsec: time.subsec_nanos().into(),
    };
    while clock_nanosleep_absolute(rustix::thread::ClockId::Monotonic, &request)
        == Err(rustix::io::Errno::INTR)
    {}
}

pub(crate) fn now() -> Duration {
    duration(clock_gettime(ClockId::Monotonic))
}

fn duration(time: Timespec) -> Duration {
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(time.tv_sec.cast_unsigned(), nanos)
}
