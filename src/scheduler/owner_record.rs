//! The owner's record: the process that attached the scheduler, and its fixed options, in a pinned map.

use anyhow::{Context, Result};
use libbpf_rs::{MapCore, MapFlags, MapHandle};

/// Version of the layout. It changes with the layout of any pinned map, to recognise other versions' pins.
const LAYOUT: u32 = 6;

/// The owner's record: `struct owner_record` in src/bpf/state.h.
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
    const SIZE: usize = 40;

    fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[0..4].copy_from_slice(&LAYOUT.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.pid.to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.start_ticks.to_ne_bytes());
        bytes[16..24].copy_from_slice(&self.attached_at_ns.to_ne_bytes());
        bytes[24..28].copy_from_slice(&self.timeout_ms.to_ne_bytes());
        bytes[28..32].copy_from_slice(&u32::from(self.stays).to_ne_bytes());
        bytes[32..36].copy_from_slice(&u32::from(self.batch_fifo).to_ne_bytes());
        bytes[36..40].copy_from_slice(&u32::from(self.priority_fifo).to_ne_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let u32_at = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        if bytes.len() != Self::SIZE || u32_at(0)? != LAYOUT {
            return None;
        }
        Some(Self {
            pid: u32_at(4)?,
            start_ticks: u64_at(8)?,
            attached_at_ns: u64_at(16)?,
            timeout_ms: u32_at(24)?,
            stays: u32_at(28)? != 0,
            batch_fifo: u32_at(32)? != 0,
            priority_fifo: u32_at(36)? != 0,
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
        map.update(&0u32.to_ne_bytes(), &self.to_bytes(), MapFlags::ANY)
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
        let mut bytes = record.to_bytes();
        assert_eq!(OwnerRecord::from_bytes(&bytes), Some(record));
        assert_eq!(OwnerRecord::from_bytes(&bytes[1..]), None);
        bytes[0] ^= 1;
        assert_eq!(OwnerRecord::from_bytes(&bytes), None);
    }
}
