//! A process of the load, which is this program again under the name of its kind, without arguments: its command line
//! is that name. It reads its job from stdin, limits itself, and ends with its parent.

use std::ffi::{CString, OsStr};
use std::io::stdin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::job::WorkerJob;
use super::{FRAME_NAME, HOG, frame};
use crate::sys::parent_death;
use crate::workload::spin::work;

/// The memory limit in bytes, without the threads' stacks: far more than a process needs.
const MOST_MEMORY: u64 = 128 << 20;
/// The amount of work between two readings of the clock: some milliseconds.
const SPINS: u64 = 4_000_000;

/// The kind of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerKind {
    /// A process that never sleeps.
    Hog,
    /// The process with 60 deadlines per second.
    Frame,
}

impl WorkerKind {
    /// Returns the kind with this name, which is the `argv[0]` of its process.
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

/// Runs a worker of this kind.
///
/// # Errors
/// If there is no job, or the kernel refuses one of the limits.
pub fn run(kind: WorkerKind) -> Result<()> {
    let job: WorkerJob = serde_json::from_reader(stdin().lock())
        .with_context(|| format!("{} is started by `dualq-top demo`", kind.name()))?;
    if !parent_death::ends_with(job.parent)? {
        return Ok(());
    }
    rustix::thread::set_name(&CString::new(kind.name())?).context("cannot set the name")?;
    let both = |value| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    let threads = match kind {
        WorkerKind::Hog => 1,
        WorkerKind::Frame => u64::from(job.threads.max(1)),
    };
    let memory = MOST_MEMORY + threads * frame::MOST_MEMORY_A_THREAD;
    setrlimit(Resource::As, both(memory)).context("cannot limit the memory")?;
    // In addition to the clock. A thread uses at most as much CPU time as time passes.
    setrlimit(Resource::Cpu, both(threads * (job.seconds + 1)))
        .context("cannot limit the CPU time")?;
    let end = Instant::now() + Duration::from_secs(job.seconds);
    match kind {
        WorkerKind::Hog => {
            while Instant::now() < end {
                work(SPINS);
            }
            Ok(())
        }
        WorkerKind::Frame => frame::run(job, end),
    }
}
