//! `set`: changes and prints the tunables of the running scheduler.

use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::members::write;
use crate::model::{Cause, Tunables};
use crate::refusal::{Refusal, Status};
use crate::scheduler::{Handle, Tuning, changes};
use crate::settings::nearest;
use crate::text::scrub;

/// A tunable as the command line knows it, under the name of its option.
struct Tunable {
    name: &'static str,
    /// As its option has it.
    range: RangeInclusive<u16>,
    unit: &'static str,
    set: fn(&mut Tuning, u16),
    get: fn(&Tunables) -> f64,
}

const TUNABLES: [Tunable; 5] = [
    Tunable {
        name: "batch-guarantee",
        range: 0..=50,
        unit: "%",
        set: |tuning, value| tuning.guarantee_percent = u8::try_from(value).ok(),
        get: |now| f64::from(now.guarantee_percent),
    },
    Tunable {
        name: "priority-slice",
        range: 1..=100,
        unit: "ms",
        set: |tuning, value| tuning.priority_slice = Some(Duration::from_millis(value.into())),
        get: |now| milliseconds(now.priority_slice),
    },
    Tunable {
        name: "batch-slice",
        range: 1..=100,
        unit: "ms",
        set: |tuning, value| tuning.batch_slice = Some(Duration::from_millis(value.into())),
        get: |now| milliseconds(now.batch_slice),
    },
    Tunable {
        name: "sleeper-credit",
        range: 0..=50,
        unit: "%",
        set: |tuning, value| tuning.sleeper_credit_percent = u8::try_from(value).ok(),
        get: |now| f64::from(now.sleeper_credit_percent),
    },
    Tunable {
        name: "protection",
        range: 0..=10_000,
        unit: "µs",
        set: |tuning, value| tuning.protection = Some(Duration::from_micros(value.into())),
        get: |now| 1000.0 * milliseconds(now.protection),
    },
];

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
        (tunable.set)(&mut tuning, value);
        named.push(tunable.name);
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
    let changed = TUNABLES
        .iter()
        .filter(|tunable| named.contains(&tunable.name));
    let change = |tunable: &Tunable| {
        let Tunable { name, unit, .. } = tunable;
        let setting = format!("{name} {} {unit}", (tunable.get)(&now));
        changes::set(Cause::Command, setting)
    };
    changes::note(&changed.map(change).collect::<Vec<_>>());
    let shown = TUNABLES.iter();
    let lines = shown.filter(|tunable| named.is_empty() || named.contains(&tunable.name));
    let line = |tunable: &Tunable| {
        let Tunable { name, unit, .. } = tunable;
        format!("{name:<15} {} {unit}\n", (tunable.get)(&now))
    };
    write(&lines.map(line).collect::<String>()).map(drop)
}

fn parse(typed: &str) -> Result<(&'static Tunable, u16), Refusal> {
    let refuse = |sentence: String| Refusal::new(Status::BadArgument, sentence);
    let (name, value) = typed.split_once('=').ok_or_else(|| {
        let typed = scrub(typed.as_bytes());
        refuse(format!(
            "invalid value '{typed}': expected NAME=VALUE, e.g. guarantee=20"
        ))
    })?;
    let long = if name == SHORT.0 { SHORT.1 } else { name };
    let known = TUNABLES.iter().find(|tunable| tunable.name == long);
    let tunable = known.ok_or_else(|| {
        let near = nearest(name, TUNABLES.iter().map(|tunable| tunable.name));
        let name = scrub(name.as_bytes());
        refuse(format!("unknown tunable '{name}': did you mean '{near}'?"))
    })?;
    let range = &tunable.range;
    let value = value.parse().ok().filter(|value| range.contains(value));
    let value = value.ok_or_else(|| {
        let (typed, name) = (scrub(typed.as_bytes()), tunable.name);
        let (from, to, unit) = (range.start(), range.end(), tunable.unit);
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
    fn what_set_takes_is_what_the_option_takes() {
        for Tunable { name, range, .. } in &TUNABLES {
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
    fn what_is_no_tunable_is_refused_in_a_sentence() {
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
