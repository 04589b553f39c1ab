//! Reads what the instrument has counted, in its owner or, through the pins, in another process.

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result, anyhow};
use libbpf_rs::{MapCore, MapFlags, MapHandle};

use super::layout::{self, Control, PROCESS_WAITS};
use crate::kernel::{pins, program};
use crate::model::{NoWaits, ProcessId, ProcessWaits, WaitCost, Waits};

/// The reason for a scheduler without pins of an instrument. Its two causes cannot be told apart here.
const NOT_PINNED: &str = "attached without the instrument, by --no-waits or since the kernel refused it (the log says so)";

/// Descriptors of the instrument's maps and programs.
pub struct Reader {
    pub(super) histograms: MapHandle,
    pub(super) processes: MapHandle,
    pub(super) control: MapHandle,
    pub(super) programs: Vec<OwnedFd>,
}

impl Reader {
    /// Opens the instrument of a running scheduler through its pins.
    ///
    /// # Errors
    /// If its owner has none, and without capabilities.
    pub fn open() -> Result<Self> {
        let map = |name| {
            pins::map(name).map_err(|error| match error.downcast_ref() {
                Some(pins::PinFault::NoPin(_)) => anyhow!(NOT_PINNED),
                _ => error,
            })
        };
        Ok(Self {
            histograms: map(pins::WAIT_HISTOGRAMS)?,
            processes: map(pins::WAIT_PROCESSES)?,
            control: map(pins::WAIT_CONTROL)?,
            programs: pins::WAIT_PROGRAMS
                .into_iter()
                .map(pins::program)
                .collect::<Result<_>>()?,
        })
    }

    /// Duplicates the descriptors, for another thread.
    ///
    /// # Errors
    /// If there are no free descriptors.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            histograms: MapHandle::try_from(&self.histograms)?,
            processes: MapHandle::try_from(&self.processes)?,
            control: MapHandle::try_from(&self.control)?,
            programs: self
                .programs
                .iter()
                .map(OwnedFd::try_clone)
                .collect::<std::io::Result<_>>()?,
        })
    }

    /// Returns the waits since the instrument was loaded. `id_of` finds the process that has a pid now.
    ///
    /// # Errors
    /// The reason why nothing is measured.
    pub fn read(&self, id_of: impl Fn(u32) -> Option<ProcessId>) -> Result<Waits, NoWaits> {
        let unreadable = |error: anyhow::Error| NoWaits::Unavailable(format!("{error:#}"));
        if self.get(Control::On).map_err(unreadable)? == 0 {
            return Err(NoWaits::Off);
        }
        self.counted(id_of).map_err(unreadable)
    }

    fn counted(&self, id_of: impl Fn(u32) -> Option<ProcessId>) -> Result<Waits> {
        let event = self.get(Control::Event)?;
        let cpus = self
            .histograms
            .lookup_percpu(&0_u32.to_ne_bytes(), MapFlags::ANY)
            .context("cannot read wait_histograms")?
            .context("wait_histograms is empty")?;
        let (priority, batch) =
            layout::queues(&cpus, event).context("wait_histograms is another version's")?;
        let mut processes = Vec::new();
        for (pid, value) in self.watched()? {
            let Some(id) = id_of(pid) else { continue };
            let (wake, requeue) =
                layout::process(&value).context("wait_processes is another version's")?;
            processes.push(ProcessWaits { id, wake, requeue });
        }
        processes.sort_unstable_by_key(|process| process.id);
        Ok(Waits {
            priority,
            batch,
            processes,
            event,
            cost: self.cost(),
        })
    }

    /// Sets the processes that are measured individually, and forgets those that have ended. If there are more than
    /// there is room for, the first ones are measured.
    ///
    /// # Errors
    /// If the map cannot be read or changed.
    pub fn watch(
        &self,
        wanted: impl IntoIterator<Item = u32>,
        lives: impl Fn(u32) -> bool,
    ) -> Result<()> {
        let room = self.processes.max_entries() as usize;
        let wanted: Vec<u32> = wanted.into_iter().take(room).collect();
        let keep: HashSet<u32> = wanted.iter().copied().collect();
        let mut there: HashSet<u32> = self.watched()?.into_keys().collect();
        // Processes of another dashboard stay while there is room.
        let mut excess = there.union(&keep).count().saturating_sub(room);
        there.retain(|pid| {
            let gone = !lives(*pid) || (excess > 0 && !keep.contains(pid));
            if gone {
                excess = excess.saturating_sub(1);
                let _ = self.processes.delete(&pid.to_ne_bytes());
            }
            !gone
        });
        for pid in wanted.iter().filter(|pid| !there.contains(pid)) {
            self.processes
                .update(&pid.to_ne_bytes(), &[0; PROCESS_WAITS], MapFlags::NO_EXIST)
                .context("cannot add to wait_processes")?;
        }
        Ok(())
    }

    fn watched(&self) -> Result<HashMap<u32, Vec<u8>>> {
        let entries = self
            .processes
            // A smaller batch may end early, and would be taken for the last.
            .lookup_batch(self.processes.max_entries(), MapFlags::ANY, MapFlags::ANY)
            .context("cannot read wait_processes")?;
        Ok(entries
            .filter_map(|(key, value)| Some((u32::from_ne_bytes(key.try_into().ok()?), value)))
            .collect())
    }

    /// Counts a change of the machine: maxima and windows are reset.
    ///
    /// # Errors
    /// If the map cannot be changed.
    pub fn event(&self) -> Result<()> {
        self.set(Control::Event, self.get(Control::Event)? + 1)
    }

    pub(super) fn get(&self, which: Control) -> Result<u64> {
        let value = self
            .control
            .lookup(&(which as u32).to_ne_bytes(), MapFlags::ANY)
            .context("cannot read wait_control")?
            .and_then(|value| value.try_into().ok())
            .context("wait_control is another version's")?;
        Ok(u64::from_ne_bytes(value))
    }

    pub(super) fn set(&self, which: Control, value: u64) -> Result<()> {
        let key = (which as u32).to_ne_bytes();
        self.control
            .update(&key, &value.to_ne_bytes(), MapFlags::ANY)
            .context("cannot write wait_control")
    }

    /// Returns the cost of its programs; `None` if the kernel has not counted it.
    fn cost(&self) -> Option<WaitCost> {
        let mut cost = WaitCost::default();
        for program in &self.programs {
            let (events, ns) = program::run_time(program.as_fd())?;
            cost.events += events;
            cost.ns += ns;
        }
        (cost.events > 0).then_some(cost)
    }
}
