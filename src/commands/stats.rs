//! `stats`: the counters of the running scheduler.

use std::fmt::Write;

use anyhow::Result;

use super::members::write;
use crate::scheduler::{Counter, Counters, Handle};

const COLUMNS: [(&str, Counter); 5] = [
    ("PRIORITY enq", Counter::PriorityEnq),
    ("PRIORITY dis", Counter::PriorityDis),
    ("BATCH enq", Counter::BatchEnq),
    ("BATCH dis", Counter::BatchDis),
    ("rescues", Counter::Rescues),
];

pub fn run() -> Result<()> {
    let handle = Handle::open()?;
    let counters = handle.counters()?;
    let members = handle.members.list()?.len();
    write(&table(&counters, members)?)
}

fn table(counters: &Counters, members: usize) -> Result<String> {
    let mut out = String::new();
    write!(out, "{:<6}", "CPU")?;
    for (name, _) in COLUMNS {
        write!(out, "{name:>14}")?;
    }
    writeln!(out, "{:>14}{:>14}", "PRIORITY s", "BATCH s")?;
    for cpu in 0..counters.possible_cpus() {
        row(&mut out, &cpu.to_string(), |counter| {
            counters.of(cpu, counter)
        })?;
    }
    row(&mut out, "total", |counter| counters.total(counter))?;
    writeln!(
        out,
        "members {members}, ended {}, preemptions {}",
        counters.total(Counter::MemberExits),
        counters.total(Counter::Preemptions),
    )?;
    Ok(out)
}

fn row(out: &mut String, name: &str, value: impl Fn(Counter) -> u64) -> Result<()> {
    write!(out, "{name:<6}")?;
    for (_, counter) in COLUMNS {
        write!(out, "{:>14}", value(counter))?;
    }
    for counter in [Counter::PriorityNs, Counter::BatchNs] {
        #[allow(clippy::cast_precision_loss)]
        let seconds = value(counter) as f64 / 1e9;
        write!(out, "{seconds:>14.1}")?;
    }
    writeln!(out)?;
    Ok(())
}
