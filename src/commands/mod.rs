//! The commands, one file each. A command prints its result, or returns the refusal that `main` prints.
//! It may import: `bench`, `cli`, `demo`, `kernel`, `model`, `observe`, `record`, `refusal`, `rules`,
//! `scheduler`, `service`, `settings`, `sys`, `trace`, `tui`.
//! It must never know: how a thing is done: each command connects those who know.

#![warn(missing_docs)]

mod attach;
mod bench;
mod dashboard;
mod demo;
mod detach;
mod doctor;
mod documents;
mod export;
mod following;
mod log;
mod members;
pub(crate) mod metrics;
mod openmetrics;
pub(crate) mod process;
mod replay;
mod rules;
mod run;
mod set;
mod stats;
mod trace;
mod waits;

use std::time::Duration;

use anyhow::Result;
use clap::ArgMatches;

use self::export::Export;
use crate::bench::worker as bench_worker;
use crate::cli::{Cli, Command, QueueOrder, SchedulerOptions, StatsOptions, Which};
use crate::model::Tunables;
use crate::refusal::complain;
use crate::scheduler::{Options, WaitsOption};
use crate::settings::Settings;

impl From<SchedulerOptions> for Options {
    fn from(options: SchedulerOptions) -> Self {
        Self {
            tunables: Tunables {
                guarantee_percent: options.batch_guarantee,
                priority_slice: Duration::from_millis(u64::from(options.priority_slice)),
                batch_slice: Duration::from_millis(u64::from(options.batch_slice)),
                sleeper_credit_percent: options.sleeper_credit,
                protection: Duration::from_micros(u64::from(options.protection)),
            },
            timeout: Duration::from_secs(u64::from(options.watchdog)),
            stay: options.stay,
            refuse_limits: options.refuse_limits,
            batch_fifo: options.batch_order == QueueOrder::Fifo,
            priority_fifo: options.priority_order == QueueOrder::Fifo,
            capacity: options.max_members,
            waits: if options.no_waits {
                WaitsOption::Later
            } else {
                WaitsOption::FromTheStart
            },
        }
    }
}

/// Runs the command of the command line.
///
/// # Errors
/// A [`crate::refusal::Refusal`] for what a person can remedy; anything else with its causes.
pub fn run(cli: Cli, matches: &ArgMatches) -> Result<()> {
    let short = cli.short;
    let one = |pid| Which {
        pids: vec![pid],
        name: None,
    };
    let command = match cli.command {
        Some(command) => command,
        None if short.list => Command::List { json: false },
        None if short.stats => Command::Stats(StatsOptions::default()),
        None => match (short.add, short.remove) {
            (Some(pid), _) => Command::Add {
                which: one(pid),
                children: false,
                level: None,
            },
            (None, Some(pid)) => Command::Remove(one(pid)),
            (None, None) => {
                let settings = Settings::load(cli.config.as_deref())?;
                let options = settings.scheduler(cli.scheduler, matches);
                let look = settings.look(cli.look);
                return dashboard::run(
                    options.into(),
                    look,
                    settings.preferences,
                    dashboard::Start::usual(cli.view),
                    cli.record.record.as_deref(),
                );
            }
        },
    };
    match command {
        Command::Attach(options) => {
            let settings = Settings::load(cli.config.as_deref())?;
            print_note(&settings);
            let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
            attach::run(
                &options,
                settings.scheduler(options.scheduler, matches).into(),
            )
        }
        Command::Detach => detach::run(),
        Command::Doctor { json } => doctor::run(json),
        Command::Add {
            which,
            children,
            level,
        } => members::add(&which, children, level),
        Command::Remove(which) => members::remove(&which),
        Command::Run(options) => {
            let settings = Settings::load(cli.config.as_deref())?;
            let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
            let scheduler = settings.scheduler(options.scheduler, matches).into();
            run::check(&options, matches)?;
            run::run(&options, scheduler)
        }
        Command::Rules(command) => rules::run(&command),
        Command::List { json } => members::list(json),
        Command::Log { json } => log::run(json),
        Command::Stats(options) => stats::run(options),
        Command::Trace(options) => trace::run(&options),
        Command::Set { values } => set::run(&values),
        Command::Completions { shell } => documents::completions(shell),
        Command::Man => documents::man(),
        Command::Demo(options) => {
            let settings = Settings::load(cli.config.as_deref())?;
            if options.headless {
                print_note(&settings);
            }
            let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
            let scheduler = settings.scheduler(options.scheduler, matches).into();
            let look = settings.look(cli.look);
            demo::run(&options, scheduler, look, settings.preferences)
        }
        Command::Replay { file, export, size } => {
            let settings = Settings::load(cli.config.as_deref())?;
            let look = settings.look(cli.look);
            let export = export.as_deref().and_then(|words| match words {
                [format, path] => Some(Export { format, path, size }),
                _ => None,
            });
            replay::run(file.as_deref(), export, look, settings.preferences)
        }
        Command::Bench(options) => bench::run(&options),
        Command::BenchWorker { order } => bench_worker::run(&order),
    }
}

/// Prints what the dashboard would show on its message line.
fn print_note(settings: &Settings) {
    if let Some(note) = settings.preferences.note.as_deref() {
        complain(note);
    }
}
