//! The measurements: their processes, and the figures from the processes' reports.

use super::contender::Contender;
use super::figure::Figure;
use super::observed::Observed;
use super::statistics::{ENOUGH_FOR_P99, percentile};
use super::worker::tool::{Run, Tool};
use super::worker::{Job, Periodic};
use super::workers::{WorkerRole, WorkerSpec};

const MS: u64 = 1_000_000;
/// The mean period of a probe's wake-ups.
const PROBE_PERIOD_NS: u64 = 2 * MS;
pub const FRAME_NS: u64 = 1_000_000_000 / 60;
/// CPU time of a frame.
pub const FRAME_WORK_NS: f64 = 3.94e6;
/// CPU time of one unit of a hog's work.
pub const UNIT_NS: f64 = 20e3;
/// CPU time of each task of a crowd at each wake-up, and the share of all CPUs that the crowd wants.
const CROWD_WORK_NS: f64 = 100e3;
const CROWD_LOAD: f64 = 0.6;
/// The sleep and the work of a task of the throughput measurement.
const SHORT_SLEEP_NS: u64 = MS;
const SHORT_WORK_NS: f64 = 10e3;

/// A measurement: its processes, and what is read from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measurement {
    /// The wake-up latency of a probe, beside hogs.
    WakeUp {
        /// Hogs on each CPU.
        hogs: u32,
    },
    /// The time until a frame of 60 Hz is done, beside hogs.
    Frame {
        /// Hogs on each CPU.
        hogs: u32,
    },
    /// Messages among groups of senders and receivers, as hackbench sends them.
    Messages,
    /// A byte through a pipe to another process and back.
    Pipe,
    /// The dispatch latency of a probe beside tasks that together want 60 % of the machine.
    Crowd {
        /// The number of tasks.
        tasks: u32,
    },
    /// The completions per second of tasks that sleep 1 ms at a time.
    Throughput {
        /// The number of tasks.
        tasks: u32,
    },
    /// The context switches of tasks that never sleep.
    Switches,
    /// The division of the machine between 300 favoured tasks and 200 others.
    Shares,
    /// Moves between the queues, beside hogs.
    Toggle,
    /// The same measurement by another program, only if it is requested by name.
    Check(Tool),
}

/// The values that a measurement's processes depend on.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub cpus: u32,
    pub spins_per_ns: f64,
    pub span_ns: u64,
    pub seed: u64,
    /// Shortens measurements with a fixed amount of work.
    pub quick: bool,
}

impl Measurement {
    /// Returns all measurements, or the quick ones.
    #[must_use]
    pub fn all(quick: bool) -> Vec<Self> {
        let mut all = vec![Self::WakeUp { hogs: 8 }, Self::Frame { hogs: 8 }];
        if !quick {
            all.extend([Self::WakeUp { hogs: 2 }, Self::Frame { hogs: 2 }]);
        }
        all.extend([Self::Messages, Self::Pipe, Self::Toggle]);
        if quick {
            all.extend([Self::Crowd { tasks: 100 }, Self::Throughput { tasks: 100 }]);
        } else {
            all.extend([50, 100, 500, 1000].map(|tasks| Self::Crowd { tasks }));
            all.extend([50, 500, 1000].map(|tasks| Self::Throughput { tasks }));
            all.push(Self::Switches);
        }
        all.push(Self::Shares);
        all
    }

    /// Returns the measurements by other programs.
    #[must_use]
    pub fn cross_checks() -> Vec<Self> {
        Tool::ALL.map(Self::Check).to_vec()
    }

    /// Returns the name for `--only` and for the report.
    #[must_use]
    pub fn key(self) -> String {
        match self {
            Self::WakeUp { hogs } => format!("wake-up-{hogs}"),
            Self::Frame { hogs } => format!("frame-{hogs}"),
            Self::Messages => "messages".into(),
            Self::Pipe => "pipe".into(),
            Self::Crowd { tasks } => format!("latency-{tasks}"),
            Self::Throughput { tasks } => format!("throughput-{tasks}"),
            Self::Switches => "switches-500".into(),
            Self::Shares => "shares".into(),
            Self::Toggle => "toggle".into(),
            Self::Check(tool) => tool.name().into(),
        }
    }

    /// Returns the heading of its table in the report.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::WakeUp { hogs } => format!(
                "Wake-up of a probe that sleeps 2 ms (±50 %) at a time, among {hogs} hogs a CPU"
            ),
            Self::Frame { hogs } => format!(
                "A frame task: 3.94 ms of work 60 times a second (±50 %), among {hogs} hogs a CPU"
            ),
            Self::Messages => {
                "Message passing: 10 groups of 20 senders and 20 receivers, messages of 100 bytes"
                    .into()
            }
            Self::Pipe => "A byte through a pipe to another process and back".into(),
            Self::Crowd { tasks } => format!(
                "Dispatch latency beside {tasks} tasks, each 0.1 ms of work at a time, together 60 % of all CPUs"
            ),
            Self::Throughput { tasks } => {
                format!("Throughput of {tasks} tasks, each 1 ms asleep (±50 %), then 10 µs of work")
            }
            Self::Switches => "Context switches of 500 tasks that never sleep".into(),
            Self::Shares => {
                "Shares of 300 tasks and 200 others, none of which sleeps, over four times the span"
                    .into()
            }
            Self::Toggle => "A hog is moved to PRIORITY, among 8 hogs a CPU".into(),
            Self::Check(tool) => format!("The same as `{}`, {}", tool.same().key(), tool.way()),
        }
    }

    /// Returns the name of the favoured task for the contenders' labels.
    #[must_use]
    pub fn favoured(self) -> &'static str {
        match self {
            Self::WakeUp { .. } | Self::Crowd { .. } => "probe",
            Self::Frame { .. } => "frame task",
            Self::Messages | Self::Throughput { .. } | Self::Switches => "all",
            Self::Pipe => "both",
            Self::Shares => "the 300",
            Self::Toggle => "hog",
            Self::Check(tool) => tool.same().favoured(),
        }
    }

    /// Returns true if it lasts until a fixed amount of work is done.
    #[must_use]
    pub fn takes_its_time(self) -> bool {
        match self {
            Self::Check(tool) => tool.same().takes_its_time(),
            one => matches!(one, Self::Messages | Self::Pipe),
        }
    }

    /// Returns the factor by which its span is longer than that of others: 500 tasks that never sleep need seconds until
    /// each has run.
    #[must_use]
    pub fn spans(self) -> u32 {
        match self {
            Self::Shares => 4,
            _ => 1,
        }
    }

    /// Returns the contenders for which it means something.
    #[must_use]
    pub fn contenders(self, peers: usize) -> Vec<Contender> {
        let mut contenders = match self {
            Self::Check(tool) => return tool.same().contenders(peers),
            Self::WakeUp { .. } | Self::Frame { .. } | Self::Crowd { .. } => {
                Contender::KERNEL.to_vec()
            }
            Self::Messages | Self::Pipe => vec![Contender::Default, Contender::Fifo],
            Self::Throughput { .. } | Self::Switches => vec![Contender::Default],
            // 300 that never sleep as SCHED_FIFO would leave nothing to the machine.
            Self::Shares => vec![Contender::Default, Contender::Nice, Contender::OthersIdle],
            Self::Toggle => return vec![Contender::DualqPriority],
        };
        contenders.extend(Contender::DUALQ);
        contenders.extend((0..peers).map(Contender::Peer));
        contenders
    }

    /// Returns its processes.
    #[must_use]
    pub fn orders(self, contender: Contender, setting: Setting) -> Vec<WorkerSpec> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let spins = |ns: f64| (ns * setting.spins_per_ns) as u64;
        let periodic = |threads, period_ns, work_ns| {
            Job::Periodic(Periodic {
                threads,
                period_ns,
                spins: spins(work_ns),
                span_ns: setting.span_ns,
                seed: setting.seed,
            })
        };
        let it = |job| WorkerSpec {
            role: WorkerRole::Favoured,
            policy: contender.favoured(),
            job,
        };
        let other = |job| WorkerSpec {
            role: WorkerRole::Other,
            policy: contender.others(),
            job,
        };
        let hogs = |each: u32| (0..each * setting.cpus).map(|_| other(periodic(1, 0, UNIT_NS)));
        let probe = it(periodic(1, PROBE_PERIOD_NS, 0.0));
        let loops = if setting.quick { 10 } else { 50 };
        let rounds = if setting.quick { 5_000 } else { 30_000 };
        let run = |tool, count| {
            let span_ns = setting.span_ns;
            Job::Tool(Run {
                tool,
                count,
                span_ns,
            })
        };
        match self {
            Self::WakeUp { hogs: each } => hogs(each).chain([probe]).collect(),
            Self::Frame { hogs: each } => hogs(each)
                .chain([it(periodic(1, FRAME_NS, FRAME_WORK_NS))])
                .collect(),
            Self::Messages => vec![it(Job::Messages { groups: 10, loops })],
            Self::Pipe => vec![it(Job::Pipe { rounds })],
            Self::Crowd { tasks } => {
                let period =
                    f64::from(tasks) * CROWD_WORK_NS / (CROWD_LOAD * f64::from(setting.cpus));
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let period = period as u64;
                vec![other(periodic(tasks, period, CROWD_WORK_NS)), probe]
            }
            Self::Throughput { tasks } => {
                vec![it(periodic(tasks, SHORT_SLEEP_NS, SHORT_WORK_NS))]
            }
            Self::Switches => vec![it(periodic(500, 0, UNIT_NS))],
            Self::Shares => vec![
                it(periodic(300, 0, UNIT_NS)),
                other(periodic(200, 0, UNIT_NS)),
            ],
            Self::Toggle => hogs(8).chain([it(periodic(1, 0, UNIT_NS))]).collect(),
            Self::Check(tool) => match tool {
                Tool::Hackbench | Tool::PerfMessaging => vec![it(run(tool, loops as u64))],
                Tool::PerfPipe => vec![it(run(tool, rounds))],
                Tool::Cyclictest => hogs(8).chain([it(run(tool, 1))]).collect(),
                Tool::StressNg => vec![other(run(tool, 8 * u64::from(setting.cpus))), probe],
            },
        }
    }

    /// Returns the figures of one run, in the order of the table's columns.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn figures(self, seen: &Observed) -> Vec<(Figure, f64)> {
        let (it, others) = (&seen.favoured, &seen.others);
        let rate = |units: u64| Some(units as f64 / seen.worked.as_secs_f64());
        let of = |values: &[u64], percent, unit: f64| {
            let mut sorted = values.to_vec();
            sorted.sort_unstable();
            let enough = percent != 99 || sorted.len() >= ENOUGH_FOR_P99;
            percentile(&sorted, percent)
                .filter(|_| enough)
                .map(|ns| ns as f64 / unit)
        };
        let (us, ms) = (1e3, 1e6);
        let figures = match self {
            Self::Check(tool) => return tool.same().figures(seen),
            Self::WakeUp { .. } => vec![
                (Figure::WakeP50, of(&it.wakes, 50, us)),
                (Figure::WakeP99, of(&it.wakes, 99, us)),
                (Figure::WakeMax, of(&it.wakes, 100, us)),
                (Figure::Work, rate(others.units)),
                (Figure::Switches, seen.switches_per_second()),
            ],
            Self::Frame { .. } => vec![
                (Figure::DoneP50, of(&it.dones, 50, ms)),
                (Figure::DoneP99, of(&it.dones, 99, ms)),
                (Figure::Work, rate(others.units)),
                (Figure::Switches, seen.switches_per_second()),
            ],
            Self::Messages => vec![(Figure::Messages, of(&it.dones, 50, 1e9))],
            Self::Pipe => vec![(Figure::RoundTrip, of(&it.dones, 50, us))],
            Self::Crowd { .. } => vec![
                (Figure::WakeP50, of(&it.wakes, 50, us)),
                (Figure::WakeP99, of(&it.wakes, 99, us)),
                (Figure::OthersP50, of(&others.wakes, 50, us)),
                (Figure::OthersP99, of(&others.wakes, 99, us)),
                (Figure::Busy, seen.busy_percent()),
                (Figure::Rate, rate(others.units)),
            ],
            Self::Throughput { .. } => vec![
                (Figure::Rate, rate(it.units)),
                (Figure::Busy, seen.busy_percent()),
                (Figure::Switches, seen.switches_per_second()),
            ],
            Self::Switches => vec![
                (Figure::Switches, seen.switches_per_second()),
                (Figure::Work, rate(it.units)),
            ],
            Self::Shares => {
                let all = it.units + others.units;
                let share = (all > 0).then(|| 100.0 * it.units as f64 / all as f64);
                vec![
                    (Figure::ShareOfWork, share),
                    (
                        Figure::ShareOfDispatches,
                        seen.priority_dispatches_percent(),
                    ),
                    (Figure::Switches, seen.switches_per_second()),
                ]
            }
            Self::Toggle => vec![
                (Figure::ToggleP50, of(&seen.toggles, 50, ms)),
                (Figure::ToggleMax, of(&seen.toggles, 100, ms)),
            ],
        };
        let known = |(figure, value): (Figure, Option<f64>)| Some((figure, value?));
        figures.into_iter().filter_map(known).collect()
    }
}

impl Tool {
    /// Returns the measurement of ours that it repeats.
    #[must_use]
    pub fn same(self) -> Measurement {
        match self {
            Self::Hackbench | Self::PerfMessaging => Measurement::Messages,
            Self::PerfPipe => Measurement::Pipe,
            Self::Cyclictest | Self::StressNg => Measurement::WakeUp { hogs: 8 },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::worker_report::WorkerReport;

    fn figure(figures: &[(Figure, f64)], wanted: Figure) -> Option<f64> {
        let found = figures.iter().find(|(figure, _)| *figure == wanted);
        found.map(|(_, value)| *value)
    }

    fn seen() -> Observed {
        Observed {
            span: Duration::from_secs(2),
            worked: Duration::from_secs(2),
            ..Observed::default()
        }
    }

    #[test]
    fn known_wake_ups_give_the_known_figures() {
        let mut seen = seen();
        seen.favoured.wakes = (1..=1000).rev().map(|us| us * 1000).collect();
        seen.others.units = 500;
        let figures = Measurement::WakeUp { hogs: 8 }.figures(&seen);
        assert_eq!(figure(&figures, Figure::WakeP50), Some(500.0));
        assert_eq!(figure(&figures, Figure::WakeP99), Some(990.0));
        assert_eq!(figure(&figures, Figure::WakeMax), Some(1000.0));
        assert_eq!(figure(&figures, Figure::Work), Some(250.0));
    }

    #[test]
    fn too_few_wake_ups_have_no_p99_and_none_no_figure() {
        let mut few = seen();
        few.favoured.dones = vec![4_000_000; ENOUGH_FOR_P99 - 1];
        let figures = Measurement::Frame { hogs: 8 }.figures(&few);
        assert_eq!(figure(&figures, Figure::DoneP50), Some(4.0));
        assert_eq!(figure(&figures, Figure::DoneP99), None);
        let figures = Measurement::WakeUp { hogs: 8 }.figures(&seen());
        assert_eq!(figure(&figures, Figure::WakeP50), None);
    }

    #[test]
    fn shares_are_of_the_work_of_both() {
        let mut seen = seen();
        seen.favoured = WorkerReport {
            units: 630,
            ..WorkerReport::default()
        };
        seen.others.units = 370;
        let figures = Measurement::Shares.figures(&seen);
        assert_eq!(figure(&figures, Figure::ShareOfWork), Some(63.0));
        assert_eq!(figure(&figures, Figure::ShareOfDispatches), None);
    }

    #[test]
    fn every_measurement_has_its_key_and_a_comparison() {
        for quick in [false, true] {
            let all = Measurement::all(quick);
            let mut keys: Vec<_> = all.iter().map(|one| one.key()).collect();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), all.len());
            for measurement in all {
                let contenders = measurement.contenders(1);
                assert!(
                    contenders.contains(&Contender::Default) || measurement == Measurement::Toggle,
                    "{measurement:?}"
                );
            }
        }
    }

    #[test]
    fn a_crowd_of_any_size_wants_the_same_share_of_the_machine() {
        let setting = Setting {
            cpus: 4,
            spins_per_ns: 1.0,
            span_ns: 1,
            seed: 1,
            quick: false,
        };
        for tasks in [50, 1000] {
            let orders = Measurement::Crowd { tasks }.orders(Contender::Default, setting);
            let Job::Periodic(crowd) = &orders[0].job else {
                panic!("not a crowd");
            };
            #[allow(clippy::cast_precision_loss)]
            let load = f64::from(crowd.threads) * crowd.spins as f64 / crowd.period_ns as f64;
            assert!((load - 0.6 * 4.0).abs() < 0.01, "{load}");
        }
    }
}
