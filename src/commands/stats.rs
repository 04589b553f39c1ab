//! `stats`: prints the counters of the running scheduler.

use std::fmt::Write;

use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::{Map, Value};

use super::members::write;
use super::openmetrics;
use super::set;
use super::waits;
use crate::cli::StatsOptions;
use crate::model::{ActiveScheduler, NoWaits, Waits};
use crate::observe::online_cpus;
use crate::refusal::{Refusal, Status};
use crate::scheduler::{Counter, Counters, Handle, sysfs};

const COLUMNS: [(&str, Counter); 5] = [
    ("PRIORITY enq", Counter::PriorityEnq),
    ("PRIORITY dis", Counter::PriorityDis),
    ("BATCH enq", Counter::BatchEnq),
    ("BATCH dis", Counter::BatchDis),
    ("rescues", Counter::Rescues),
];

/// The JSON output. Its keys are an interface: see docs/JSON.md.
#[derive(Serialize)]
struct Stats {
    scheduler: &'static str,
    /// The content of `/sys/kernel/sched_ext/state`.
    state: String,
    members: usize,
    #[serde(flatten)]
    tunables: set::Json,
    cpus: Vec<Cpu>,
    total: Map<String, Value>,
    /// The waits; `null` if they are not measured.
    waits: Option<waits::Json>,
}

#[derive(Serialize)]
struct Cpu {
    cpu: usize,
    online: bool,
    #[serde(flatten)]
    counters: Map<String, Value>,
}

pub fn run(options: StatsOptions) -> Result<()> {
    let mut handle = Handle::open()?;
    let mut before = None;
    loop {
        // Waits in the interval; in the first output, all waits so far.
        let read = match &handle.waits {
            Ok(reader) => reader.read(|_| None),
            Err(why) => Err(NoWaits::Unavailable(why.clone())),
        };
        let waits = read.as_ref().map(|now| since(now, before.as_ref()));
        let counters = handle.counters()?;
        let members = handle.members.entries()?.len();
        let text = if options.openmetrics {
            openmetrics::of(&handle)?
        } else if options.json {
            format!(
                "{}\n",
                serde_json::to_string(&json(&handle, &counters, members, waits.ok())?)?
            )
        } else {
            table(&counters, members)? + &waits::table(waits)?
        };
        before = read.ok();
        let heard = write(&text)?;
        let Some(seconds) = options.watch.filter(|_| heard) else {
            return Ok(());
        };
        std::thread::sleep(Duration::from_secs(u64::from(seconds)));
        // Open maps stay readable after the scheduler's end, so the kernel is asked whether it still runs.
        if !matches!(
            sysfs::active_scheduler(),
            ActiveScheduler::Dualq | ActiveScheduler::Transition
        ) {
            bail!(Refusal::new(
                Status::NotRunning,
                "the scheduler has ended: start it again with `sudo dualq-top` or `sudo dualq-top attach`",
            ));
        }
        if handle.is_replaced() {
            handle = Handle::open()?;
            before = None;
        }
    }
}

fn since(now: &Waits, before: Option<&Waits>) -> Waits {
    before.map_or_else(|| now.clone(), |before| now.since(before))
}

fn json(
    handle: &Handle,
    counters: &Counters,
    members: usize,
    waits: Option<Waits>,
) -> Result<Stats> {
    let online = online_cpus();
    Ok(Stats {
        scheduler: sysfs::NAME,
        state: sysfs::state(),
        members,
        tunables: set::Json::of(&handle.tunables()?),
        cpus: (0..counters.possible_cpus())
            .map(|cpu| Cpu {
                cpu,
                online: online.contains(&cpu),
                counters: named(|counter| counters.of(cpu, counter)),
            })
            .collect(),
        total: named(|counter| counters.total(counter)),
        waits: waits.as_ref().map(waits::Json::of),
    })
}

fn named(value: impl Fn(Counter) -> u64) -> Map<String, Value> {
    Counter::ALL
        .into_iter()
        .map(|counter| (counter.key().to_owned(), Value::from(value(counter))))
        .collect()
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
