//! `run`: starts a command as a member, with its children.
//! It may import: `cli`, `kernel`, `model`, `refusal`, `scheduler`, `sys`.
//! It must never know: the dashboard, another command.
//!
//! Beside a running scheduler this process itself becomes the command, as under nice(1) and
//! taskset(1): exit status, signals and the terminal need no passing on. Only with `--attach`, where
//! somebody has to answer for the scheduler, the command has a parent that waits for it.

mod attached;

use std::ffi::{CString, OsStr};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use crate::cli::{RunOptions, RunQueue, SchedulerOptions};
use crate::kernel::sysfs;
use crate::model::ActiveScheduler;
use crate::refusal::{Refusal, Status, complain};
use crate::scheduler::Options;
use crate::sys::text::scrub;

/// The exit statuses of a command that could not be started, as in env(1) and sh(1).
const CANNOT_RUN: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Refuses options of a scheduler that nobody is asked to attach, and a level in BATCH.
///
/// # Errors
/// A [`Refusal`] that names the first of them.
pub fn check(options: &RunOptions, matches: &ArgMatches) -> Result<()> {
    if options.queue == RunQueue::Batch && options.level.is_some() {
        bail!(Refusal::new(
            Status::BadArgument,
            "cannot use --level in BATCH: only members have a level; leave one of the two out",
        ));
    }
    let scheduler = SchedulerOptions::augment_args(clap::Command::new("attach"));
    let given = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut named = scheduler
        .get_arguments()
        .filter(|option| given(option.get_id().as_str()));
    match named.next().and_then(clap::Arg::get_long) {
        Some(name) if !options.attach => bail!(Refusal::new(
            Status::BadArgument,
            format!(
                "cannot use --{name} beside a scheduler that runs already; say --attach as well"
            ),
        )),
        _ => Ok(()),
    }
}

/// Runs the command. Returns only where it could not be started.
///
/// # Errors
/// A [`Refusal`] where no scheduler of ours runs and none is to be attached, or where it cannot be.
pub fn run(options: &RunOptions, scheduler: Options) -> Result<()> {
    match sysfs::active_scheduler() {
        ActiveScheduler::Dualq => {}
        _ if options.attach => return attached::run(options, scheduler),
        ActiveScheduler::KernelDefault | ActiveScheduler::Transition => bail!(Refusal::new(
            Status::NotRunning,
            "cannot run the command as a member: the scheduler does not run; start it with `sudo dualq-top attach`, or say --attach to have it for as long as the command runs",
        )),
        // `add` says what is wrong.
        _ => {}
    }
    if options.unblock {
        attached::unblock()?;
    }
    take_the_commands_name(options);
    move_this_process(options)?;
    become_the_command(options)
}

/// The move is noted under the name that the process has then: the one that its program will give it.
fn take_the_commands_name(options: &RunOptions) {
    let name = options
        .command
        .first()
        .and_then(|program| Path::new(program).file_name())
        .and_then(|name| CString::new(name.as_encoded_bytes()).ok());
    if let Some(name) = name {
        // The kernel cuts it as at the start of a program. It is for the reader only.
        let _ = rustix::thread::set_name(&name);
    }
}

/// Moves this process, which is to be the command. A process of its own does it: dualq-top serves
/// those that reach into the scheduler first, until they end, and the command is none of them.
fn move_this_process(options: &RunOptions) -> Result<()> {
    let verb: &[&str] = match options.queue {
        RunQueue::Priority => &["add", "--children"],
        RunQueue::Batch => &["remove"],
    };
    let status = Command::new(attached::SELF)
        .args(verb)
        .args(options.level.map(|level| format!("--level={level}")))
        .arg(std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot start dualq-top once more to add the command")?;
    match status.code() {
        Some(0) => Ok(()),
        // It has said why.
        Some(code) => std::process::exit(code),
        None => {
            bail!("cannot add the command: the process that was to do it was killed; try again")
        }
    }
}

fn become_the_command(options: &RunOptions) -> Result<()> {
    let (program, arguments) = options
        .command
        .split_first()
        .context("the command line asks for a command")?;
    let error = Command::new(program).args(arguments).exec();
    let (status, remedy) = match error.kind() {
        ErrorKind::NotFound => (NOT_FOUND, "check its name and PATH"),
        _ => (
            CANNOT_RUN,
            "check that it is a program and that you may run it",
        ),
    };
    complain(&format!(
        "cannot run {}: {}; {remedy}",
        name_of(program),
        reason(&error)
    ));
    std::process::exit(status)
}

fn name_of(program: &OsStr) -> String {
    scrub(program.as_encoded_bytes())
}

/// Returns the operating system's text of an error without the number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}
