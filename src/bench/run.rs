//! Runs the plan: repetition by repetition, scheduler by scheduler, measurement by measurement.

use std::rc::Rc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::contender::{Contender, Running};
use super::figure::Figure;
use super::machine::Machine;
use super::measurement::{Measurement, Setting};
use super::memory;
use super::observed::{KernelCounts, Observed};
use super::peer::Peer;
use super::results::Results;
use super::stop::Stop;
use super::worker::{Span, set_scheduler};
use super::workers::Workers;
use crate::model::{self, ProcessId};
use crate::observe::online_cpus;
use crate::refusal::{Refusal, Status};
use crate::scheduler::{
    Counter, Handle, Options, Scheduler, SchedulerEvent, Storage, preflight, sysfs,
};
use crate::sys::own::Folder;
use crate::workload::clock::{now, sleep_until};
use crate::workload::spin::calibrate;

/// The time before the span that counts, in which caches and run queues settle.
const WARM_UP: Duration = Duration::from_millis(500);
/// Pause after a change of scheduler.
const SETTLE: Duration = Duration::from_millis(300);
/// A move that is not followed by a dispatch within this time counts as this long.
const LONGEST_TOGGLE: Duration = Duration::from_secs(1);
const BETWEEN_TOGGLES: Duration = Duration::from_millis(20);
/// Work is fixed once, for all: so much CPU time, by this machine's speed before the first run.
const CALIBRATED: Duration = Duration::from_millis(1);

/// The plan of the measurements.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The measurements, in this order.
    pub measurements: Vec<Measurement>,
    /// The number of times that all of them are done.
    pub repetitions: u32,
    /// The length of one measurement.
    pub span: Duration,
    /// Measurements with a fixed amount of work do less of it.
    pub quick: bool,
    /// The scheduler's options.
    pub options: Options,
    /// Commands that attach other schedulers.
    pub peers: Vec<String>,
    /// The directory of the peers' output.
    pub directory: Rc<Folder>,
}

/// Measures, and reports the progress through `say`. Also returns the results before an error or a signal.
///
/// # Errors
/// A [`Refusal`] if nothing can be measured: missing capabilities, no sched_ext, or an active scheduler.
pub fn run(plan: &Plan, stop: &Stop, say: &mut dyn FnMut(&str)) -> Result<(Results, Result<()>)> {
    preflight::check()?;
    if sysfs::active_scheduler() != model::ActiveScheduler::KernelDefault {
        bail!(Refusal::new(
            Status::AnotherSchedulerRuns,
            "a sched_ext scheduler is active: end it (`dualq-top detach` if it is dualq), then measure again",
        ));
    }
    // So that it looks at the kernel's counts when it means to, also among a thousand busy tasks.
    // It sleeps all the rest; what it starts is ordinary.
    set_scheduler(libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, 99)?;
    let busy_before = busy_before();
    #[allow(clippy::cast_precision_loss)]
    let spins_per_ns = calibrate(CALIBRATED) as f64 / CALIBRATED.as_nanos() as f64;
    let mut bench = Bench {
        plan,
        stop,
        say,
        spins_per_ns,
        step: 0,
        results: Results {
            machine: Machine::read(busy_before),
            peers: plan.peers.clone(),
            repetitions_wanted: plan.repetitions,
            repetitions: 0,
            seconds: plan.span.as_secs_f64(),
            quick: plan.quick,
            tables: Vec::new(),
            cost: Vec::new(),
        },
    };
    let outcome = bench.repeat();
    Ok((bench.results, outcome))
}

/// Returns the busy share of the machine without us over a second, in percent.
fn busy_before() -> Option<f64> {
    let before = KernelCounts::read();
    sleep(Duration::from_secs(1));
    let seen = Observed {
        before,
        after: KernelCounts::read(),
        ..Observed::default()
    };
    seen.busy_percent()
}

struct Bench<'a> {
    plan: &'a Plan,
    stop: &'a Stop,
    say: &'a mut dyn FnMut(&str),
    spins_per_ns: f64,
    step: usize,
    results: Results,
}

impl Bench<'_> {
    fn repeat(&mut self) -> Result<()> {
        // What cannot be attached is found out now, not after a quarter of an hour.
        for number in 0..self.plan.peers.len() {
            self.attach_peer(number)?.end()?;
        }
        let mut schedulers = vec![Running::KernelDefault, Running::Dualq];
        schedulers.extend((0..self.plan.peers.len()).map(Running::Peer));
        for repetition in 1..=self.plan.repetitions {
            for &running in &schedulers {
                match running {
                    Running::KernelDefault => self.measure_all(repetition, running, None)?,
                    Running::Dualq => self.under_dualq(repetition)?,
                    Running::Peer(number) => self.under_peer(repetition, number)?,
                }
                self.stop.check()?;
                if sysfs::active_scheduler() != model::ActiveScheduler::KernelDefault {
                    bail!("the kernel's own scheduler is not back: nothing more can be measured");
                }
                sleep(SETTLE);
            }
            // Each is the first one in its turn.
            schedulers.rotate_left(1);
            self.results.repetitions = repetition;
        }
        Ok(())
    }

    fn under_dualq(&mut self, repetition: u32) -> Result<()> {
        let milliseconds = |since: Instant| since.elapsed().as_secs_f64() * 1e3;
        let mut storage = Storage::default();
        let begun = Instant::now();
        let mut scheduler = Scheduler::start(&mut storage, self.plan.options, None)?;
        self.results
            .add_cost(Figure::LoadAndAttach, milliseconds(begun));
        let begun = Instant::now();
        scheduler.detach()?;
        self.results.add_cost(Figure::Detach, milliseconds(begun));
        let begun = Instant::now();
        scheduler.attach()?;
        self.results.add_cost(Figure::Attach, milliseconds(begun));
        #[allow(clippy::cast_precision_loss)]
        for (figure, kb) in [
            (Figure::KernelMemory, memory::kernel_kb()),
            (Figure::OwnMemory, memory::own_kb()),
        ] {
            if let Some(kb) = kb {
                self.results.add_cost(figure, kb as f64);
            }
        }
        sleep(SETTLE);
        let handle = scheduler.handle()?;
        self.measure_all(repetition, Running::Dualq, Some(&handle))?;
        match scheduler.poll() {
            SchedulerEvent::None => Ok(()),
            SchedulerEvent::Restarted(exit) | SchedulerEvent::Ended(Some(exit)) => {
                bail!("the kernel ended the scheduler while it was measured: {exit}")
            }
            SchedulerEvent::Ended(None) => {
                bail!("something detached the scheduler while it was measured")
            }
        }
    }

    fn under_peer(&mut self, repetition: u32, number: usize) -> Result<()> {
        let peer = self.attach_peer(number)?;
        let outcome = self.measure_all(repetition, Running::Peer(number), None);
        peer.end()?;
        outcome
    }

    fn attach_peer(&mut self, number: usize) -> Result<Peer> {
        let command = &self.plan.peers[number];
        let log = format!("peer-{}.log", number + 1);
        let file = self.plan.directory.create(&log);
        let file = file.with_context(|| format!("cannot write {log}"))?;
        let peer = Peer::start(command, &log, file, self.stop)?;
        self.results.peers[number].clone_from(&peer.name);
        sleep(SETTLE);
        Ok(peer)
    }

    fn measure_all(
        &mut self,
        repetition: u32,
        running: Running,
        handle: Option<&Handle>,
    ) -> Result<()> {
        for &measurement in &self.plan.measurements {
            for contender in measurement.contenders(self.plan.peers.len()) {
                if contender.running() != running {
                    continue;
                }
                self.tell(repetition, measurement, contender);
                let seen = self.measure(repetition, measurement, contender, handle)?;
                let figures = measurement.figures(&seen);
                self.results.add(measurement, contender, figures);
            }
        }
        Ok(())
    }

    fn tell(&mut self, repetition: u32, measurement: Measurement, contender: Contender) {
        let plan = self.plan;
        self.step += 1;
        let contenders = |one: &Measurement| one.contenders(plan.peers.len()).len();
        let each: usize = plan.measurements.iter().map(contenders).sum();
        let steps = each * plan.repetitions as usize;
        let line = format!(
            "{:>4}/{steps}  repetition {repetition} of {}: {}, {}",
            self.step,
            plan.repetitions,
            measurement.key(),
            contender.label(measurement.favoured(), &self.results.peers),
        );
        (self.say)(&line);
    }

    fn measure(
        &self,
        repetition: u32,
        measurement: Measurement,
        contender: Contender,
        handle: Option<&Handle>,
    ) -> Result<Observed> {
        let lasts = self.plan.span * measurement.spans();
        let setting = Setting {
            cpus: u32::try_from(online_cpus().len())?.max(1),
            spins_per_ns: self.spins_per_ns,
            span_ns: u64::try_from(lasts.as_nanos())?,
            // The same wake-up times for all contenders of one repetition.
            seed: u64::from(repetition),
            quick: self.plan.quick,
        };
        let mut workers = Workers::start(&measurement.orders(contender, setting), self.stop)?;
        let favoured: Vec<ProcessId> = workers.favoured().filter_map(identity).collect();
        let toggles = measurement == Measurement::Toggle;
        if contender == Contender::DualqPriority && !toggles {
            let handle = handle.context("dualq does not run")?;
            for id in &favoured {
                handle
                    .members
                    .add_with_children(id.pid, Some(id.start_ticks))?;
            }
        }
        let begin = now() + WARM_UP;
        let span = Span {
            begin,
            end: begin + lasts,
        };
        workers.go(span)?;
        let mut seen = Observed::default();
        self.wait_until(begin)?;
        let from = now();
        seen.before = counts(handle)?;
        if let (true, Some(handle), Some(id)) = (toggles, handle, favoured.first()) {
            seen.toggles = self.toggle(handle, *id, span.end)?;
        }
        if measurement.takes_its_time() {
            (seen.favoured, seen.others) = workers.collect()?;
            seen.after = counts(handle)?;
            seen.span = now().saturating_sub(from);
        } else {
            self.wait_until(span.end)?;
            seen.after = counts(handle)?;
            seen.span = now().saturating_sub(from);
            (seen.favoured, seen.others) = workers.collect()?;
        }
        seen.worked = lasts;
        Ok(seen)
    }

    /// Moves a process to PRIORITY and back until the span is over. Returns the times until PRIORITY is served.
    fn toggle(&self, handle: &Handle, id: ProcessId, end: Duration) -> Result<Vec<u64>> {
        let dispatches = || -> Result<u64> { Ok(handle.counters()?.total(Counter::PriorityDis)) };
        let mut times = Vec::new();
        while now() + 2 * BETWEEN_TOGGLES < end || times.is_empty() {
            self.stop.check()?;
            let before = dispatches()?;
            let moved = now();
            handle.members.add(id.pid, Some(id.start_ticks))?;
            let mut took = now().saturating_sub(moved);
            while dispatches()? == before && took < LONGEST_TOGGLE {
                sleep(Duration::from_micros(50));
                took = now().saturating_sub(moved);
            }
            times.push(u64::try_from(took.as_nanos())?);
            handle.members.remove(id.pid)?;
            sleep(BETWEEN_TOGGLES);
        }
        Ok(times)
    }

    fn wait_until(&self, time: Duration) -> Result<()> {
        const LOOK: Duration = Duration::from_millis(250);
        loop {
            self.stop.check()?;
            let next = now() + LOOK;
            if next >= time {
                sleep_until(time);
                return self.stop.check();
            }
            sleep_until(next);
        }
    }
}

fn counts(handle: Option<&Handle>) -> Result<KernelCounts> {
    let mut counts = KernelCounts::read();
    if let Some(handle) = handle {
        let total = handle.counters()?;
        counts.dispatches = Some((
            total.total(Counter::PriorityDis),
            total.total(Counter::BatchDis),
        ));
    }
    Ok(counts)
}

fn identity(pid: u32) -> Option<ProcessId> {
    let process = procfs::process::Process::new(pid.cast_signed()).ok()?;
    let start_ticks = process.stat().ok()?.starttime;
    Some(ProcessId { pid, start_ticks })
}
