//! The maps of src/bpf/waits.bpf.c, byte for byte.

use crate::model::{BUCKETS, Histogram, KindWaits, QueueWaits};

/// `struct histogram`: the counts, the maximum, and the number of the change since which it applies.
const HISTOGRAM: usize = (BUCKETS + 2) * 8;
/// `struct cpu_waits`: wake-up and requeue waits of PRIORITY, then of BATCH.
pub const CPU_WAITS: usize = 4 * HISTOGRAM;
/// `struct process_waits`: wake-up and requeue waits.
pub const PROCESS_WAITS: usize = 2 * BUCKETS * 4;

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
    let kind = |index: usize| kind(cpus, index * HISTOGRAM, event);
    let queue = |index| {
        Some(QueueWaits {
            wake: kind(index)?,
            requeue: kind(index + 1)?,
        })
    };
    Some((queue(0)?, queue(2)?))
}

fn kind(cpus: &[Vec<u8>], from: usize, event: u64) -> Option<KindWaits> {
    let mut counts = [0_u64; BUCKETS];
    let mut max_ns = 0;
    for cpu in cpus {
        if cpu.len() != CPU_WAITS {
            return None;
        }
        let mut values = numbers::<8>(cpu.get(from..from + HISTOGRAM)?).map(u64::from_ne_bytes);
        for (sum, count) in counts.iter_mut().zip(values.by_ref()) {
            *sum = sum.wrapping_add(count);
        }
        let (max, since) = (values.next()?, values.next()?);
        if since == event {
            max_ns = max_ns.max(max);
        }
    }
    Some(KindWaits {
        histogram: Histogram::from_counts(counts),
        max_ns,
    })
}

/// Returns the wake-up and requeue waits of a process.
pub fn process(value: &[u8]) -> Option<(Histogram, Histogram)> {
    if value.len() != PROCESS_WAITS {
        return None;
    }
    let (wake, requeue) = value.split_at_checked(PROCESS_WAITS / 2)?;
    let histogram = |bytes| {
        Histogram::from_counts(numbers::<4>(bytes).map(|count| u32::from_ne_bytes(count).into()))
    };
    Some((histogram(wake), histogram(requeue)))
}

fn numbers<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes
        .chunks_exact(N)
        .filter_map(|chunk| chunk.try_into().ok())
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
        assert!(queues(&[vec![0; CPU_WAITS - 8]], 0).is_none());
        assert!(process(&vec![0; PROCESS_WAITS + 4]).is_none());
    }

    #[test]
    fn the_layout_is_that_of_the_bpf_source() {
        let source = include_str!("../bpf/waits.bpf.c");
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
