//! The threads of processes, from `/proc/PID/task`: read only while they are shown.

use std::{fs::File, path::Path, time::Duration};

use rustix::fs::{Dir, Mode, OFlags, openat};

use crate::model::{Process, ProcessId};
use crate::text::scrub;

/// Longer than any such line: 52 numbers and a short name.
const LONGEST_STAT: usize = 2048;
/// Threads read in one tick, at most: at some 5 µs each they take 20 ms.
pub const MOST: usize = 4096;
/// A tick of `/proc/PID/stat`: USER_HZ is 100 everywhere.
const TICK: Duration = Duration::from_millis(10);

/// A row for each thread of these processes but the first, which the process itself stands for.
/// Beyond `most` of them the processes with the most threads go without; how many threads that leaves out
/// comes back as well.
pub fn read(root: &Path, processes: &[Process], most: usize) -> (Vec<Process>, usize) {
    let mut several: Vec<&Process> = processes
        .iter()
        .filter(|process| process.threads > 1 && !process.kernel_thread)
        .collect();
    several.sort_by_key(|process| process.threads);
    let mut threads = Vec::new();
    let mut left_out = 0;
    for process in several {
        let expected = process.threads as usize - 1;
        if threads.len() >= most {
            left_out += expected;
            continue;
        }
        let room = most - threads.len();
        threads.extend(of(root, process).take(room));
        left_out += expected.saturating_sub(room);
    }
    (threads, left_out)
}

/// The threads of one process; whatever vanishes meanwhile is left out.
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
            let stat = Stat::parse(buffer.get(..length)?)?;
            let name = scrub(stat.name);
            Some(Process {
                id: ProcessId {
                    pid: tid,
                    start_ticks: stat.start_ticks,
                },
                thread_of: Some(process.id),
                parent: pid,
                user: process.user.clone(),
                state: stat.state,
                threads: 0,
                cpu_time: TICK.saturating_mul(u32::try_from(stat.ticks).unwrap_or(u32::MAX)),
                command: format!("{name}, thread of {} ({pid})", process.name).into(),
                name: name.into(),
                kernel_thread: false,
                queue: process.queue,
                own: process.own,
            })
        })
}

/// What is shown of a line of `/proc/PID/task/TID/stat`. Parsed here, since all its 52 fields would
/// cost as much again as reading it.
struct Stat<'a> {
    name: &'a [u8],
    state: char,
    /// User and system time.
    ticks: u64,
    start_ticks: u64,
}

impl<'a> Stat<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        // The name stands in brackets and may hold any of them, and blanks.
        let from = line.iter().position(|&b| b == b'(')? + 1;
        let to = line.iter().rposition(|&b| b == b')')?;
        let name = line.get(from..to)?;
        let rest = std::str::from_utf8(line.get(to + 1..)?).ok()?;
        // Field 3 comes first here: the state.
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let mut number = |skip: usize| fields.nth(skip)?.parse::<u64>().ok();
        let (user, system) = (number(10)?, number(0)?);
        Some(Self {
            name,
            state,
            ticks: user.saturating_add(system),
            start_ticks: number(6)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::observe::{Processes, Source};

    #[test]
    fn a_named_thread_is_read_with_its_process_and_the_first_thread_is_not() {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("worker\x1b[2J".to_owned())
            .spawn(move || stopped.recv())
            .unwrap();
        let me = std::process::id();
        // The name is set by the thread itself, a moment after its start.
        let row = loop {
            let processes = Processes::new("/proc".into(), Source::Proc).read();
            let mine: Vec<Process> = processes
                .into_iter()
                .filter(|process| process.id.pid == me)
                .collect();
            let (threads, left_out) = read(Path::new("/proc"), &mine, MOST);
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
    fn a_line_is_read_whatever_its_name_and_however_short_it_is() {
        let line = b"7 (a) R (b\xff) S 1 2 3 4 5 6 7 8 9 10 300 4 0 0 20 0 1 0 77 0 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.name, stat.state), (&b"a) R (b\xff"[..], 'S'));
        assert_eq!((stat.ticks, stat.start_ticks), (304, 77));
        for end in 0..line.len() - 6 {
            assert!(Stat::parse(&line[..end]).is_none(), "{end}");
        }
    }

    #[test]
    fn a_process_with_very_many_threads_does_not_take_the_tick() {
        let root = std::env::temp_dir().join(format!("dualq-top-threads-{}", std::process::id()));
        let line = |tid: usize| {
            let rest =
                "S 1 1 1 0 -1 0 0 0 0 0 3 4 0 0 20 0 5001 0 77 0 0".to_owned() + &" 0".repeat(28);
            format!("{tid} (worker) {rest}")
        };
        let mut giant = Processes::new("/proc".into(), Source::Proc)
            .read()
            .remove(0);
        giant.id.pid = 9_000_000;
        giant.kernel_thread = false;
        giant.threads = 31;
        for tid in 9_000_000..9_000_031_usize {
            let directory = root.join(format!("9000000/task/{tid}"));
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(directory.join("stat"), line(tid)).unwrap();
        }
        let (threads, left_out) = read(&root, std::slice::from_ref(&giant), 20);
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!((threads.len(), left_out), (20, 10));
        assert_eq!(threads[0].cpu_time, Duration::from_millis(70));
    }
}
