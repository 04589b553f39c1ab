//! `demo`: starts the dashboard with a load, or measures the same effect for a script.

use std::fmt::Write as _;
use std::mem::MaybeUninit;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::dashboard::{self, Start};
use super::members::write;
use super::process;
use crate::app::preferences::Preferences;
use crate::cli::{DemoOptions, Look};
use crate::demo::{Load, Plan};
use crate::model::{DemoReading, ProcessId, Queue, Ruler};
use crate::observe::online_cpus;
use crate::refusal::{Refusal, Status};
use crate::rights;
use crate::scheduler::{Handle, Options, Scheduler, preflight, sysfs};
use crate::signal;

/// Pause between a move and measuring its effect.
const SETTLE: Duration = Duration::from_millis(250);
/// Interval for reading the load's counts.
const LOOK: Duration = Duration::from_millis(20);
/// Time limit for the metronome's calibration on a fully loaded machine.
const CALIBRATION: Duration = Duration::from_secs(60);

pub fn run(
    options: &DemoOptions,
    scheduler: Options,
    look: Look,
    preferences: Preferences,
) -> Result<()> {
    let plan = Plan::new(options.hogs, options.work, options.seconds)?;
    if !options.headless {
        let (start, record) = (Start::Demo(plan), options.record.record.as_deref());
        return dashboard::run(scheduler, look, preferences, start, record);
    }
    let mut signals = signal::listen(signal::ENDING.into_iter().chain(signal::fatal()))?;
    let (sender, received) = mpsc::channel();
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = sender.send(signal);
        }
    });
    let result = measure(options, scheduler, plan, &received);
    // The load has ended here, and the scheduler is detached.
    if let Err(error) = &result
        && let Some(Interrupted(signal)) = error.downcast_ref()
    {
        signal::end_by(*signal);
    }
    result
}

/// The error for a signal: everything is cleaned up before the program exits.
#[derive(Debug)]
struct Interrupted(i32);

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ended by signal {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

/// The JSON output. Its keys are an interface: see docs/JSON.md.
#[derive(Serialize)]
struct Report {
    scheduler: String,
    cpus: usize,
    hogs: u32,
    work_ms: u128,
    deadlines_per_second: u32,
    phases: Vec<Phase>,
    /// True if fewer deadlines were missed in PRIORITY than in BATCH; `null` with `--as-is`.
    effect: Option<bool>,
}

#[derive(Serialize)]
struct Phase {
    /// The queue; `null` with `--as-is`.
    queue: Option<&'static str>,
    seconds: f64,
    on_time: u64,
    missed: u64,
    on_time_per_second: f64,
    missed_per_second: f64,
}

fn measure(
    options: &DemoOptions,
    scheduler: Options,
    plan: Plan,
    signals: &Receiver<i32>,
) -> Result<()> {
    let mut storage = MaybeUninit::uninit();
    let mut own = None;
    let handle = match sysfs::ruler() {
        _ if options.as_is => None,
        // Whichever process owns it.
        Ruler::Dualq => {
            let handle = Handle::open()?;
            preflight::in_first_pid_namespace()?;
            Some(handle)
        }
        _ => {
            let own = own.insert(Scheduler::start(&mut storage, scheduler, None)?);
            Some(own.handle()?)
        }
    };
    rights::give_up()?;
    let mut watch = Watch {
        load: Load::start(plan)?,
        signals,
    };
    watch.wait_for_metronome()?;
    let span = Duration::from_secs(u64::from(options.phase));
    let mut phases = Vec::new();
    match &handle {
        None => phases.push(watch.phase(None, span)?),
        Some(handle) => {
            let id = process::find(watch.load.metronome())?;
            for queue in [Queue::Batch, Queue::Priority, Queue::Batch] {
                put(handle, id, queue)?;
                phases.push(watch.phase(Some(queue), span)?);
            }
        }
    }
    let effect = handle.is_some().then(|| effect(&phases));
    let report = Report {
        scheduler: match sysfs::ruler() {
            Ruler::Dualq => "dualq".into(),
            Ruler::Other(name) => name,
            _ => "kernel default".into(),
        },
        cpus: online_cpus().len(),
        hogs: plan.hogs,
        work_ms: plan.work.as_millis(),
        deadlines_per_second: DemoReading::RATE,
        phases,
        effect,
    };
    drop(watch);
    drop(own);
    if options.json {
        write(&format!("{}\n", serde_json::to_string(&report)?))?;
    } else {
        write(&table(&report)?)?;
    }
    if effect == Some(false) {
        bail!(Refusal::new(
            Status::NoEffect,
            "no effect: PRIORITY did not miss fewer deadlines than BATCH; stop other work on the CPUs, or change --work",
        ));
    }
    Ok(())
}

fn put(handle: &Handle, id: ProcessId, queue: Queue) -> Result<()> {
    match queue {
        Queue::Priority => handle.members.add(id.pid, Some(id.start_ticks))?,
        Queue::Batch => handle.members.remove(id.pid)?,
    }
    if handle.members.contains(id)? != (queue == Queue::Priority) {
        bail!(
            "cannot move the metronome to {}: the kernel's map has not changed",
            queue.name()
        );
    }
    Ok(())
}

/// The load during the measurement.
struct Watch<'a> {
    load: Load,
    signals: &'a Receiver<i32>,
}

impl Watch<'_> {
    fn wait_for_metronome(&mut self) -> Result<()> {
        let begun = Instant::now();
        while self.load.read().is_none() {
            if begun.elapsed() > CALIBRATION {
                bail!("the metronome has not started within a minute: try fewer --hogs");
            }
            self.wait(LOOK)?;
        }
        Ok(())
    }

    fn phase(&mut self, queue: Option<Queue>, span: Duration) -> Result<Phase> {
        self.wait(SETTLE)?;
        let begun = self.read()?;
        self.wait(span)?;
        let ended = self.read()?;
        let seconds = ended.at.saturating_sub(begun.at).as_secs_f64();
        let on_time = ended.on_time.saturating_sub(begun.on_time);
        let missed = ended.missed.saturating_sub(begun.missed);
        #[allow(clippy::cast_precision_loss)]
        let rate = |count: u64| count as f64 / seconds;
        Ok(Phase {
            queue: queue.map(Queue::name),
            seconds,
            on_time,
            missed,
            on_time_per_second: rate(on_time),
            missed_per_second: rate(missed),
        })
    }

    fn read(&mut self) -> Result<DemoReading> {
        self.load
            .read()
            .context("cannot read the metronome's counts")
    }

    fn wait(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            match self.signals.recv_timeout(rest.min(SETTLE)) {
                Ok(signal) => bail!(Interrupted(signal)),
                Err(RecvTimeoutError::Disconnected) => bail!("cannot receive signals any more"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.load.has_ended() {
                bail!(
                    "the metronome has ended before the measurement: increase --seconds, or shorten --phase"
                );
            }
            if rest <= SETTLE {
                return Ok(());
            }
        }
    }
}

/// Returns true if PRIORITY missed fewer deadlines than BATCH did both before and after it.
fn effect(phases: &[Phase]) -> bool {
    let missed = |queue: Queue| {
        let phases = phases
            .iter()
            .filter(move |phase| phase.queue == Some(queue.name()));
        phases.map(|phase| phase.missed_per_second)
    };
    let priority = missed(Queue::Priority).fold(0.0, f64::max);
    missed(Queue::Batch).all(|batch| priority < batch)
}

fn table(report: &Report) -> Result<String> {
    let mut out = String::new();
    writeln!(
        out,
        "{}, {} CPUs, {} hogs; {} frames a second with {} ms of work each",
        report.scheduler, report.cpus, report.hogs, report.deadlines_per_second, report.work_ms
    )?;
    writeln!(
        out,
        "{:<10}{:>9}{:>12}{:>12}",
        "QUEUE", "SECONDS", "ON TIME/s", "MISSED/s"
    )?;
    for phase in &report.phases {
        writeln!(
            out,
            "{:<10}{:>9.1}{:>12.1}{:>12.1}",
            phase.queue.unwrap_or("as it is"),
            phase.seconds,
            phase.on_time_per_second,
            phase.missed_per_second
        )?;
    }
    Ok(out)
}
