//! `demo`: starts the dashboard with a load, or measures the same effect for a script.

use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::dashboard::{self, Start};
use super::members::write;
use super::process;
use crate::cli::{DemoOptions, Look};
use crate::demo::{Load, Plan};
use crate::model::{ActiveScheduler, DemoEffect, DemoReading, ProcessId, Queue};
use crate::observe::online_cpus;
use crate::refusal::{Refusal, Status};
use crate::scheduler::{Handle, Options, Scheduler, Storage, preflight, sysfs};
use crate::sys::capabilities;
use crate::sys::signals::{self, Interrupted};
use crate::tui::app::preferences::Preferences;

/// Pause between a move and measuring its effect: what was begun before the move is done by then.
const LAST_FRAME: Duration = Duration::from_millis(250);
/// Time between two looks at whether the load has ended.
const POLL: Duration = Duration::from_millis(250);
/// Interval for reading the load's counts.
const LOOK: Duration = Duration::from_millis(20);
/// Time limit for the frame's calibration on a fully loaded machine.
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
    let received = signals::receive(false)?;
    let result = measure(options, scheduler, plan, &received);
    // The load has ended here, and the scheduler is detached.
    let interrupted = result.as_ref().err().and_then(|error| error.downcast_ref());
    // One more may have come while the result was printed.
    if let Some(Interrupted(signal)) = interrupted
        .copied()
        .or(received.try_recv().ok().map(Interrupted))
    {
        signals::end_by(signal);
    }
    result
}

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
    /// BATCH missed half of the deadlines or more, PRIORITY one in 60 at most; `null` as above.
    shows: Option<bool>,
    /// The effect in one sentence, or why there is none; `null` as above.
    sentence: Option<String>,
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
    /// CPU time of all hogs.
    hogs_cpu_percent: f64,
}

fn measure(
    options: &DemoOptions,
    scheduler: Options,
    plan: Plan,
    signals: &Receiver<i32>,
) -> Result<()> {
    let mut storage = Storage::default();
    let mut own = None;
    let handle = match sysfs::active_scheduler() {
        _ if options.as_is => None,
        // Whichever process owns it.
        ActiveScheduler::Dualq => {
            let handle = Handle::open()?;
            preflight::in_first_pid_namespace()?;
            Some(handle)
        }
        _ => {
            let own = own.insert(Scheduler::start(&mut storage, scheduler, None)?);
            Some(own.handle()?)
        }
    };
    capabilities::drop_unneeded()?;
    let mut watch = Watch {
        load: Load::start(plan)?,
        signals,
    };
    let work = watch.wait_for_frame()?;
    let span = Duration::from_secs(u64::from(options.phase));
    let mut phases = Vec::new();
    match &handle {
        None => phases.push(watch.phase(None, span)?),
        Some(handle) => {
            let id = process::find(watch.load.frame())?;
            for queue in [Queue::Batch, Queue::Priority, Queue::Batch] {
                put(handle, id, queue)?;
                phases.push(watch.phase(Some(queue), span)?);
            }
        }
    }
    let seen = effect(&phases);
    let effect = handle.is_some().then(|| fewer_missed(&phases));
    let report = Report {
        scheduler: match sysfs::active_scheduler() {
            ActiveScheduler::Dualq => "dualq".into(),
            ActiveScheduler::Other(name) => name,
            _ => "kernel default".into(),
        },
        cpus: online_cpus().len(),
        hogs: plan.hogs,
        work_ms: (work + Duration::from_micros(500)).as_millis(),
        deadlines_per_second: DemoReading::RATE,
        phases,
        effect,
        shows: seen.map(|seen| seen.shows()),
        sentence: seen.map(|seen| seen.sentence()),
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
            "cannot move the frame to {}: the kernel's map has not changed",
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
    /// Waits until the frame has begun; returns how much its work is.
    fn wait_for_frame(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            if let Some(reading) = self.load.read() {
                return Ok(reading.work);
            }
            if begun.elapsed() > CALIBRATION {
                bail!("the frame has not started within a minute: try fewer --hogs");
            }
            self.wait(LOOK)?;
        }
    }

    fn phase(&mut self, queue: Option<Queue>, span: Duration) -> Result<Phase> {
        self.wait(LAST_FRAME)?;
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
            hogs_cpu_percent: 100.0 * ended.hogs_cpu.saturating_sub(begun.hogs_cpu).as_secs_f64()
                / seconds,
        })
    }

    fn read(&mut self) -> Result<DemoReading> {
        self.load.read().context("cannot read the frame's counts")
    }

    fn wait(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            match self.signals.recv_timeout(rest.min(POLL)) {
                Ok(signal) => bail!(Interrupted(signal)),
                Err(RecvTimeoutError::Disconnected) => bail!("cannot receive signals any more"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.load.has_ended() {
                bail!(
                    "the frame has ended before the measurement: increase --seconds, or shorten --phase"
                );
            }
            if rest <= POLL {
                return Ok(());
            }
        }
    }
}

/// Returns true if PRIORITY missed fewer deadlines than BATCH did both before and after it.
fn fewer_missed(phases: &[Phase]) -> bool {
    let priority = missed(phases, Queue::Priority).fold(0.0, f64::max);
    missed(phases, Queue::Batch).all(|batch| priority < batch)
}

fn of(phases: &[Phase], queue: Queue) -> impl Iterator<Item = &Phase> {
    let name = queue.name();
    phases.iter().filter(move |phase| phase.queue == Some(name))
}

fn missed(phases: &[Phase], queue: Queue) -> impl Iterator<Item = f64> {
    of(phases, queue).map(|phase| phase.missed_per_second)
}

/// Returns the effect of PRIORITY, compared with the better of the phases in BATCH.
fn effect(phases: &[Phase]) -> Option<DemoEffect> {
    let priority = of(phases, Queue::Priority).next()?;
    let batch = of(phases, Queue::Batch);
    let batch = batch.min_by(|a, b| a.missed_per_second.total_cmp(&b.missed_per_second))?;
    let others = priority.hogs_cpu_percent / batch.hogs_cpu_percent;
    Some(DemoEffect {
        batch_missed: batch.missed_per_second,
        priority_missed: priority.missed_per_second,
        others: others.is_finite().then_some(others),
    })
}

fn table(report: &Report) -> Result<String> {
    let mut out = String::new();
    writeln!(
        out,
        "{}, {} CPUs, {} hogs; {} frames a second with {} ms of work on each CPU",
        report.scheduler, report.cpus, report.hogs, report.deadlines_per_second, report.work_ms
    )?;
    writeln!(
        out,
        "{:<10}{:>9}{:>12}{:>12}{:>12}",
        "QUEUE", "SECONDS", "ON TIME/s", "MISSED/s", "HOGS' CPU %"
    )?;
    for phase in &report.phases {
        writeln!(
            out,
            "{:<10}{:>9.1}{:>12.1}{:>12.1}{:>12.0}",
            phase.queue.unwrap_or("as it is"),
            phase.seconds,
            phase.on_time_per_second,
            phase.missed_per_second,
            phase.hogs_cpu_percent
        )?;
    }
    if let Some(sentence) = &report.sentence {
        writeln!(out, "{sentence}")?;
    }
    Ok(out)
}
