//! The report that a process writes to its pipe: a byte when it is set up, then JSON.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The first byte: everything is set up, and nothing is done yet.
pub const READY: u8 = b'r';

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkerReport {
    /// Number of pieces of work done within the span.
    pub units: u64,
    /// The latency of each wake-up, in nanoseconds.
    pub wakes: Vec<u64>,
    /// The time from the due time of each piece of work to its completion, in nanoseconds.
    pub dones: Vec<u64>,
}

impl WorkerReport {
    /// Reads a whole report.
    ///
    /// # Errors
    /// If it is incomplete: the process ended too early.
    pub fn read(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).context("a worker ended before the measurement was over")
    }

    /// Adds the report of another thread or process.
    pub fn add(&mut self, other: Self) {
        self.units += other.units;
        self.wakes.extend(other.wakes);
        self.dones.extend(other.dones);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_record_reads_back_and_broken_one_does_not() {
        let record = WorkerReport {
            units: 12,
            wakes: vec![1, 2, u64::MAX],
            dones: vec![9],
        };
        let json = serde_json::to_vec(&record).unwrap();
        assert_eq!(WorkerReport::read(&json).unwrap(), record);
        for length in 0..json.len() {
            assert!(WorkerReport::read(&json[..length]).is_err(), "{length}");
        }
    }
}
