//! One file a command. Each prints its answer, or returns the refusal that `main` prints.

mod attach;
mod dashboard;
mod detach;
mod doctor;
mod members;
mod process;
mod stats;
mod waits;

use std::time::Duration;

use anyhow::Result;

use crate::cli::{BatchOrder, Cli, Command, SchedulerOptions, StatsOptions};
use crate::scheduler::Options;

impl From<SchedulerOptions> for Options {
    fn from(options: SchedulerOptions) -> Self {
        Self {
            guarantee_percent: options.batch_guarantee,
            timeout: Duration::from_secs(u64::from(options.watchdog)),
            stay: options.stay,
            batch_fifo: options.batch_order == BatchOrder::Fifo,
            measure_waits: !options.no_waits,
        }
    }
}

/// Runs what the command line asks for.
///
/// # Errors
/// A [`crate::refusal::Refusal`] for what a person can remedy; anything else with its causes.
pub fn run(cli: Cli) -> Result<()> {
    let short = cli.short;
    let command = match cli.command {
        Some(command) => command,
        None if short.list => Command::List { json: false },
        None if short.stats => Command::Stats(StatsOptions::default()),
        None => match (short.add, short.remove) {
            (Some(pid), _) => Command::Add { pids: vec![pid] },
            (None, Some(pid)) => Command::Remove { pids: vec![pid] },
            (None, None) => return dashboard::run(cli.scheduler.into(), cli.look),
        },
    };
    match command {
        Command::Attach(options) => attach::run(options.into()),
        Command::Detach => detach::run(),
        Command::Doctor { json } => doctor::run(json),
        Command::Add { pids } => members::add(&pids),
        Command::Remove { pids } => members::remove(&pids),
        Command::List { json } => members::list(json),
        Command::Stats(options) => stats::run(options),
    }
}
