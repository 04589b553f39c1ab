//! One process of a measurement: the program run again. It sets itself up, reports that, waits
//! for the span to measure, works, reports, and ends; in any case with its parent.
//! It may import: `bench::worker_report`, `sys`, `workload`.
//! It must never know: what its figures are compared with, a scheduler, the dashboard.

mod messages;
mod periodic;
mod pipe;
mod policy;
mod span;
pub mod tool;

use std::io::stdout;
use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::sys::parent_death;
pub use periodic::Periodic;
pub use policy::Policy;
pub(crate) use policy::set_scheduler;
pub use span::Span;

/// The process that a measurement orders: the argument of the hidden subcommand, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// The process that it ends with.
    pub parent: u32,
    /// Its scheduling policy.
    pub policy: Policy,
    /// Its work.
    pub job: Job,
}

/// The work of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Threads that each work at intervals, or without a pause.
    Periodic(Periodic),
    /// Groups of senders and receivers.
    Messages {
        /// Groups of 20 senders and 20 receivers.
        groups: usize,
        /// Messages of one sender to one receiver.
        loops: usize,
    },
    /// A byte to another process and back.
    Pipe {
        /// The number of times that the byte goes there and back.
        rounds: u64,
    },
    /// The other end of that.
    Echo,
    /// A benchmark program of others.
    Tool(tool::Run),
    /// Another scheduler's program: a shell's command.
    Peer {
        /// The command.
        command: String,
    },
}

impl Worker {
    /// Returns a process that ends with this one, not started yet.
    ///
    /// # Errors
    /// If the path of this program is unknown.
    pub fn command(policy: Policy, job: Job) -> Result<Command> {
        let worker = Self {
            parent: std::process::id(),
            policy,
            job,
        };
        let mut command = Command::new("/proc/self/exe");
        command.args(["bench-worker", &serde_json::to_string(&worker)?]);
        Ok(command)
    }
}

/// Does the work that was ordered, and writes the report.
///
/// # Errors
/// If the order is no such JSON, or the kernel refuses what the work needs.
pub fn run(order: &str) -> Result<()> {
    let worker: Worker =
        serde_json::from_str(order).context("bench-worker is started by `dualq-top bench`")?;
    if !parent_death::ends_with(worker.parent)? {
        return Ok(());
    }
    if let Job::Peer { command } = &worker.job {
        // The signal that comes with the parent's end stays asked for.
        let exec = format!("exec {command}");
        return Err(Command::new("/bin/sh").args(["-c", &exec]).exec()).context("no /bin/sh");
    }
    rustix::thread::set_name(c"bench-worker").context("cannot name this thread")?;
    worker.policy.adopt()?;
    // Otherwise the kernel may put a wake-up off by 50 µs, to bundle it with others.
    rustix::thread::set_current_timer_slack(NonZero::new(1))
        .context("cannot set the timer slack")?;
    let record = match &worker.job {
        Job::Periodic(job) => job.run()?,
        Job::Messages { groups, loops } => messages::run(*groups, *loops)?,
        Job::Pipe { rounds } => pipe::run(*rounds, Worker::command(Policy::Normal, Job::Echo)?)?,
        Job::Tool(run) => run.run(worker.policy, |command| {
            Worker::command(Policy::Normal, Job::Peer { command })
        })?,
        Job::Echo | Job::Peer { .. } => return pipe::echo(),
    };
    serde_json::to_writer(stdout().lock(), &record)?;
    Ok(())
}
