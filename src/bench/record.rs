//! What a part writes into its pipe when it is done: numbers, in this machine's byte order.

use anyhow::{Result, bail};

/// The first byte of all: everything is set up, and nothing done yet.
pub const READY: u8 = b'r';

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Pieces of work done within the span.
    pub units: u64,
    /// For each wake-up, how late it ran: nanoseconds.
    pub wakes: Vec<u64>,
    /// For each piece of work that was due at a time, from then until it was done.
    pub dones: Vec<u64>,
}

impl Record {
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [self.units, self.wakes.len() as u64, self.dones.len() as u64];
        let numbers = head.iter().chain(&self.wakes).chain(&self.dones);
        numbers.flat_map(|number| number.to_ne_bytes()).collect()
    }

    /// # Errors
    /// Where it is not whole: the part ended before its time.
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

    /// With what another thread or process has done.
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
