//! Reads the threads of processes from `/proc/PID/task`, only while they are shown.

use std::{fs::File, path::Path, sync::Arc};

use rustix::fs::{Dir, Mode, OFlags, openat};

use super::stat::parse;
use crate::model::{Policy, Process, ProcessId};
use crate::sys::text::scrub;

/// More bytes than such a line can have: 52 numbers and a short name.
const LONGEST_STAT: usize = 2048;
/// The maximum number of threads that are read in one tick: at about 5 µs each they take 20 ms.
const MOST: usize = 4096;

/// Returns one row per thread of these processes except the first thread, which is the process's own row. If
/// there are more than [`MOST`], the processes with the most threads are left out. Also returns the number
/// of threads that are left out.
pub fn read(root: &Path, processes: &[Process]) -> (Vec<Process>, usize) {
    let mut several: Vec<&Process> = processes
        .iter()
        .filter(|process| process.threads > 1 && !process.kernel_thread)
        .collect();
    several.sort_by_key(|process| process.threads);
    let expected: usize = several
        .iter()
        .map(|process| process.threads as usize - 1)
        .sum();
    let all = several.into_iter().flat_map(|process| of(root, process));
    let threads: Vec<Process> = all.take(MOST).collect();
    // Fewer threads than that are all there were: some may have ended since they were counted.
    let left_out = match threads.len() {
        MOST => expected.saturating_sub(MOST),
        _ => 0,
    };
    (threads, left_out)
}

/// Returns the threads of one process. Threads that end meanwhile are left out.
fn of<'a>(root: &Path, process: &'a Process) -> impl Iterator<Item = Process> + 'a {
    let pid = process.id.pid;
    let tasks = File::open(root.join(format!("{pid}/task"))).ok();
    let entries = tasks.as_ref().and_then(|tasks| Dir::read_from(tasks).ok());
    let mut buffer = [0; LONGEST_STAT];
    entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(move |entry| {
            let tid: u32 = entry.file_name().to_str().ok()?.parse().ok()?;
            if tid == pid {
                return None;
            }
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let file = openat(tasks.as_ref()?, format!("{tid}/stat"), flags, Mode::empty()).ok()?;
            let length = rustix::io::read(&file, &mut buffer).ok()?;
            let seen = parse(buffer.get(..length)?)?;
            let name = scrub(seen.comm);
            Some(Process {
                id: ProcessId {
                    pid: tid,
                    start_ticks: seen.id.start_ticks,
                },
                thread_of: Some(process.id),
                parent: pid,
                user: Arc::clone(&process.user),
                state: seen.state,
                threads: 0,
                policy: Policy::of(seen.policy),
                cpu_time: seen.cpu_time,
                command: format!("{name}, thread of {} ({pid})", process.name).into(),
                name: name.into(),
                kernel_thread: false,
                queue: process.queue,
                membership: process.membership,
                level: process.level,
                own: process.own,
                details: None,
            })
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use std::sync::mpsc;

    use super::*;
    use crate::observe::{Processes, Source};

    #[test]
    fn named_thread_is_listed_but_not_the_first_one() {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("worker\x1b[2J".to_owned())
            .spawn(move || stopped.recv())
            .unwrap();
        let me = std::process::id();
        // A thread sets its name itself, a moment after its start.
        let row = loop {
            let processes = Processes::new("/proc".into(), Source::Proc).read();
            let mine: Vec<Process> = processes
                .into_iter()
                .filter(|process| process.id.pid == me)
                .collect();
            let (threads, left_out) = read(Path::new("/proc"), &mine);
            assert_eq!(left_out, 0);
            assert!(threads.iter().all(|thread| thread.id.pid != me));
            if let Some(row) = threads.into_iter().find(|row| *row.name == *"worker·[2J") {
                assert_eq!(row.thread_of, Some(mine[0].id));
                break row;
            }
        };
        assert_eq!(row.parent, me);
        assert!(row.command.contains(&format!("({me})")), "{}", row.command);
        drop(stop);
        let _ = thread.join();
    }

    #[test]
    fn a_process_with_very_many_threads_does_not_take_the_tick() {
        let root = std::env::temp_dir().join(format!("dualq-top-threads-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        let line = "7 (worker) S 1 1 1 0 -1 0 0 0 0 0 3 4 0 0 20 0 5001 0 77 0 0".to_owned();
        std::fs::create_dir_all(root.join("thread")).unwrap();
        std::fs::write(root.join("thread/stat"), line + &" 0".repeat(28)).unwrap();
        let any = Processes::new("/proc".into(), Source::Proc)
            .read()
            .remove(0);
        let process = |pid: u32, threads: u32| {
            let mut process = any.clone();
            (process.id.pid, process.threads) = (pid, threads);
            process.kernel_thread = false;
            let tasks = root.join(format!("{pid}/task"));
            std::fs::create_dir_all(&tasks).unwrap();
            for tid in pid..pid + threads {
                std::os::unix::fs::symlink(root.join("thread"), tasks.join(tid.to_string()))
                    .unwrap();
            }
            process
        };
        let giant = process(9_000_000, u32::try_from(MOST).unwrap() + 11);
        let small = process(8_000_000, 3);
        let (threads, left_out) = read(&root, &[giant.clone(), small.clone()]);
        std::fs::remove_dir_all(&root).unwrap();
        let of = |process: &Process| {
            let of = threads
                .iter()
                .filter(|thread| thread.parent == process.id.pid);
            of.count()
        };
        assert_eq!((of(&small), of(&giant), left_out), (2, MOST - 2, 12));
        assert_eq!(threads[0].cpu_time, Duration::from_millis(70));
    }
}
