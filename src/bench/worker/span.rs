//! The word between a process of a measurement and its parent: ready, and when to begin and to end.

use std::io::{Read, Write, stdin, stdout};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::record::READY;

/// Between these two moments of `CLOCK_MONOTONIC` is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub begin: Duration,
    pub end: Duration,
}

impl Span {
    pub fn to_bytes(self) -> [u8; 16] {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&nanos(self.begin).to_ne_bytes());
        bytes[8..].copy_from_slice(&nanos(self.end).to_ne_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; 16]) -> Self {
        let (numbers, _) = bytes.as_chunks::<8>();
        let time = |bytes| Duration::from_nanos(u64::from_ne_bytes(bytes));
        Self {
            begin: time(numbers[0]),
            end: time(numbers[1]),
        }
    }
}

/// Says that all is set up, and waits for the word.
pub(super) fn ready() -> Result<Span> {
    stdout().write_all(&[READY])?;
    stdout().flush()?;
    let mut bytes = [0; 16];
    stdin()
        .read_exact(&mut bytes)
        .context("the parent does not measure any more")?;
    Ok(Span::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_arrives_as_it_was_sent() {
        let span = Span {
            begin: Duration::from_nanos(17),
            end: Duration::from_secs(1 << 33),
        };
        assert_eq!(Span::from_bytes(span.to_bytes()), span);
    }
}
