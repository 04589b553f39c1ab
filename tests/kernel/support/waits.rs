//! Reads the wait instrument's counts through its pins, without the program.

use std::time::Duration;

use libbpf_rs::query::{LinkInfoIter, ProgInfoIter};
use libbpf_rs::{MapCore, MapFlags};

use super::maps;

const BUCKETS: usize = 280;

/// One of the histograms of a CPU, by its place.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    PriorityWake,
    PriorityRequeue,
    BatchWake,
    BatchRequeue,
}

/// Waits by bucket.
#[derive(Debug, Clone)]
pub struct Waits(Vec<u64>);

impl Waits {
    /// Returns the sum over all CPUs for a kind of wait.
    pub fn of(kind: Kind) -> Self {
        let map = maps::open("wait_histograms").expect("wait_histograms is pinned");
        let cpus = map
            .lookup_percpu(&0_u32.to_ne_bytes(), MapFlags::ANY)
            .unwrap()
            .unwrap();
        let mut sum = vec![0; BUCKETS];
        for cpu in cpus {
            let from = kind as usize * (BUCKETS + 2) * 8;
            for (sum, bytes) in sum.iter_mut().zip(cpu[from..].chunks(8)) {
                *sum += u64::from_ne_bytes(bytes.try_into().unwrap());
            }
        }
        Self(sum)
    }

    /// The wake-up waits of a process that is looked at.
    pub fn of_process(pid: u32) -> Self {
        let map = maps::open("wait_processes").expect("wait_processes is pinned");
        let value = map.lookup(&pid.to_ne_bytes(), MapFlags::ANY).unwrap();
        let value = value.expect("the process is looked at");
        let counts = value.chunks(4).take(BUCKETS);
        Self(
            counts
                .map(|bytes| u32::from_ne_bytes(bytes.try_into().unwrap()).into())
                .collect(),
        )
    }

    pub fn since(&self, before: &Self) -> Self {
        Self(self.0.iter().zip(&before.0).map(|(a, b)| a - b).collect())
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The lower bound of the bucket that a percentile is in, in microseconds.
    pub fn percentile_us(&self, percent: u64) -> f64 {
        let mut left = (self.total() * percent).div_ceil(100).max(1);
        for (bucket, count) in self.0.iter().enumerate() {
            if *count >= left {
                let (octave, part) = (bucket / 8, bucket % 8);
                return (8 + part) as f64 * 2_f64.powi(octave as i32 - 1) / 1000.0;
            }
            left -= count;
        }
        panic!("there are no waits");
    }
}

/// The longest wait of a kind since the last event.
pub fn longest(kind: Kind) -> Duration {
    let map = maps::open("wait_histograms").expect("wait_histograms is pinned");
    let cpus = map
        .lookup_percpu(&0_u32.to_ne_bytes(), MapFlags::ANY)
        .unwrap()
        .unwrap();
    let event = event();
    let longest = cpus.iter().filter_map(|cpu| {
        let at = (kind as usize * (BUCKETS + 2) + BUCKETS) * 8;
        let number = |at: usize| u64::from_ne_bytes(cpu[at..at + 8].try_into().unwrap());
        (number(at + 8) == event).then(|| number(at))
    });
    Duration::from_nanos(longest.max().unwrap_or(0))
}

/// Returns the number of changes of the machine: moves, attaching, detaching.
pub fn event() -> u64 {
    let map = maps::open("wait_control").expect("wait_control is pinned");
    let value = map.lookup(&1_u32.to_ne_bytes(), MapFlags::ANY).unwrap();
    u64::from_ne_bytes(value.unwrap().try_into().unwrap())
}

/// Starts measuring a single process, as the dashboard does for the selected one.
pub fn look_at(pid: u32) {
    let map = maps::open("wait_processes").expect("wait_processes is pinned");
    map.update(&pid.to_ne_bytes(), &[0; 2 * BUCKETS * 4], MapFlags::ANY)
        .unwrap();
}

/// Returns the number of attached programs of the instrument.
pub fn attached_programs() -> usize {
    let ours: Vec<u32> = ProgInfoIter::default()
        .filter(|program| program.name.to_string_lossy().starts_with("waits_"))
        .map(|program| program.id)
        .collect();
    LinkInfoIter::default()
        .filter(|link| ours.contains(&link.prog_id))
        .count()
}
