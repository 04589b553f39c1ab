//! The demonstration load: hogs that never sleep, and a metronome, which has work to do sixty
//! times a second and counts the deadlines that it misses. All are child processes, this program
//! run again under a hidden subcommand: ordinary BATCH processes, not the program's own.
//!
//! They are bounded in number (here), in time and in memory (each bounds itself), and none outlives
//! the program: the kernel kills them when the thread that started them ends, however it ends.

#![forbid(unsafe_code)]

pub mod keeper;
mod load;
pub mod part;
mod record;

use std::time::Duration;

use anyhow::{Result, bail};

pub use load::Load;

use crate::observe::online_cpus;
use crate::refusal::{Refusal, Status};

/// The names that the list shows (`comm`).
pub const HOG: &str = "demo-hog";
pub const METRONOME: &str = "demo-metronome";

/// One frame of the metronome.
pub const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// CPU time of a frame's work unless said otherwise: more than its share beside two hogs a CPU, and
/// with room to spare for who goes first.
pub const WORK_MS: u32 = 10;
/// A frame lasts 16.7 ms: more than this could never be done in time.
pub const MOST_WORK_MS: u32 = 15;
/// The load ends by itself after this time unless said otherwise, and after the second at the latest.
pub const SECONDS: u32 = 30 * 60;
pub const MOST_SECONDS: u32 = 4 * 3600;
/// More hogs than this tell nothing more.
pub const MOST_HOGS: u32 = 1024;
const MOST_HOGS_A_CPU: u32 = 16;
const HOGS_A_CPU: u32 = 2;

/// What load to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub hogs: u32,
    pub work: Duration,
    pub lasts: Duration,
}

impl Plan {
    /// With two hogs for each CPU unless it is said how many.
    ///
    /// # Errors
    /// A [`Refusal`] where that would be too many for this machine.
    pub fn new(hogs: Option<u32>, work_ms: u32, seconds: u32) -> Result<Self> {
        let cpus = u32::try_from(online_cpus().len()).unwrap_or(1).max(1);
        let most = cpus.saturating_mul(MOST_HOGS_A_CPU).min(MOST_HOGS);
        let hogs = hogs.unwrap_or(cpus.saturating_mul(HOGS_A_CPU).min(most));
        if hogs > most {
            bail!(Refusal::new(
                Status::BadArgument,
                format!("{hogs} hogs are too many for {cpus} CPUs: --hogs {most} is the most"),
            ));
        }
        Ok(Self {
            hogs,
            work: Duration::from_millis(u64::from(work_ms)),
            lasts: Duration::from_secs(u64::from(seconds)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_hogs_is_bounded_by_the_machine() {
        let cpus = u32::try_from(online_cpus().len()).unwrap();
        let plan = |hogs| Plan::new(hogs, WORK_MS, SECONDS);
        assert_eq!(plan(None).unwrap().hogs, 2 * cpus);
        assert_eq!(plan(Some(0)).unwrap().hogs, 0);
        let refusal = plan(Some(16 * cpus + 1)).unwrap_err();
        assert!(refusal.to_string().contains("--hogs"), "{refusal}");
    }
}
