//! One process of a measurement: the program run again. It sets itself up, says so, waits for the
//! word when to begin and to end, works, reports, and ends; in any case with its parent.
//! It may import: `bench::record`, `sys`, `workload`.
//! It must never know: what its figures are compared with, a scheduler, the dashboard.

mod messages;
mod periodic;
mod pipe;
mod policy;
mod span;
pub mod tool;

use std::io::{Write, stdout};
use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::sys::parent_death;
pub use periodic::Periodic;
pub use policy::Policy;
pub(crate) use policy::set_scheduler;
pub use span::Span;

/// The hidden subcommand's options.
#[derive(Debug, Clone, Args)]
pub struct Worker {
    /// The process that it ends with
    #[arg(long)]
    pub parent: u32,

    #[arg(long, value_enum, default_value_t)]
    pub policy: Policy,

    #[command(subcommand)]
    pub job: Job,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Job {
    /// Threads that each work at intervals, or without a pause
    Periodic(Periodic),
    /// Groups of senders and receivers
    Messages {
        #[arg(long)]
        groups: usize,
        #[arg(long)]
        loops: usize,
    },
    /// A byte to another process and back
    Pipe {
        #[arg(long)]
        rounds: u64,
    },
    /// The other end of that
    Echo,
    /// A program that people trust
    Tool(tool::Run),
    /// Somebody else's program, a scheduler: a shell's command
    Peer { command: String },
}

/// # Errors
/// Where the kernel refuses what the part needs.
pub fn run(part: &Worker) -> Result<()> {
    if !parent_death::ends_with(part.parent)? {
        return Ok(());
    }
    if let Job::Peer { command } = &part.job {
        // The signal that comes with the parent's end stays asked for.
        let exec = format!("exec {command}");
        return Err(Command::new("/bin/sh").args(["-c", &exec]).exec()).context("no /bin/sh");
    }
    rustix::thread::set_name(c"bench-part").context("cannot be named")?;
    part.policy.adopt()?;
    // Else the kernel may put a wake-up off by 50 µs, to bundle it with others.
    rustix::thread::set_current_timer_slack(NonZero::new(1)).context("no timer slack")?;
    let record = match &part.job {
        Job::Periodic(job) => job.run()?,
        Job::Messages { groups, loops } => messages::run(*groups, *loops)?,
        Job::Pipe { rounds } => pipe::run(*rounds)?,
        Job::Tool(run) => run.run(part.policy)?,
        Job::Echo | Job::Peer { .. } => return pipe::echo(),
    };
    stdout().write_all(&record.to_bytes())?;
    Ok(())
}
