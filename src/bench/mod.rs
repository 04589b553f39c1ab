//! `bench`: what the scheduler does to waiting times, to work and to the machine, beside the kernel's
//! own means to the same end.
//!
//! A measurement is a crew of child processes (this program run again) that begin and end at moments
//! told before, so that their parent sleeps meanwhile. Each is repeated, all rivals within each
//! repetition, so that a machine that changes its pace changes it for all of them. Nothing of the
//! machine is changed but its scheduler, which goes with the program: see [`crew`].

pub mod crew;
mod figure;
mod machine;
mod measurement;
mod memory;
pub(crate) mod observed;
pub mod part;
mod peer;
pub(crate) mod record;
pub mod report;
mod results;
mod rival;
mod run;
mod statistics;
pub mod stop;

pub use measurement::Measurement;
pub use results::Results;
pub use run::{Plan, run};
