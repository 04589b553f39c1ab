//! The report that a process writes to its pipe: numbers, in this machine's byte order.

use anyhow::{Result, bail};

/// The first byte: everything is set up, and nothing is done yet.
pub const READY: u8 = b'r';

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Number of pieces of work done within the span.
    pub units: u64,
    /// The latency of each wake-up, in nanoseconds.
    pub wakes: Vec<u64>,
    /// The time from the due time of each piece of work to its completion, in nanoseconds.
    pub dones: Vec<u64>,
}

impl Record {
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [self.units, self.wakes.len() as u64, self.dones.len() as u64];
        let numbers = head.iter().chain(&self.wakes).chain(&self.dones);
        numbers.flat_map(|number| number.to_ne_bytes()).collect()
    }

    /// # Errors
    /// If the report is incomplete: the process ended too early.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let numbers: Vec<u64> = numbers.iter().map(|n| u64::from_ne_bytes(*n)).collect();
        let [units, wakes, dones, values @ ..] = numbers.as_slice() else {
            bail!("a part of the measurement ended before its time");
        };
        let whole = wakes.checked_add(*dones) == Some(values.len() as u64);
        if !whole || !rest.is_empty() {
            bail!("a part of the measurement ended in the middle of its report");
        }
        let (wakes, dones) = values.split_at(usize::try_from(*wakes)?);
        Ok(Self {
            units: *units,
            wakes: wakes.to_vec(),
            dones: dones.to_vec(),
        })
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
        let record = Record {
            units: 12,
            wakes: vec![1, 2, u64::MAX],
            dones: vec![9],
        };
        let bytes = record.to_bytes();
        assert_eq!(Record::from_bytes(&bytes).unwrap(), record);
        for length in [0, 16, bytes.len() - 8, bytes.len() - 1] {
            assert!(Record::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        let mut absurd = bytes;
        absurd[8..16].copy_from_slice(&u64::MAX.to_ne_bytes());
        assert!(Record::from_bytes(&absurd).is_err());
    }
}
