//! A process of the load, which is this program again under the name of its part, without arguments: its command line
//! is that name. It reads its order from stdin, limits itself, and ends with its parent.

use std::ffi::{CString, OsStr};
use std::io::stdin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::order::Order;
use super::{FRAME_NAME, HOG, frame};
use crate::sys::parent_death;
use crate::workload::spin::work;

/// The memory limit in bytes, without the threads' stacks: far more than a process needs.
const MOST_MEMORY: u64 = 128 << 20;
/// The amount of work between two readings of the clock: some milliseconds.
const SPINS: u64 = 4_000_000;

/// A part of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A process that never sleeps.
    Hog,
    /// The process with 60 deadlines per second.
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

    /// Returns its name, which is its command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hog => HOG,
            Self::Frame => FRAME_NAME,
        }
    }
}

/// Runs a part.
///
/// # Errors
/// If there is no order, or the kernel refuses one of the limits.
pub fn run(kind: Kind) -> Result<()> {
    let order: Order = serde_json::from_reader(stdin().lock())
        .with_context(|| format!("{} is started by `dualq-top demo`", kind.name()))?;
    if !parent_death::ends_with(order.parent)? {
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
