//! The panel about one process: what is derived from its readings, one per snapshot.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::model::{Inspected, ProcessId, Waited};

/// Readings that the history keeps: a minute at the usual interval.
pub const KEPT: usize = 60;

/// The readings of one process since its panel was opened.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    of: Option<ProcessId>,
    at: Duration,
    before: HashMap<u32, (Option<Waited>, Duration)>,
    threads: HashMap<u32, ThreadRates>,
    history: VecDeque<Option<u64>>,
    cpus: VecDeque<u32>,
}

/// The rates of a thread between the last two readings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ThreadRates {
    /// Its mean wait for a CPU, in nanoseconds; `None` if it never got one.
    pub wait_ns: Option<u64>,
    /// Share of one CPU, in percent.
    pub cpu_percent: Option<f32>,
}

impl Inspection {
    /// Takes in a reading. One of another process begins a new history.
    pub fn see(&mut self, at: Duration, reading: &Inspected) {
        if self.of != Some(reading.id) {
            *self = Self {
                of: Some(reading.id),
                ..Self::default()
            };
        }
        let elapsed = at.saturating_sub(self.at);
        self.at = at;
        let before = std::mem::take(&mut self.before);
        self.threads.clear();
        let mut all: Option<Waited> = None;
        for thread in &reading.threads {
            if let Some((waited, cpu_time)) = before.get(&thread.tid) {
                let waits = thread.waited.zip(*waited);
                let waits = waits.and_then(|(now, then)| now.since(then));
                if let Some(waits) = waits {
                    let sum = all.get_or_insert_default();
                    sum.ns = sum.ns.saturating_add(waits.ns);
                    sum.turns = sum.turns.saturating_add(waits.turns);
                }
                let ran = thread.cpu_time.checked_sub(*cpu_time);
                let rates = ThreadRates {
                    wait_ns: waits.and_then(Waited::mean),
                    cpu_percent: ran
                        .filter(|_| !elapsed.is_zero())
                        .map(|ran| 100.0 * ran.as_secs_f32() / elapsed.as_secs_f32()),
                };
                self.threads.insert(thread.tid, rates);
            }
            self.before
                .insert(thread.tid, (thread.waited, thread.cpu_time));
        }
        push(&mut self.history, all.and_then(Waited::mean));
        let first = reading.threads.iter().find(|t| t.tid == reading.id.pid);
        if let Some(cpu) = first.and_then(|thread| thread.cpu) {
            push(&mut self.cpus, cpu);
        }
    }

    /// Returns the rates of a thread, if it was there at the reading before.
    #[must_use]
    pub fn thread(&self, tid: u32) -> ThreadRates {
        self.threads.get(&tid).copied().unwrap_or_default()
    }

    /// The mean wait of all threads at each reading, the newest last; `None` where none got a CPU.
    #[must_use]
    pub fn history(&self) -> impl DoubleEndedIterator<Item = Option<u64>> + '_ {
        self.history.iter().copied()
    }

    /// The CPU that the first thread used last, at each reading, the newest last.
    #[must_use]
    pub fn cpus(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.cpus.iter().copied()
    }

    /// Whether the readings are of this process.
    #[must_use]
    pub fn is_of(&self, id: ProcessId) -> bool {
        self.of == Some(id)
    }
}

fn push<T>(kept: &mut VecDeque<T>, new: T) {
    if kept.len() >= KEPT {
        kept.pop_front();
    }
    kept.push_back(new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Details, Policy, Thread};

    fn reading(pid: u32, cpu: u32, ns: u64, turns: u64, ran_ms: u64) -> Inspected {
        Inspected {
            id: ProcessId {
                pid,
                start_ticks: 1,
            },
            details: Details::default(),
            cgroup: None,
            cause: None,
            threads: vec![Thread {
                tid: pid,
                name: "one".into(),
                state: 'R',
                cpu: Some(cpu),
                nice: Some(0),
                policy: Policy::Other,
                cpu_time: Duration::from_millis(ran_ms),
                waited: Some(Waited { ns, turns }),
            }],
            left_out: 0,
        }
    }

    #[test]
    fn waits_and_cpu_are_those_between_two_readings() {
        let mut inspection = Inspection::default();
        inspection.see(Duration::from_secs(1), &reading(7, 0, 500, 5, 100));
        assert_eq!(inspection.thread(7), ThreadRates::default());
        inspection.see(Duration::from_secs(2), &reading(7, 1, 900, 7, 600));
        let rates = inspection.thread(7);
        assert_eq!(rates.wait_ns, Some(200));
        assert_eq!(rates.cpu_percent, Some(50.0));
        // No turn, no wait.
        inspection.see(Duration::from_secs(3), &reading(7, 1, 900, 7, 600));
        let history: Vec<_> = inspection.history().collect();
        assert_eq!(history, [None, Some(200), None]);
        assert_eq!(inspection.cpus().collect::<Vec<_>>(), [0, 1, 1]);
    }

    #[test]
    fn another_process_begins_a_new_history_of_bounded_length() {
        let mut inspection = Inspection::default();
        for second in 0..100 {
            let at = Duration::from_secs(second);
            inspection.see(at, &reading(7, 0, 10 * second, second + 1, 0));
        }
        assert_eq!(inspection.history().count(), KEPT);
        inspection.see(Duration::from_secs(200), &reading(8, 3, 1, 1, 0));
        assert_eq!(inspection.history().collect::<Vec<_>>(), [None]);
        assert_eq!(inspection.cpus().collect::<Vec<_>>(), [3]);
    }
}
