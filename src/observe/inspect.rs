//! Reads what the panel about one process shows, from `/proc/PID`, while it is open.

use std::fs::File;
use std::path::Path;

use rustix::fs::{Dir, Mode, OFlags, openat};

use super::details::{affinity, cgroup, nice, pid, unit};
use super::host::online_cpus;
use super::stat::parse;
use crate::model::{
    Cause, Change, Details, Inspected, Policy, Process, ProcessId, Queue, Thread, Waited,
};
use crate::scheduler::changes;
use crate::sys::text::scrub;

/// The maximum number of threads that are read: about 20 µs each.
const MOST: usize = 256;
/// More bytes than a line of `stat` can have: 52 numbers and a short name.
const LONGEST: usize = 2048;
/// Number of changes in the log that are looked through.
const CHANGES: usize = 1000;
/// The field `processor` of `stat`, see proc(5).
const PROCESSOR: usize = 39;

/// Returns what is known of a process; `None` if it has ended.
pub fn read(root: &Path, process: &Process) -> Option<Inspected> {
    let process_pid = process.process_id().pid;
    let folder = File::open(root.join(process_pid.to_string())).ok()?;
    let path = file(&folder, "cgroup").and_then(|text| cgroup(&text));
    let (threads, left_out) = threads(&folder);
    Some(Inspected {
        id: process.id,
        details: Details {
            nice: nice(pid(process.id.pid)),
            affinity: affinity(pid(process.id.pid), &online_cpus()),
            unit: path.clone().and_then(unit).map(Into::into),
        },
        cgroup: path,
        cause: (process.queue == Some(Queue::Priority))
            .then(|| cause(process.process_id()))
            .flatten(),
        threads,
        left_out,
    })
}

fn file(folder: &File, name: &str) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::empty()).ok()?;
    let mut bytes = vec![0; LONGEST];
    let length = rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut *bytes)).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

fn threads(folder: &File) -> (Vec<Thread>, usize) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(tasks) = openat(folder, "task", flags, Mode::empty()).map(File::from) else {
        return (Vec::new(), 0);
    };
    let entries = Dir::read_from(&tasks).into_iter().flatten().flatten();
    let tids = entries.filter_map(|entry| entry.file_name().to_str().ok()?.parse().ok());
    let mut tids: Vec<u32> = tids.collect();
    tids.sort_unstable();
    let left_out = tids.len().saturating_sub(MOST);
    let tids = tids.into_iter().take(MOST);
    (
        tids.filter_map(|tid| thread(&tasks, tid)).collect(),
        left_out,
    )
}

fn thread(tasks: &File, tid: u32) -> Option<Thread> {
    let line = file(tasks, &format!("{tid}/stat"))?;
    let seen = parse(&line)?;
    Some(Thread {
        tid,
        name: scrub(seen.comm),
        state: seen.state,
        cpu: field(&line, PROCESSOR),
        nice: nice(pid(tid)),
        policy: Policy::of(seen.policy),
        cpu_time: seen.cpu_time,
        waited: file(tasks, &format!("{tid}/schedstat")).and_then(|text| waited(&text)),
    })
}

/// Returns a number after the name in a line of `stat`, by its number in proc(5).
fn field(line: &[u8], number: usize) -> Option<u32> {
    let close = line.iter().rposition(|byte| *byte == b')')?;
    let rest = line.get(close + 1..)?.trim_ascii();
    let text = rest
        .split(|byte| *byte == b' ')
        .nth(number.checked_sub(3)?)?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Parses `schedstat`: time on a CPU, time waiting for one, and number of turns. Some kernels have only zeros.
fn waited(text: &[u8]) -> Option<Waited> {
    let mut numbers = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    let _ran = numbers.next()?;
    let ns = numbers.next()?.parse().ok()?;
    let turns = numbers.next()?.trim().parse().ok()?;
    (turns > 0).then_some(Waited { ns, turns })
}

/// Returns what put the process into PRIORITY, according to the log.
fn cause(id: ProcessId) -> Option<String> {
    let changes = changes::read(CHANGES).ok()?;
    let is_it = |change: &&Change| {
        change.pid == Some(id.pid)
            && change
                .start_ticks
                .is_none_or(|ticks| ticks == id.start_ticks)
    };
    let last = changes.iter().rev().find(is_it)?;
    (last.queue.as_deref() == Some(Queue::Priority.name())).then(|| {
        match (last.cause, &last.rule) {
            (Cause::Key, _) => "a key".to_owned(),
            (Cause::Command, _) => "a command".to_owned(),
            (Cause::Service, _) => "the service".to_owned(),
            (Cause::Parent, _) => format!("process {}", last.through.unwrap_or(0)),
            (Cause::Rule, Some(place)) => format!("the rule {}", scrub(place.as_bytes())),
            (Cause::Rule, None) => "a rule".to_owned(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Processes, Source};

    #[test]
    fn threads_of_this_process_are_told_with_cpu_and_waits() {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("inspected".to_owned())
            .spawn(move || stopped.recv())
            .unwrap();
        let me = std::process::id();
        let seen = loop {
            let processes = Processes::new("/proc".into(), Source::Proc).read();
            let it = processes
                .iter()
                .find(|process| process.id.pid == me)
                .unwrap();
            let seen = read(Path::new("/proc"), it).unwrap();
            // A thread sets its name itself, a moment after its start.
            if seen.threads.iter().any(|thread| thread.name == "inspected") {
                break seen;
            }
        };
        assert_eq!(seen.threads[0].tid, me);
        assert!(seen.threads.iter().all(|thread| thread.cpu.is_some()));
        assert!(seen.details.nice.is_some() && seen.details.affinity.is_some());
        assert!(seen.cgroup.is_some());
        drop(stop);
        let _ = thread.join();
    }

    #[test]
    fn numbers_of_a_hostile_name_are_not_taken_for_fields() {
        let rest = (4..=41)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(" ");
        let line = format!("7 (a) R 1 2 (x) S {rest}");
        assert_eq!(field(line.as_bytes(), PROCESSOR), Some(39));
        assert_eq!(field(b"7 (a) S 1 2", PROCESSOR), None);
    }

    #[test]
    fn waits_are_read_where_the_kernel_counts_them() {
        assert_eq!(waited(b"9 120 4\n"), Some(Waited { ns: 120, turns: 4 }));
        assert_eq!(waited(b"0 0 0\n"), None);
        assert_eq!(waited(b""), None);
    }
}
