//! `set`: changes and prints the tunables of the running scheduler.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::members::write;
use crate::model::{Cause, Tunable, Tunables};
use crate::refusal::{Refusal, Status};
use crate::scheduler::{Handle, Tuning, changes};
use crate::settings::nearest;
use crate::sys::text::scrub;

/// A short form, since it is the one that is changed most.
const SHORT: (&str, &str) = ("guarantee", "batch-guarantee");

/// The tunables as keys of `stats --json`.
#[derive(Serialize)]
pub struct Json {
    guarantee_percent: u8,
    priority_slice_ms: f64,
    batch_slice_ms: f64,
    sleeper_credit_percent: u8,
    protection_us: f64,
}

impl Json {
    pub fn of(now: &Tunables) -> Self {
        Self {
            guarantee_percent: now.guarantee_percent,
            priority_slice_ms: milliseconds(now.priority_slice),
            batch_slice_ms: milliseconds(now.batch_slice),
            sleeper_credit_percent: now.sleeper_credit_percent,
            protection_us: 1000.0 * milliseconds(now.protection),
        }
    }
}

/// Changes all named tunables or none, and prints them as they hold then; without names, prints all.
pub fn run(values: &[String]) -> Result<()> {
    let mut tuning = Tuning::default();
    let mut named = Vec::new();
    for typed in values {
        let (tunable, value) = parse(typed)?;
        tuning = tuning.with(tunable, value);
        named.push(tunable);
    }
    let mut handle = Handle::open()?;
    let now = if named.is_empty() {
        handle.tunables()?
    } else {
        loop {
            let now = handle.tune(tuning)?;
            if handle.is_active() {
                break now;
            }
            // The next scheduler may have taken the old values over.
            handle = Handle::open_next()?;
        }
    };
    let in_order = Tunable::ALL.into_iter();
    let changed = in_order.clone().filter(|tunable| named.contains(tunable));
    let change = |tunable: Tunable| {
        let (name, unit) = (tunable.name(), tunable.unit());
        let setting = format!("{name} {} {unit}", now.get(tunable));
        changes::set(Cause::Command, setting)
    };
    changes::note(&changed.map(change).collect::<Vec<_>>());
    let shown = in_order.filter(|tunable| named.is_empty() || named.contains(tunable));
    let line = |tunable: Tunable| {
        let (name, unit) = (tunable.name(), tunable.unit());
        format!("{name:<15} {} {unit}\n", now.get(tunable))
    };
    write(&shown.map(line).collect::<String>()).map(drop)
}

fn parse(typed: &str) -> Result<(Tunable, u16), Refusal> {
    let refuse = |sentence: String| Refusal::new(Status::BadArgument, sentence);
    let (name, value) = typed.split_once('=').ok_or_else(|| {
        let typed = scrub(typed.as_bytes());
        refuse(format!(
            "invalid value '{typed}': expected NAME=VALUE, e.g. guarantee=20"
        ))
    })?;
    let long = if name == SHORT.0 { SHORT.1 } else { name };
    let mut all = Tunable::ALL.into_iter();
    let known = all.find(|tunable| tunable.name() == long);
    let tunable = known.ok_or_else(|| {
        let near = nearest(name, Tunable::ALL.into_iter().map(Tunable::name));
        let name = scrub(name.as_bytes());
        refuse(format!("unknown tunable '{name}': did you mean '{near}'?"))
    })?;
    let range = tunable.range();
    let value = value.parse().ok().filter(|value| range.contains(value));
    let value = value.ok_or_else(|| {
        let (typed, name) = (scrub(typed.as_bytes()), tunable.name());
        let (from, to, unit) = (range.start(), range.end(), tunable.unit());
        refuse(format!(
            "invalid value '{typed}': expected {name}=N with N from {from} to {to} ({unit})"
        ))
    })?;
    Ok((tunable, value))
}

fn milliseconds(time: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let ns = time.as_nanos() as f64;
    ns / 1e6
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn set_takes_the_same_values_as_the_option() {
        for tunable in Tunable::ALL {
            let (name, range) = (tunable.name(), tunable.range());
            for value in [
                range.start().wrapping_sub(1),
                *range.start(),
                *range.end(),
                range.end() + 1,
            ] {
                let option = Cli::try_parse_from([
                    "dualq-top",
                    "attach",
                    &format!("--{name}"),
                    &value.to_string(),
                ]);
                let set = parse(&format!("{name}={value}"));
                assert_eq!(option.is_ok(), set.is_ok(), "{name}={value}");
            }
        }
    }

    #[test]
    fn options_default_to_the_default_tunables() {
        let cli = Cli::try_parse_from(["dualq-top"]).unwrap();
        let options = crate::scheduler::Options::from(cli.scheduler);
        assert_eq!(options.tunables, Tunables::default());
    }

    #[test]
    fn an_invalid_tunable_is_refused_in_a_sentence() {
        for (typed, said) in [
            ("guarantee", "expected NAME=VALUE"),
            ("guarante=20", "did you mean 'batch-guarantee'?"),
            ("guarantee=51", "from 0 to 50 (%)"),
            ("guarantee=", "from 0 to 50 (%)"),
            ("batch-slice=0", "from 1 to 100 (ms)"),
            ("\u{1b}[2J=1", "unknown tunable"),
        ] {
            let refusal = parse(typed).map(|(_, value)| value).unwrap_err();
            assert_eq!(refusal.status, Status::BadArgument);
            assert!(
                refusal.sentence.contains(said),
                "{typed}: {}",
                refusal.sentence
            );
            assert!(!refusal.sentence.contains('\u{1b}'));
        }
    }
}
