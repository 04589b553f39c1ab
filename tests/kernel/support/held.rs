//! The resources of a process and of BPF in the kernel, to detect leaks.

use std::fs;

use libbpf_rs::query::{LinkInfoIter, MapInfoIter, ProgInfoIter};

use super::guest::{self, PATIENCE};

/// The numbers of BPF programs, maps and links in the kernel, of all owners.
pub fn held() -> [usize; 3] {
    [
        ProgInfoIter::default().count(),
        MapInfoIter::default().count(),
        LinkInfoIter::default().count(),
    ]
}

pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

pub fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

/// Waits until no more is in use than before. The kernel frees unused objects some time later, including those of
/// previous tests.
pub fn wait_until_no_more_than(before: [usize; 3]) {
    let done = guest::holds_within(PATIENCE, || {
        held()
            .iter()
            .zip(before)
            .all(|(now, before)| *now <= before)
    });
    assert!(done, "{before:?} before, {:?} after", held());
}
