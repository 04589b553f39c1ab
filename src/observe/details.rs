//! Reads what the optional columns show: nice value, affinity and unit. Nothing is read unless a column shows it, and
//! what is read takes a system call per process, not a file. The unit alone needs a file, and is read again every ten
//! ticks.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rustix::process::{Pid, getpriority_process};
use rustix::thread::{CpuSet, sched_getaffinity};

use super::host::online_cpus;
use super::stat::Proc;
use crate::model::{Details, Process, ProcessId, Wanted};
use crate::sys::text::scrub;

/// Number of ticks after which a unit is read again: processes rarely move.
const UNIT_EACH: u32 = 10;

/// Reads the details, and keeps what does not change between ticks.
pub struct Reader {
    /// `None` if there is nothing to read.
    proc: Option<Proc>,
    known: HashMap<ProcessId, Arc<Details>>,
    tick: u32,
    /// Number of system calls and files read so far.
    #[cfg(test)]
    reads: u64,
}

impl Reader {
    pub fn new(root: &Path) -> Self {
        Self {
            proc: Proc::new(root).ok(),
            known: HashMap::new(),
            tick: 0,
            #[cfg(test)]
            reads: 0,
        }
    }

    /// Adds what is wanted to these processes and threads. What cannot be read stays `None`.
    pub fn read(&mut self, processes: &mut [Process], wanted: Wanted) {
        if !(wanted.nice || wanted.affinity || wanted.unit) {
            if !self.known.is_empty() {
                self.known = HashMap::new();
            }
            return;
        }
        self.tick = self.tick.wrapping_add(1);
        let online = wanted.affinity.then(online_cpus);
        let before = std::mem::take(&mut self.known);
        self.known.reserve(processes.len());
        for process in processes {
            let known = before.get(&process.id);
            let mut details = Details::default();
            let pid = pid(process.id.pid);
            if wanted.nice {
                self.count();
                details.nice = nice(pid);
            }
            if let Some(online) = &online {
                self.count();
                details.affinity = affinity(pid, online);
            }
            if wanted.unit {
                let due = process.id.pid % UNIT_EACH == self.tick % UNIT_EACH;
                details.unit = match known {
                    Some(known) if !due && known.unit.is_some() => known.unit.clone(),
                    _ if process.kernel_thread => None,
                    _ => self.unit(process.process_id().pid),
                };
            }
            let details = match known {
                Some(known) if **known == details => Arc::clone(known),
                _ => Arc::new(details),
            };
            self.known.insert(process.id, Arc::clone(&details));
            process.details = Some(details);
        }
    }

    fn unit(&mut self, pid: u32) -> Option<Arc<str>> {
        self.count();
        let text = self.proc.as_mut()?.file(pid, "cgroup")?;
        Some(unit(cgroup(text)?)?.into())
    }

    #[cfg_attr(not(test), allow(clippy::unused_self))]
    fn count(&mut self) {
        #[cfg(test)]
        {
            self.reads += 1;
        }
    }
}

pub fn pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(pid.cast_signed())
}

/// Returns the nice value of a thread.
pub fn nice(pid: Option<Pid>) -> Option<i8> {
    // Without an id the kernel would answer about this process.
    i8::try_from(getpriority_process(Some(pid?)).ok()?).ok()
}

/// Returns the CPUs that a thread may use.
pub fn affinity(pid: Option<Pid>, online: &[usize]) -> Option<Arc<str>> {
    let set = sched_getaffinity(Some(pid?)).ok()?;
    let allowed = |cpu: usize| cpu < CpuSet::MAX_CPU && set.is_set(cpu);
    if !online.is_empty() && online.iter().all(|cpu| allowed(*cpu)) {
        return Some("all".into());
    }
    Some(list((0..CpuSet::MAX_CPU).filter(|cpu| allowed(*cpu))).into())
}

/// Writes CPU numbers as the kernel lists them: `0-3,8`.
fn list(numbers: impl Iterator<Item = usize>) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}-{last}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(",")
}

/// Returns the path in `/proc/PID/cgroup`, scrubbed: that of version 2, otherwise systemd's own of version 1.
pub fn cgroup(text: &[u8]) -> Option<String> {
    let lines = || text.split(|byte| *byte == b'\n');
    let path = |prefix: &'static [u8]| {
        lines().find_map(move |line| {
            let at = line.windows(prefix.len()).position(|part| part == prefix)?;
            line.get(at + prefix.len()..)
        })
    };
    let path = path(b"0::").or_else(|| path(b":name=systemd:"))?;
    Some(scrub(path))
}

/// Returns the innermost service or scope of a cgroup's path, otherwise its last part; `None` for the root.
pub fn unit(path: String) -> Option<String> {
    let parts = || path.split('/').filter(|part| !part.is_empty()).rev();
    let is_unit = |part: &&str| part.ends_with(".service") || part.ends_with(".scope");
    let part = parts().find(is_unit).or_else(|| parts().next())?;
    Some(part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Processes, Source};

    fn mine(processes: &[Process]) -> &Process {
        let me = std::process::id();
        processes
            .iter()
            .find(|process| process.id.pid == me)
            .unwrap()
    }

    #[test]
    fn nothing_is_read_for_columns_that_are_not_shown() {
        let mut reader = Reader::new(Path::new("/proc"));
        let mut processes = Processes::new("/proc".into(), Source::Proc).read();
        reader.read(&mut processes, Wanted::default());
        assert_eq!(reader.reads, 0);
        assert!(processes.iter().all(|process| process.details.is_none()));
        let wanted = Wanted {
            nice: true,
            ..Wanted::default()
        };
        reader.read(&mut processes, wanted);
        assert_eq!(reader.reads, processes.len() as u64);
        assert!(
            mine(&processes)
                .details
                .as_ref()
                .unwrap()
                .affinity
                .is_none()
        );
    }

    #[test]
    fn a_unit_is_read_once_in_ten_ticks() {
        let mut reader = Reader::new(Path::new("/proc"));
        let mut processes = Processes::new("/proc".into(), Source::Proc).read();
        let me = mine(&processes).clone();
        processes.retain(|process| process.id == me.id);
        let wanted = Wanted {
            unit: true,
            ..Wanted::default()
        };
        for _ in 0..30 {
            reader.read(&mut processes, wanted);
        }
        let details = processes[0].details.as_ref().unwrap();
        // Whoever runs the tests in the root of all cgroups is in no unit, and is asked each time.
        let most = if details.unit.is_some() { 4 } else { 30 };
        assert!(reader.reads <= most, "{} reads", reader.reads);
    }

    #[test]
    fn nice_and_affinity_are_those_of_the_process() {
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let it = pid(child.id());
        rustix::process::setpriority_process(it, 7).unwrap();
        let mut one = CpuSet::new();
        let first = online_cpus()[0];
        one.set(first);
        rustix::thread::sched_setaffinity(it, &one).unwrap();
        let seen = (nice(it), affinity(it, &[first, first + 1]));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(seen, (Some(7), Some(first.to_string().into())));
        assert_eq!(nice(it), None, "it has ended");
        assert_eq!(affinity(it, &[0]), None, "it has ended");
    }

    #[test]
    fn cpus_are_listed_as_the_kernel_does() {
        assert_eq!(list([0, 1, 2, 3, 8].into_iter()), "0-3,8");
        assert_eq!(list([5].into_iter()), "5");
        assert_eq!(list([].into_iter()), "");
    }

    #[test]
    fn the_unit_is_the_innermost_service_or_scope() {
        let of = |text: &str| cgroup(text.as_bytes()).and_then(unit);
        let is = |text: &str, unit: &str| assert_eq!(of(text).as_deref(), Some(unit));
        is("0::/system.slice/nginx.service\n", "nginx.service");
        is(
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope/inner\n",
            "app-x.scope",
        );
        is("12:cpu:/a\n1:name=systemd:/docker/abc\n", "abc");
        assert_eq!(of("0::/\n"), None);
        assert_eq!(of(""), None);
    }
}
