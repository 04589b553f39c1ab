//! Before and after: what a move, or a change of schedulers, did to the processes it was about and
//! to all others.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::rates::Pair;
use crate::model::{
    ActiveScheduler, DemoReading, ENOUGH_FOR_P50, ENOUGH_FOR_P99, Histogram, ProcessId, Snapshot,
    Waits,
};

/// The longest that either side looks at; the one after then stays as it is.
pub const WINDOW: Duration = Duration::from_secs(10);

/// The values of one snapshot that a comparison needs.
#[derive(Debug, Clone)]
struct Reading {
    at: Duration,
    active: ActiveScheduler,
    /// `None` while waits are not measured.
    waits: Option<Arc<Waits>>,
    /// CPU time of the processes that may become a comparison's subject.
    cpu_times: Vec<(ProcessId, Duration)>,
    /// Cumulative; `None` while nothing of ours counts.
    dispatched: Option<(u64, u64)>,
    /// In percent of one CPU: what all of them did since the reading before.
    busy_percent: Option<f32>,
    /// When the metronome was last heard of, and what it had missed by then.
    missed: Option<(Duration, u64)>,
}

/// A percentile, or how many waits there are towards it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percentile {
    /// In nanoseconds.
    Ns(u64),
    /// There are only this many waits, too few for it.
    Samples(u64),
    /// Waits are not measured, or not of this process.
    Unknown,
}

/// The measurement of the subject, or of the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// The median of its wake-up waits.
    pub p50: Percentile,
    /// The 99th percentile of its wake-up waits.
    pub p99: Percentile,
    /// In percent of one CPU.
    pub cpu_percent: Option<f32>,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The time that was measured.
    pub over: Duration,
    /// The processes that were moved.
    pub subject: Figures,
    /// All other processes.
    pub rest: Figures,
    /// Dispatches; `None` while nothing of ours counted.
    pub dispatched: Option<Pair>,
    /// Deadlines that the metronome missed a second, where it is the subject.
    pub missed: Option<f32>,
}

/// The comparison of one subject before and after a change.
#[derive(Debug, Clone)]
pub struct Comparison {
    subject: Vec<ProcessId>,
    /// Whom it is about.
    pub title: String,
    /// The change: `BATCH → PRIORITY`.
    pub change: String,
    /// The time up to the change; `None` if nothing was measured then.
    pub before: Option<Side>,
    /// Counting begins with the first snapshot after it.
    begun: Option<Reading>,
    /// The time since the change; `None` until there is enough of it.
    pub after: Option<Side>,
    /// The instrument's count of events before it.
    event: Option<u64>,
}

/// The last readings, and the comparison that is shown.
#[derive(Debug, Default)]
pub struct Comparisons {
    readings: VecDeque<Reading>,
    shown: Option<Comparison>,
}

impl Reading {
    fn of(
        snapshot: &Snapshot,
        selected: Option<ProcessId>,
        missed: Option<(Duration, u64)>,
    ) -> Self {
        let waits = snapshot.waits.as_ref().ok().cloned();
        let looked_at = waits.iter().flat_map(|waits| &waits.processes);
        let ids: HashSet<ProcessId> = looked_at
            .map(|process| process.id)
            .chain(selected)
            .collect();
        let counters = snapshot.cpus.iter().filter_map(|cpu| cpu.counters);
        let dispatched = (snapshot.scheduler.active == ActiveScheduler::Dualq).then(|| {
            counters.fold((0, 0), |(priority, batch), cpu| {
                (priority + cpu.priority_dis, batch + cpu.batch_dis)
            })
        });
        Self {
            at: snapshot.at,
            active: snapshot.scheduler.active.clone(),
            cpu_times: snapshot
                .processes
                .iter()
                .filter(|process| ids.contains(&process.id))
                .map(|process| (process.id, process.cpu_time))
                .collect(),
            waits,
            dispatched,
            busy_percent: snapshot
                .cpus
                .iter()
                .filter_map(|cpu| cpu.busy_percent)
                .reduce(|a, b| a + b),
            missed,
        }
    }

    fn event(&self) -> Option<u64> {
        self.waits.as_ref().map(|waits| waits.event)
    }

    /// CPU time of all these processes; `None` where one was not looked at.
    fn cpu_time(&self, ids: &[ProcessId]) -> Option<Duration> {
        ids.iter()
            .map(|id| {
                let found = self.cpu_times.iter().find(|(other, _)| other == id);
                found.map(|(_, time)| *time)
            })
            .sum()
    }
}

fn wakes(waits: &Waits, ids: &[ProcessId]) -> Option<Histogram> {
    let mut sum = Histogram::default();
    for id in ids {
        let process = waits.processes.iter().find(|process| process.id == *id)?;
        sum.add(&process.wake);
    }
    Some(sum)
}

fn percentile(waits: &Histogram, percent: u32, enough: u64) -> Percentile {
    let total = waits.total();
    match waits.percentile(percent) {
        Some(ns) if total >= enough => Percentile::Ns(ns),
        _ => Percentile::Samples(total),
    }
}

impl Figures {
    fn of(waits: Option<&Histogram>, cpu_percent: Option<f32>) -> Self {
        let percentile = |percent, enough| {
            waits.map_or(Percentile::Unknown, |waits| {
                percentile(waits, percent, enough)
            })
        };
        Self {
            p50: percentile(50, ENOUGH_FOR_P50),
            p99: percentile(99, ENOUGH_FOR_P99),
            cpu_percent,
        }
    }
}

impl Side {
    /// Returns the difference between two readings. `busy_percent` is the busy share of all CPUs meanwhile.
    #[allow(clippy::cast_precision_loss)]
    fn between(
        from: &Reading,
        to: &Reading,
        ids: &[ProcessId],
        busy_percent: Option<f32>,
        metronome: bool,
    ) -> Option<Self> {
        let over = to.at.checked_sub(from.at).filter(|over| !over.is_zero())?;
        let waits = match (&from.waits, &to.waits) {
            (Some(from), Some(to)) => Some(to.since(from)),
            _ => None,
        };
        let own = waits.as_ref().and_then(|waits| wakes(waits, ids));
        let rest = waits.as_ref().zip(own.as_ref()).map(|(waits, own)| {
            let mut all = waits.priority.wake.histogram.clone();
            all.add(&waits.batch.wake.histogram);
            all.minus(own)
        });
        let used = from.cpu_time(ids).zip(to.cpu_time(ids));
        let cpu = used
            .map(|(from, to)| 100.0 * to.saturating_sub(from).as_secs_f32() / over.as_secs_f32());
        let missed = from.missed.zip(to.missed).filter(|_| metronome);
        Some(Self {
            over,
            subject: Figures::of(own.as_ref(), cpu),
            rest: Figures::of(
                rest.as_ref(),
                cpu.zip(busy_percent)
                    .map(|(cpu, busy)| (busy - cpu).max(0.0)),
            ),
            dispatched: from.dispatched.zip(to.dispatched).map(|(from, to)| Pair {
                priority: to.0.saturating_sub(from.0) as f32,
                batch: to.1.saturating_sub(from.1) as f32,
            }),
            missed: missed.and_then(|(from, to)| {
                let over = to.0.checked_sub(from.0).filter(|over| !over.is_zero())?;
                Some(to.1.saturating_sub(from.1) as f32 / over.as_secs_f32())
            }),
        })
    }
}

/// The busy share of a series of readings, each for the time since the one before it.
fn busy<'a>(readings: impl Iterator<Item = &'a Reading>) -> Option<f32> {
    let mut before: Option<Duration> = None;
    let (mut weighted, mut time) = (0.0, 0.0);
    for reading in readings {
        if let (Some(before), Some(busy)) = (before, reading.busy_percent) {
            let over = reading.at.saturating_sub(before).as_secs_f32();
            weighted += busy * over;
            time += over;
        }
        before = Some(reading.at);
    }
    (time > 0.0).then(|| weighted / time)
}

impl Comparisons {
    /// Takes in one more snapshot; those that a held screen does not show count as well.
    pub fn see(
        &mut self,
        snapshot: &Snapshot,
        selected: Option<ProcessId>,
        demo: Option<&DemoReading>,
    ) {
        let missed = demo.map(|reading| (reading.at, reading.missed));
        self.readings
            .push_back(Reading::of(snapshot, selected, missed));
        // One that is old enough stays, as where a window begins.
        while let Some(next) = self.readings.get(1)
            && snapshot.at.saturating_sub(next.at) >= WINDOW
        {
            self.readings.pop_front();
        }
        let (Some(shown), Some(now)) = (&mut self.shown, self.readings.back()) else {
            return;
        };
        let Some(begun) = &shown.begun else {
            // A snapshot may have been on its way when it happened.
            let later = now.event() != shown.event || now.event().is_none();
            if later && now.active != ActiveScheduler::Transition {
                shown.begun = self.readings.pop_back();
                self.readings.clear();
            }
            return;
        };
        if now.at.saturating_sub(begun.at) > WINDOW && shown.after.is_some() {
            return;
        }
        if now.active != begun.active {
            return;
        }
        let busy = busy(std::iter::once(begun).chain(&self.readings));
        let is_metronome = is_metronome(&shown.subject, demo);
        shown.after = Side::between(begun, now, &shown.subject, busy, is_metronome);
    }

    /// Begins a comparison about these processes, in place of the one that is shown.
    pub fn begin(
        &mut self,
        subject: Vec<ProcessId>,
        title: String,
        change: String,
        demo: Option<&DemoReading>,
    ) {
        let is_metronome = is_metronome(&subject, demo);
        // As far back as the same held as just before.
        let last = self.readings.back();
        let same = |reading: &&Reading| {
            last.is_some_and(|last| {
                last.event() == reading.event() && last.active == reading.active
            })
        };
        let before: Vec<&Reading> = self.readings.iter().rev().take_while(same).collect();
        let side = before.last().zip(last).and_then(|(from, to)| {
            let busy = busy(before.iter().rev().copied());
            Side::between(from, to, &subject, busy, is_metronome)
        });
        let event = last.and_then(Reading::event);
        self.shown = Some(Comparison {
            subject,
            title,
            change,
            before: side,
            begun: None,
            after: None,
            event,
        });
    }

    /// Returns the comparison that is shown, without the readings of the last seconds. Only those are kept that a
    /// comparison still needs: when they were taken, and how busy the CPUs were.
    #[must_use]
    pub fn outline(&self) -> Self {
        let slim = |reading: &Reading| Reading {
            waits: None,
            cpu_times: Vec::new(),
            ..reading.clone()
        };
        let begun = self.shown.as_ref().and_then(|shown| shown.begun.as_ref());
        // The last reading comes again with its snapshot.
        let before = self.readings.len().saturating_sub(1);
        let needed = begun.map_or(0, |_| before);
        Self {
            readings: self.readings.iter().take(needed).map(slim).collect(),
            shown: self.shown.clone(),
        }
    }

    /// Hides the comparison; false if none was shown.
    pub fn hide(&mut self) -> bool {
        self.shown.take().is_some()
    }

    /// The comparison that is shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Comparison> {
        self.shown.as_ref()
    }
}

fn is_metronome(subject: &[ProcessId], demo: Option<&DemoReading>) -> bool {
    matches!(subject, [id] if demo.is_some_and(|reading| reading.metronome == id.pid))
}
