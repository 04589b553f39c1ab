//! Reads the rings: one for each CPU, in memory that is shared with the kernel.

use std::os::fd::BorrowedFd;

use anyhow::{Context, Result, bail};

use super::event::Event;
use crate::kernel::layout;
use crate::kernel::mapped::Mapped;
use crate::kernel::skeletons::dualq::types::{trace_event, trace_ring};

/// The number of events in a ring: a power of two.
const EVENTS: u64 = 2048;
/// The bytes before the events in a ring: the number of events so far, and room up to a cache line.
const HEAD: usize = 64;

/// The rings of all CPUs, and how far this reader has come in each.
pub struct Rings {
    memory: Mapped,
    /// By CPU.
    read: Vec<u64>,
}

impl Rings {
    pub(super) fn map(map: BorrowedFd<'_>, cpus: usize, size: usize) -> Result<Self> {
        if size != size_of::<trace_ring>() {
            bail!("cannot read the trace: its rings are another version's");
        }
        let memory = Mapped::read_only(map, cpus * size).context("cannot map the trace's rings")?;
        let mut rings = Self {
            memory,
            read: vec![0; cpus],
        };
        // What was traced before is not of this reader.
        for cpu in 0..cpus {
            rings.read[cpu] = rings.written(cpu);
        }
        Ok(rings)
    }

    /// Returns the number of CPUs.
    #[must_use]
    pub fn cpus(&self) -> usize {
        self.read.len()
    }

    fn written(&self, cpu: usize) -> u64 {
        self.memory.number(cpu * size_of::<trace_ring>())
    }

    /// Passes on what has come since the last call, a CPU after the other, each in order. `None` stands where events were
    /// lost, because the ring was full before they could be read. Returns how many.
    pub fn take(&mut self, mut each: impl FnMut(usize, Option<Event>)) -> u64 {
        let mut lost = 0;
        for cpu in 0..self.cpus() {
            let end = self.written(cpu);
            let mut next = self.read[cpu];
            while next < end {
                if let Some(event) = self.event(cpu, next) {
                    each(cpu, Event::of(&event));
                    next += 1;
                    continue;
                }
                // The oldest that the CPU is not writing over, and some room, so that not each of them is missed.
                let oldest = (self.written(cpu) + EVENTS / 8)
                    .saturating_sub(EVENTS)
                    .min(end);
                lost += oldest.max(next + 1) - next;
                next = oldest.max(next + 1);
                each(cpu, None);
            }
            self.read[cpu] = next;
        }
        lost
    }

    /// Returns an event; `None` if the CPU has begun to write over it.
    fn event(&self, cpu: usize, index: u64) -> Option<trace_event> {
        let place = usize::try_from(index % EVENTS).ok()? * size_of::<trace_event>();
        let mut bytes = [0; size_of::<trace_event>()];
        self.memory
            .copy(cpu * size_of::<trace_ring>() + HEAD + place, &mut bytes);
        // Its place is written again from the moment when the event before the next one there is counted.
        let whole = self.written(cpu) < index + EVENTS;
        whole.then(|| layout::read(&bytes))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_the_bpf_source() {
        let source = include_str!("../bpf/trace.h");
        assert!(source.contains(&format!("#define TRACE_EVENTS {EVENTS}\n")));
        let events = usize::try_from(EVENTS).unwrap() * size_of::<trace_event>();
        assert_eq!(size_of::<trace_event>(), 64);
        assert_eq!(size_of::<trace_ring>(), HEAD + events);
    }
}
