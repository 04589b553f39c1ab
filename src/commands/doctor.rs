//! `doctor`: checks whether the scheduler can start here, and prints the remedy if it cannot.

use anyhow::{Error, Result};
use serde::Serialize;

use super::members::write;
use crate::model::ActiveScheduler;
use crate::observe::Iterator as TaskIterator;
use crate::refusal::{Refusal, Status};
use crate::scheduler::finding::{Check, Finding};
use crate::scheduler::preflight::{checks, first_refusal};
use crate::scheduler::{Options, sysfs, try_to_load};
use crate::sys::text::thousands;

/// The JSON output. Its keys are an interface: see docs/JSON.md.
#[derive(Serialize)]
struct Report {
    checks: Vec<CheckResult>,
}

#[derive(Serialize)]
struct CheckResult {
    name: &'static str,
    result: &'static str,
    text: String,
}

impl From<&Check> for CheckResult {
    fn from(check: &Check) -> Self {
        let (result, text) = match &check.finding {
            Finding::Fine(text) => ("ok", text),
            Finding::Lacking(text) => ("lacking", text),
            Finding::Refused(refusal) => ("refused", &refusal.sentence),
        };
        Self {
            name: check.name,
            result,
            text: text.clone(),
        }
    }
}

/// Prints the checks, and fails with the same error as a start.
pub fn run(json: bool) -> Result<()> {
    let mut checks = checks();
    // What is known to fail is not tried; another scheduler that runs is no obstacle.
    let tried = match first_refusal(checks.clone()) {
        Ok(()) => true,
        Err(refusal) => matches!(
            refusal.downcast_ref::<Refusal>(),
            Some(refusal) if refusal.status == Status::AnotherSchedulerRuns
        ),
    };
    if tried {
        let at = checks.len()
            - usize::from(matches!(
                sysfs::active_scheduler(),
                ActiveScheduler::Other(_)
            ));
        checks.splice(at..at, [load(), tasks()]);
    }
    let report = Report {
        checks: checks.iter().map(CheckResult::from).collect(),
    };
    let text = if json {
        format!("{}\n", serde_json::to_string(&report)?)
    } else {
        let line =
            |line: &CheckResult| format!("{:<8} {:<10} {}\n", line.result, line.name, line.text);
        report.checks.iter().map(line).collect()
    };
    write(&text)?;
    first_refusal(checks)
}

/// Every program of the scheduler and of the wait instrument, for real.
fn load() -> Check {
    let finding = match try_to_load(Options::default()) {
        Ok(trial) => Finding::Fine(format!(
            "{} programs loaded and unloaded: {} instructions verified, {} at most in one, in {:.2} s",
            trial.programs,
            thousands(trial.instructions),
            thousands(trial.most_of_one),
            trial.took.as_secs_f64()
        )),
        Err(error) => Finding::Refused(refusal(error)),
    };
    Check {
        name: "load",
        finding,
    }
}

/// The one that lists processes: where it cannot be loaded, /proc serves.
fn tasks() -> Check {
    let finding = match TaskIterator::new() {
        Ok(_) => Finding::Fine("processes are listed by a BPF program".to_owned()),
        Err(error) => Finding::Lacking(format!(
            "processes are listed from /proc, which takes more time: {error:#}"
        )),
    };
    Check {
        name: "processes",
        finding,
    }
}

fn refusal(error: Error) -> Refusal {
    error
        .downcast()
        .unwrap_or_else(|error| Refusal::new(Status::KernelCannot, format!("{error:#}")))
}
