//! A process of the load, which is this program again under the name of its part, without arguments: its command line
//! is that name. It reads its order from stdin, limits itself, and ends with its parent.

use std::ffi::{CString, OsStr};
use std::hint::black_box;
use std::io::stdin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};
use serde::{Deserialize, Serialize};

use super::{FRAME_NAME, HOG, frame};
use crate::parent;

/// The memory limit in bytes, without the threads' stacks: far more than a process needs.
const MOST_MEMORY: u64 = 128 << 20;
/// The amount of work between two readings of the clock: some milliseconds.
const SPINS: u64 = 4_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Hog,
    Frame,
}

impl Kind {
    /// Returns the part with this name, which is the `argv[0]` of its process.
    #[must_use]
    pub fn of(name: &OsStr) -> Option<Self> {
        [Self::Hog, Self::Frame]
            .into_iter()
            .find(|kind| name == kind.name())
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hog => HOG,
            Self::Frame => FRAME_NAME,
        }
    }
}

/// The order that a part reads from stdin.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Order {
    /// The process that it ends with.
    pub parent: u32,
    /// Its maximum duration.
    pub seconds: u64,
    /// The number of the frame's threads.
    pub threads: u32,
    /// CPU time of a frame on each thread; `None` lets the frame measure what the machine gives.
    pub work: Option<Duration>,
}

/// Runs a part.
///
/// # Errors
/// If there is no order, or the kernel refuses one of the limits.
pub fn run(kind: Kind) -> Result<()> {
    let order: Order = serde_json::from_reader(stdin().lock())
        .with_context(|| format!("{} is started by `dualq-top demo`", kind.name()))?;
    if !parent::ends_with(order.parent)? {
        return Ok(());
    }
    rustix::thread::set_name(&CString::new(kind.name())?).context("cannot set the name")?;
    let both = |value| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    let threads = match kind {
        Kind::Hog => 1,
        Kind::Frame => u64::from(order.threads.max(1)),
    };
    let memory = MOST_MEMORY + threads * frame::MOST_MEMORY_A_THREAD;
    setrlimit(Resource::As, both(memory)).context("cannot limit the memory")?;
    // In addition to the clock. A thread uses at most as much CPU time as time passes.
    setrlimit(Resource::Cpu, both(threads * (order.seconds + 1)))
        .context("cannot limit the CPU time")?;
    let end = Instant::now() + Duration::from_secs(order.seconds);
    match kind {
        Kind::Hog => {
            while Instant::now() < end {
                work(SPINS);
            }
            Ok(())
        }
        Kind::Frame => frame::run(order, end),
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
pub(super) fn timed(spins: u64) -> Duration {
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
