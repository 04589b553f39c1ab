//! The machine as a whole, from sysinfo.

use std::fs;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::model::Host;
use crate::text::scrub;

pub struct HostReader {
    /// `None` if the library finds nothing to read.
    system: Option<System>,
    release: String,
}

impl HostReader {
    pub fn new() -> Self {
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        Self {
            system: System::new_with_specifics(what).ok(),
            release: scrub(rustix::system::uname().release().to_bytes()),
        }
    }

    /// Returns the host, and each possible CPU's busy share in percent; `None` while the CPU is offline.
    pub fn read(&mut self) -> (Host, Vec<Option<f32>>) {
        let mut host = Host {
            kernel: self.release.clone(),
            ..Host::default()
        };
        if let Ok(load) = System::load_average() {
            host.load = [load.one, load.five, load.fifteen];
        }
        if let Some(system) = &mut self.system {
            system.refresh_cpu_usage();
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
            host.cpu_percent = system.global_cpu_usage();
            host.memory_used_bytes = system.used_memory();
            host.memory_total_bytes = system.total_memory();
        }
        (host, self.busy())
    }

    fn busy(&self) -> Vec<Option<f32>> {
        let possible = fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
        let online = online_cpus();
        let mut busy = vec![None; ranges(&possible).last().map_or(0, |&last| last + 1)];
        for cpu in self.system.iter().flat_map(System::cpus) {
            // sysinfo keeps showing an offline CPU with its last value.
            if let Some(number) = cpu
                .name()
                .strip_prefix("cpu")
                .and_then(|n| n.parse::<usize>().ok())
                && online.contains(&number)
                && let Some(place) = busy.get_mut(number)
            {
                *place = Some(cpu.usage());
            }
        }
        busy
    }
}

/// Returns the numbers of the CPUs that are online, in order.
pub fn online_cpus() -> Vec<usize> {
    ranges(&fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default())
}

/// No machine has more (NR_CPUS).
const MOST_CPUS: usize = 8192;

/// Parses the kernel's list format for CPUs: `0-3,5,7-8`.
pub(crate) fn ranges(list: &str) -> Vec<usize> {
    let mut numbers = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) {
            // Bounded, so that a damaged file cannot make an endless list.
            numbers.extend((first..=last.min(MOST_CPUS - 1)).take(MOST_CPUS - numbers.len()));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn lists_of_cpus_are_read() {
        assert_eq!(ranges("0-3,5,7-8\n"), [0, 1, 2, 3, 5, 7, 8]);
        assert_eq!(ranges("0\n"), [0]);
        assert_eq!(ranges("\n"), Vec::<usize>::new());
        assert!(ranges("0-99999999999").len() <= 8192);
        assert!(ranges(&"0-99,".repeat(200)).len() <= 8192);
    }
}
