//! The switch of the trace. Each reader renews it; without a renewal the BPF program switches it off after the deadline,
//! so that a reader that is killed leaves no cost.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use libbpf_rs::{MapCore, MapHandle};

use super::rings::Rings;
use crate::kernel::skeletons::dualq::types::trace_lease;
use crate::kernel::{layout, program};

/// The time for which tracing stays on without a renewal.
pub const LEASE: Duration = Duration::from_secs(1);

/// The two clocks at one moment, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// The time of the events' clock.
    pub events: u64,
    /// The time of `CLOCK_MONOTONIC`.
    pub monotonic: u64,
    /// Tracing was on before this renewal.
    pub was_on: bool,
}

/// A scheduler's rings and the program that turns tracing on.
pub struct Source {
    rings: MapHandle,
    program: OwnedFd,
}

impl Source {
    /// Takes the map `trace_rings` and the program `dualq_trace` of a scheduler.
    #[must_use]
    pub fn new(rings: MapHandle, program: OwnedFd) -> Self {
        Self { rings, program }
    }

    /// Duplicates the descriptors, for another thread.
    ///
    /// # Errors
    /// If there are no free descriptors.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            rings: MapHandle::try_from(&self.rings)?,
            program: self.program.try_clone()?,
        })
    }

    /// Turns tracing on, or keeps it on, for [`LEASE`] from now.
    ///
    /// # Errors
    /// If the kernel refuses the system call.
    pub fn renew(&self) -> Result<Clocks> {
        self.run(u64::try_from(LEASE.as_nanos())?)
    }

    /// Reads the clocks, and whether tracing is on, and changes nothing.
    ///
    /// # Errors
    /// If the kernel refuses the system call.
    pub fn look(&self) -> Result<Clocks> {
        self.run(0)
    }

    fn run(&self, lease_ns: u64) -> Result<Clocks> {
        let mut context = trace_lease {
            lease_ns,
            was_on: 0,
            now: 0,
            monotonic: 0,
        };
        let error = program::run(self.program.as_fd(), layout::bytes_mut(&mut context))
            .context("cannot reach the scheduler's programs")?;
        if error != 0 {
            bail!("cannot turn tracing on: the kernel's side refused it (error {error})");
        }
        Ok(Clocks {
            was_on: context.was_on != 0,
            events: context.now,
            monotonic: context.monotonic,
        })
    }

    /// Maps the rings into memory, for one reader: each has its own place in them.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn rings(&self) -> Result<Rings> {
        let size = self.rings.value_size() as usize;
        Rings::map(self.rings.as_fd(), self.rings.max_entries() as usize, size)
    }
}
