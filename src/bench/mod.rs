//! `bench`: measures latency, throughput and overhead under dualq and under other ways to favour a process.
//! It may import: `kernel`, `model`, `observe`, `refusal`, `scheduler`, `sys`, `workload`.
//! It must never know: the dashboard, a command.
//!
//! A measurement runs child processes (this program again) that begin and end at given times, so that their parent
//! sleeps meanwhile. Each repetition measures all contenders, so that a machine that changes its speed changes it for all
//! of them. Nothing on the machine is changed except its scheduler, which ends with the program: see [`workers`].

#![warn(missing_docs)]

mod contender;
mod figure;
mod machine;
mod measurement;
mod memory;
pub(crate) mod observed;
mod peer;
pub mod report;
mod results;
mod run;
mod statistics;
pub mod stop;
pub mod worker;
pub(crate) mod worker_report;
pub mod workers;

pub use measurement::Measurement;
pub use results::Results;
pub use run::{Plan, run};
