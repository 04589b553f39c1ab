//! The demonstration load: hogs that never sleep, and a frame: one thread per CPU, which together have work sixty times
//! per second and count their missed deadlines. All are child processes, this program under another name: normal
//! BATCH processes, not own ones.
//! It may import: `model`, `observe`, `refusal`, `sys`, `tui::app`, `tui::event_queue`, `workload`.
//! It must never know: a scheduler, the screen, a command.
//!
//! They are limited in number (here), in time and in memory (each limits itself). None outlives the program: the
//! kernel kills them when the thread that started them ends, however it ends.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod frame;
mod frame_report;
mod job;
mod load;
pub mod supervisor;
pub mod worker;

use std::time::Duration;

use anyhow::{Result, bail};

pub use load::Load;

use crate::observe::online_cpus;
use crate::refusal::{Refusal, Status};

/// The names and the command lines in the list.
pub const HOG: &str = "demo-hog";
/// The same of the frame.
pub const FRAME_NAME: &str = "demo-frame";

/// The length of a frame.
pub const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// The default CPU time of a frame's work on each CPU: 60 % of a frame. That is easily done in PRIORITY, and five times
/// its share beside eight hogs per CPU.
pub const WORK: Duration = Duration::from_millis(10);
/// Its maximum p95, on a machine that stalls: the work is less there, but with less than half of a frame BATCH would miss
/// none either.
pub const STALLED_WORK: Duration = Duration::from_millis(13);
/// The maximum CPU time of a frame's work. A frame lasts 16.7 ms, so more could never be done in time.
pub const MOST_WORK_MS: u32 = 15;
/// The default and the maximum duration of the load, in seconds.
pub const SECONDS: u32 = 30 * 60;
/// The maximum, in seconds.
pub const MOST_SECONDS: u32 = 4 * 3600;
/// The maximum number of hogs.
pub const MOST_HOGS: u32 = 1024;
const MOST_HOGS_A_CPU: u32 = 16;
const HOGS_A_CPU: u32 = 8;

/// The parameters of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The number of hogs.
    pub hogs: u32,
    /// The number of the frame's threads: one per CPU.
    pub threads: u32,
    /// CPU time of a frame on each CPU; `None` lets the frame measure what the machine gives.
    pub work: Option<Duration>,
    /// The load ends by itself after this time.
    pub lasts: Duration,
}

impl Plan {
    /// Creates a plan, by default with eight hogs per CPU and as much work as the machine gives.
    ///
    /// # Errors
    /// A [`Refusal`] if there are too many hogs for this machine.
    pub fn new(hogs: Option<u32>, work_ms: Option<u32>, seconds: u32) -> Result<Self> {
        let cpus = u32::try_from(online_cpus().len()).unwrap_or(1).max(1);
        let most = cpus.saturating_mul(MOST_HOGS_A_CPU).min(MOST_HOGS);
        let hogs = hogs.unwrap_or(cpus.saturating_mul(HOGS_A_CPU).min(most));
        if hogs > most {
            bail!(Refusal::new(
                Status::BadArgument,
                format!(
                    "invalid value '{hogs}' for --hogs: expected at most {most} on {cpus} CPUs"
                ),
            ));
        }
        Ok(Self {
            hogs,
            threads: cpus,
            work: work_ms.map(|ms| Duration::from_millis(u64::from(ms))),
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
        let plan = |hogs| Plan::new(hogs, None, SECONDS);
        assert_eq!(plan(None).unwrap().hogs, 8 * cpus);
        assert_eq!(plan(Some(0)).unwrap().hogs, 0);
        let refusal = plan(Some(16 * cpus + 1)).unwrap_err();
        assert!(refusal.to_string().contains("--hogs"), "{refusal}");
    }
}
