//! The machine as a whole, from sysinfo.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use sysinfo::{
    CpuRefreshKind, MINIMUM_CPU_UPDATE_INTERVAL, MemoryRefreshKind, RefreshKind, System,
};

use crate::model::Host;
use crate::sys::text::scrub;

pub struct HostReader {
    /// `None` if the library finds nothing to read.
    system: Option<System>,
    release: String,
    /// CPU usage is what happened since.
    begun: Instant,
}

impl HostReader {
    pub fn new() -> Self {
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        Self {
            system: System::new_with_specifics(what).ok(),
            release: scrub(rustix::system::uname().release().to_bytes()),
            begun: Instant::now(),
        }
    }

    /// Returns the host, and the CPUs that are present.
    pub fn read(&mut self) -> (Host, Vec<HostCpu>) {
        let mut host = Host {
            kernel: self.release.clone(),
            ..Host::default()
        };
        if let Ok(load) = System::load_average() {
            host.load = Some([load.one, load.five, load.fifteen]);
        }
        host.pressure_percent = pressure();
        let mut busy = BTreeMap::new();
        if let Some(system) = &mut self.system {
            system.refresh_cpu_usage();
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
            host.memory_used_bytes = system.used_memory();
            host.memory_total_bytes = system.total_memory();
            let is_known = self.begun.elapsed() >= MINIMUM_CPU_UPDATE_INTERVAL;
            for cpu in system.cpus() {
                let number = cpu.name().strip_prefix("cpu").and_then(|n| n.parse().ok());
                busy.extend(number.map(|number: usize| (number, is_known.then(|| cpu.usage()))));
            }
            if is_known && !busy.is_empty() {
                host.cpu_percent = Some(system.global_cpu_usage());
            }
        }
        (host, cpus(&listed("present"), &listed("online"), &busy))
    }
}

/// Returns the pressure on the CPUs: the share of the last ten seconds in which some task waited, in percent.
fn pressure() -> Option<f32> {
    parse_pressure(&fs::read_to_string("/proc/pressure/cpu").ok()?)
}

fn parse_pressure(text: &str) -> Option<f32> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let mut words = some.split(' ');
    let percent: f32 = words
        .find_map(|word| word.strip_prefix("avg10="))?
        .parse()
        .ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent)
}

/// A CPU that is present.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostCpu {
    pub number: usize,
    pub online: bool,
    /// In percent; `None` while it is offline, and where the kernel does not say.
    pub busy: Option<f32>,
}

/// Puts together what sysfs lists and what `/proc/stat` counts, either of which may be hidden or incomplete.
/// A machine may have room for many more CPUs than are present: those are left out.
fn cpus(present: &[usize], online: &[usize], busy: &BTreeMap<usize, Option<f32>>) -> Vec<HostCpu> {
    // The kernel counts for CPUs that are online, and only sysfs tells of the others.
    let seen: Vec<usize> = busy.keys().copied().collect();
    let online = if online.is_empty() { &seen } else { online };
    let mut numbers = [present, online].concat();
    numbers.sort_unstable();
    numbers.dedup();
    let cpu = |number| {
        let is_online = online.contains(&number);
        HostCpu {
            number,
            online: is_online,
            // sysinfo keeps showing an offline CPU with its last value.
            busy: busy.get(&number).copied().flatten().filter(|_| is_online),
        }
    };
    numbers.into_iter().map(cpu).collect()
}

/// Reads one of the kernel's lists of CPUs: `present`, `online`. Empty where sysfs is hidden.
fn listed(which: &str) -> Vec<usize> {
    ranges(&fs::read_to_string(format!("/sys/devices/system/cpu/{which}")).unwrap_or_default())
}

/// Returns the numbers of the CPUs that are online, in order.
#[must_use]
pub fn online_cpus() -> Vec<usize> {
    listed("online")
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
    use super::*;

    #[test]
    fn only_present_cpus_are_listed_and_unknown_is_not_offline() {
        let busy = |known: &[usize]| known.iter().map(|&n| (n, Some(50.0))).collect();
        let of =
            |present: &[usize], online: &[usize], known: &[usize]| -> Vec<(usize, bool, bool)> {
                cpus(present, online, &busy(known))
                    .iter()
                    .map(|cpu| (cpu.number, cpu.online, cpu.busy.is_some()))
                    .collect()
            };
        // Room for 128, of which 2 are there: the other 126 are in neither list.
        assert_eq!(
            of(&[0, 1], &[0, 1], &[0, 1]),
            [(0, true, true), (1, true, true)]
        );
        assert_eq!(
            of(&[0, 1], &[0], &[0, 1]),
            [(0, true, true), (1, false, false)]
        );
        // One line in /proc/stat, or none: the CPUs are there, and what they do is not known.
        assert_eq!(
            of(&[0, 1], &[0, 1], &[0]),
            [(0, true, true), (1, true, false)]
        );
        assert_eq!(
            of(&[0, 1], &[0, 1], &[]),
            [(0, true, false), (1, true, false)]
        );
        // Without sysfs, /proc/stat tells those that are online; without both nothing is known.
        assert_eq!(of(&[], &[], &[0, 1]), [(0, true, true), (1, true, true)]);
        assert_eq!(of(&[], &[], &[]), []);
    }

    #[test]
    fn lists_of_cpus_are_read() {
        assert_eq!(ranges("0-3,5,7-8\n"), [0, 1, 2, 3, 5, 7, 8]);
        assert_eq!(ranges("0\n"), [0]);
        assert_eq!(ranges("\n"), Vec::<usize>::new());
        assert!(ranges("0-99999999999").len() <= 8192);
        assert!(ranges(&"0-99,".repeat(200)).len() <= 8192);
    }

    #[test]
    fn pressure_is_the_share_of_the_last_ten_seconds() {
        let text = "some avg10=12.34 avg60=1.00 avg300=0.10 total=99\nfull avg10=0.00\n";
        assert_eq!(parse_pressure(text), Some(12.34));
        assert_eq!(parse_pressure("some avg10=nan"), None);
        assert_eq!(parse_pressure(""), None);
    }
}
