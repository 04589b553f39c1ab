//! The owner's record: the process that attached the scheduler, and its fixed options, in a pinned map.

use anyhow::{Context, Result};
use libbpf_rs::{MapCore, MapFlags, MapHandle};

use crate::kernel::layout;
use crate::kernel::skeletons::dualq::types::owner_record;

/// Version of the layout. It changes with the layout of any pinned map, to recognise other versions' pins.
const LAYOUT: u32 = 8;

/// The owner's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerRecord {
    /// The owner's process id.
    pub pid: u32,
    /// The owner's start time in ticks of 10 ms after boot.
    pub start_ticks: u64,
    /// Time of attaching on `CLOCK_MONOTONIC`, in nanoseconds.
    pub attached_at_ns: u64,
    /// The watchdog's limit, in milliseconds.
    pub timeout_ms: u32,
    /// Started with `--stay`.
    pub stays: bool,
    /// True if BATCH is first come, first served.
    pub batch_fifo: bool,
    /// True if PRIORITY is first come, first served.
    pub priority_fifo: bool,
}

impl OwnerRecord {
    fn to_kernel(self) -> owner_record {
        owner_record {
            layout: LAYOUT,
            pid: self.pid,
            start_ticks: self.start_ticks,
            attached_at_ns: self.attached_at_ns,
            timeout_ms: self.timeout_ms,
            stays: self.stays.into(),
            batch_fifo: self.batch_fifo.into(),
            priority_fifo: self.priority_fifo.into(),
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let record: owner_record = layout::read(bytes)?;
        (record.layout == LAYOUT).then_some(Self {
            pid: record.pid,
            start_ticks: record.start_ticks,
            attached_at_ns: record.attached_at_ns,
            timeout_ms: record.timeout_ms,
            stays: record.stays != 0,
            batch_fifo: record.batch_fifo != 0,
            priority_fifo: record.priority_fifo != 0,
        })
    }

    /// Reads the record; `None` if it has another version's layout.
    pub(super) fn read(map: &MapHandle) -> Result<Option<Self>> {
        let bytes = map
            .lookup(&0u32.to_ne_bytes(), MapFlags::ANY)
            .context("cannot read the owner's record")?;
        Ok(bytes.as_deref().and_then(Self::from_bytes))
    }

    pub(super) fn write(self, map: &MapHandle) -> Result<()> {
        let record = self.to_kernel();
        map.update(&0u32.to_ne_bytes(), layout::bytes(&record), MapFlags::ANY)
            .context("cannot write the owner's record")
    }

    /// Returns true if the process that wrote the record still lives. Its id alone may have been reused.
    #[must_use]
    pub fn lives(&self) -> bool {
        start_ticks_of(self.pid) == Some(self.start_ticks)
    }
}

/// Returns the start time of a living process from `/proc/PID/stat`. A zombie does not count: its descriptors are
/// closed.
pub(super) fn start_ticks_of(pid: u32) -> Option<u64> {
    let stat = procfs::process::Process::new(pid.cast_signed())
        .and_then(|process| process.stat())
        .ok()?;
    (!matches!(stat.state, 'Z' | 'X')).then_some(stat.starttime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_record_reads_back_and_other_layouts_are_refused() {
        let record = OwnerRecord {
            pid: 42,
            start_ticks: 1 << 40,
            attached_at_ns: u64::MAX,
            timeout_ms: 30_000,
            stays: true,
            batch_fifo: false,
            priority_fifo: false,
        };
        let mut kernel = record.to_kernel();
        assert_eq!(
            OwnerRecord::from_bytes(layout::bytes(&kernel)),
            Some(record)
        );
        assert_eq!(OwnerRecord::from_bytes(&layout::bytes(&kernel)[1..]), None);
        kernel.layout ^= 1;
        assert_eq!(OwnerRecord::from_bytes(layout::bytes(&kernel)), None);
    }
}
