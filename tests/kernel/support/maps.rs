//! The scheduler's maps, read by their pins: what other tools see, without the program's help.

use std::path::{Path, PathBuf};

use libbpf_rs::{MapCore, MapFlags, MapHandle};

/// The directory of the pins.
pub const PINS: &str = "/sys/fs/bpf/dualq";

/// Counters of `queue_stats`, by index.
#[derive(Debug, Clone, Copy)]
pub enum Counter {
    PriorityEnqueued,
    PriorityDispatched,
    BatchEnqueued,
    BatchDispatched,
    MemberExits,
    PriorityNs,
    BatchNs,
    Preemptions = 8,
    MovedToPriority,
    MovedToBatch,
    Overdue,
    OwnNs = 13,
    KernelNs,
}

pub fn pin(name: &str) -> PathBuf {
    Path::new(PINS).join(name)
}

/// Opens a pinned map; none when nothing is pinned under this name.
pub fn open(name: &str) -> Option<MapHandle> {
    MapHandle::from_pinned_path(pin(name)).ok()
}

/// The process ids in `priority_pids_map`, in ascending order.
pub fn members() -> Vec<u32> {
    let map = open("priority_pids_map").expect("priority_pids_map is pinned");
    let mut pids: Vec<u32> = map.keys().map(|key| number(&key)).collect();
    pids.sort_unstable();
    pids
}

/// Whether the process is in `priority_pids_map`.
pub fn is_member(pid: u32) -> bool {
    let map = open("priority_pids_map").expect("priority_pids_map is pinned");
    let value = map.lookup(&pid.to_ne_bytes(), MapFlags::ANY);
    value.expect("the map can be read").is_some()
}

/// A counter of each possible CPU.
pub fn counter_by_cpu(counter: Counter) -> Vec<u64> {
    let map = open("queue_stats").expect("queue_stats is pinned");
    let values = map.lookup_percpu(&(counter as u32).to_ne_bytes(), MapFlags::ANY);
    let values = values.expect("the map can be read");
    let bytes = |value: Vec<u8>| u64::from_ne_bytes(value[..8].try_into().expect("8 bytes"));
    values
        .expect("the counter exists")
        .into_iter()
        .map(bytes)
        .collect()
}

/// Whether the scheduler looks at levels, as of its last check: after the timer and the oldest wait.
pub fn levels_differ() -> bool {
    let map = open("overdue_timer").expect("overdue_timer is pinned");
    let value = map.lookup(&0u32.to_ne_bytes(), MapFlags::ANY);
    let value = value.expect("the map can be read").expect("it has a value");
    value[24..32] != [0; 8]
}

/// A counter, summed over all CPUs.
pub fn counter(counter: Counter) -> u64 {
    counter_by_cpu(counter).iter().sum()
}

fn number(key: &[u8]) -> u32 {
    u32::from_ne_bytes(key.try_into().expect("a key of 4 bytes"))
}
