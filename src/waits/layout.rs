//! The maps of src/bpf/waits.h.

use crate::kernel::layout;
use crate::kernel::skeletons::dualq::types::{cpu_waits, histogram, process_waits};
use crate::model::{BUCKETS, Histogram, KindWaits, QueueWaits};

/// The size of a process's waits.
pub const PROCESS_WAITS: usize = size_of::<process_waits>();

/// `enum control`
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum Control {
    Phase,
    Event,
    On,
}

/// Returns the sum over all CPUs for both queues, with the maxima since change `event`. `None` if a value has
/// another layout.
pub fn queues(cpus: &[Vec<u8>], event: u64) -> Option<(QueueWaits, QueueWaits)> {
    let mut priority = [Sum::default(); 2];
    let mut batch = [Sum::default(); 2];
    for cpu in cpus {
        let cpu: cpu_waits = layout::read(cpu)?;
        let kinds = cpu.priority.iter().chain(&cpu.batch);
        for (sum, kind) in priority.iter_mut().chain(&mut batch).zip(kinds) {
            sum.add(kind, event);
        }
    }
    let queue = |[wake, requeue]: [Sum; 2]| QueueWaits {
        wake: wake.into(),
        requeue: requeue.into(),
    };
    Some((queue(priority), queue(batch)))
}

/// The waits of one kind, over all CPUs so far.
#[derive(Clone, Copy)]
struct Sum {
    counts: [u64; BUCKETS],
    max_ns: u64,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            max_ns: 0,
        }
    }
}

impl Sum {
    fn add(&mut self, cpu: &histogram, event: u64) {
        for (sum, count) in self.counts.iter_mut().zip(cpu.counts) {
            *sum = sum.wrapping_add(count);
        }
        if cpu.event == event {
            self.max_ns = self.max_ns.max(cpu.max_ns);
        }
    }
}

impl From<Sum> for KindWaits {
    fn from(sum: Sum) -> Self {
        Self {
            histogram: Histogram::from_counts(sum.counts),
            max_ns: sum.max_ns,
        }
    }
}

/// Returns the wake-up and requeue waits of a process.
pub fn process(value: &[u8]) -> Option<(Histogram, Histogram)> {
    let process_waits { wake, requeue } = layout::read(value)?;
    let histogram = |counts: [u32; BUCKETS]| Histogram::from_counts(counts.map(u64::from));
    Some((histogram(wake), histogram(requeue)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A CPU with `index + 1` waits in bucket `index`, and a maximum since change 3.
    fn cpu() -> Vec<u8> {
        let mut bytes = Vec::new();
        for index in 0..4_u64 {
            for bucket in 0..BUCKETS as u64 {
                let count = if bucket == index { index + 1 } else { 0 };
                bytes.extend(count.to_ne_bytes());
            }
            bytes.extend((1000 + index).to_ne_bytes());
            bytes.extend(3_u64.to_ne_bytes());
        }
        bytes
    }

    #[test]
    fn cpus_are_added_up_and_each_kind_stands_at_its_place() {
        let (priority, batch) = queues(&[cpu(), cpu()], 3).unwrap();
        let kinds = [priority.wake, priority.requeue, batch.wake, batch.requeue];
        for (index, kind) in kinds.iter().enumerate() {
            assert_eq!(kind.histogram.total(), 2 * (index as u64 + 1));
            assert_eq!(kind.max_ns, 1000 + index as u64);
        }
    }

    #[test]
    fn a_maximum_from_before_the_last_event_is_none() {
        let (priority, _) = queues(&[cpu()], 4).unwrap();
        assert_eq!(priority.wake.max_ns, 0);
    }

    #[test]
    fn another_layout_is_not_misread() {
        assert!(queues(&[vec![0; size_of::<cpu_waits>() - 8]], 0).is_none());
        assert!(process(&vec![0; PROCESS_WAITS + 4]).is_none());
    }

    #[test]
    fn the_layout_is_that_of_the_bpf_source() {
        let source = include_str!("../bpf/waits.h");
        assert!(source.contains(&format!("#define BUCKETS {BUCKETS}\n")));
        let list = source.split("enum control {").nth(1).unwrap();
        let list = list.split("};").next().unwrap();
        let places = [
            "CONTROL_PHASE",
            "CONTROL_EVENT",
            "CONTROL_ON",
            "NR_CONTROLS",
        ]
        .map(|name| list.find(&format!("\t{name},")).unwrap());
        assert!(places.is_sorted());
    }
}
