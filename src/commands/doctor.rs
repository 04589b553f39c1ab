//! `doctor`: checks whether the scheduler can start here, and prints the remedy if it cannot.

use anyhow::{Result, bail};
use serde::Serialize;

use super::members::write;
use crate::scheduler::preflight::{Check, Finding, check, checks};

/// The JSON output. Its keys are an interface: see docs/JSON.md.
#[derive(Serialize)]
struct Report {
    checks: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    result: &'static str,
    text: String,
}

impl From<Check> for Line {
    fn from(check: Check) -> Self {
        let (result, text) = match check.finding {
            Finding::Fine(text) => ("ok", text),
            Finding::Lacking(text) => ("lacking", text),
            Finding::Refused(refusal) => ("refused", refusal.sentence),
        };
        Self {
            name: check.name,
            result,
            text,
        }
    }
}

/// Prints the checks, and fails with the same error as a start.
pub fn run(json: bool) -> Result<()> {
    let report = Report {
        checks: checks().into_iter().map(Line::from).collect(),
    };
    let text = if json {
        format!("{}\n", serde_json::to_string(&report)?)
    } else {
        let line = |line: &Line| format!("{:<8} {:<10} {}\n", line.result, line.name, line.text);
        report.checks.iter().map(line).collect()
    };
    write(&text)?;
    if let Err(refusal) = check() {
        bail!(refusal);
    }
    Ok(())
}
