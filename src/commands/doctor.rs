//! `doctor`: whether a scheduler can be started here, and what to do where it cannot.

use anyhow::{Result, bail};
use serde::Serialize;

use super::members::write;
use crate::scheduler::preflight::{Check, Finding, check, checks};

/// Its keys are an interface: `checks: [{name, result, text}]`, `result` one of ok, lacking, refused.
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

/// Fails as a start would.
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
