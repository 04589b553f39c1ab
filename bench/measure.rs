//! One program in a terminal: when its first screen stands, what it uses while it runs.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::fs::Mode;

use crate::{Program, Room, herd};

#[path = "../tests/support/open_pty.rs"]
mod open_pty;
use open_pty::open_pty;

pub const NOBODY: u32 = 65_534;
const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
/// Rows of processes that make a list.
const A_LIST: usize = 10;
/// A screen stands when nothing more has come for this long.
const QUIET: Duration = Duration::from_millis(15);
/// The bench ends if a program shows no list of processes within this time.
const FIRST_FRAME_LIMIT: Duration = Duration::from_secs(30);
/// Before the span over which is measured: what a start costs is not to be in it.
const WARM_UP: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Of one CPU.
    pub cpu_percent: f64,
    pub first_frame_ms: f64,
    pub peak_mb: f64,
    pub pss_mb: f64,
}

pub fn measure(program: &Program, room: &Room, seconds: u64) -> Figures {
    let names = names();
    let (mut master, slave) = open_pty(ROWS, COLUMNS);
    if program.with_rights != rustix::process::geteuid().is_root() {
        rustix::fs::fchmod(&slave, Mode::from_raw_mode(0o666)).unwrap();
    }

    let mut command = Command::new(&program.command[0]);
    let stream = || Stdio::from(slave.as_fd().try_clone_to_owned().unwrap());
    command.args(&program.command[1..]);
    command.stdin(stream()).stdout(stream()).stderr(stream());
    let home = room.home(program.with_rights);
    command.env("HOME", &home).env("XDG_CONFIG_HOME", &home);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    command.current_dir("/");
    if !program.with_rights && rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    // SAFETY: two system calls, no allocation: fine between fork and exec.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
            Ok(())
        });
    }
    herd::with_parent(&mut command);
    let output = read(master.try_clone().unwrap());

    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    drop((slave, command));
    let first_frame = first_frame(&output, &names, begun);
    std::thread::sleep(WARM_UP);
    let pid = child.id();
    let (from, before) = (Instant::now(), cpu_time(pid));
    std::thread::sleep(Duration::from_secs(seconds));
    let (span, used) = (from.elapsed(), cpu_time(pid).since(&before));
    let figures = Figures {
        cpu_percent: 100.0 * used.as_secs_f64() / span.as_secs_f64(),
        first_frame_ms: first_frame.as_secs_f64() * 1e3,
        peak_mb: kilobytes(pid, "status", "VmHWM:") / 1024.0,
        pss_mb: kilobytes(pid, "smaps_rollup", "Pss:") / 1024.0,
    };
    assert!(
        child.try_wait().unwrap().is_none(),
        "{} has ended",
        program.label
    );
    master.write_all(b"q").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let _ = child.kill();
    child.wait().unwrap();
    figures
}

/// Reads the output of a program, with the time of each piece.
fn read(mut terminal: File) -> Receiver<(Instant, Vec<u8>)> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = terminal.read(&mut buffer) {
            // Nobody listens after the first frame: what comes is read and forgotten.
            let _ = sender.send((Instant::now(), buffer[..length].to_vec()));
        }
    });
    receiver
}

/// Until a list of processes stands on the screen and no more is written.
fn first_frame(
    output: &Receiver<(Instant, Vec<u8>)>,
    names: &HashMap<u32, String>,
    begun: Instant,
) -> Duration {
    let mut screen = vt100::Parser::new(nonzero(ROWS), nonzero(COLUMNS), 0);
    loop {
        let left = FIRST_FRAME_LIMIT.saturating_sub(begun.elapsed());
        let (mut last, bytes) = output
            .recv_timeout(left)
            .unwrap_or_else(|_| panic!("no list of processes:\n{}", screen.screen().contents()));
        screen.process(&bytes);
        // Cheap enough to be done for each piece: it delays the next by microseconds.
        if listed(&screen.screen().contents(), names) < A_LIST {
            continue;
        }
        while let Ok((moment, _)) = output.recv_timeout(QUIET) {
            last = moment;
        }
        return last - begun;
    }
}

fn nonzero(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// Returns the number of lines with a process: its id and its name.
fn listed(screen: &str, names: &HashMap<u32, String>) -> usize {
    let shows = |line: &str| {
        line.split(|c: char| !c.is_ascii_digit())
            .filter_map(|word| word.parse().ok())
            .filter_map(|pid: u32| names.get(&pid))
            .any(|name| line.contains(name.as_str()))
    };
    screen.lines().filter(|line| shows(line)).count()
}

/// The processes and the beginnings of their names, which any list has room for.
fn names() -> HashMap<u32, String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            Some((pid, name.trim_end().chars().take(6).collect()))
        })
        .collect()
}

/// The CPU time of a process: in nanoseconds by thread, and in ticks with threads that have ended and
/// children that were waited for.
struct Used {
    threads: HashMap<String, u64>,
    ticks: u64,
    children: u64,
}

impl Used {
    /// The first is the finer measure; where a thread came or went, the second has all of it.
    fn since(&self, before: &Self) -> Duration {
        let tick = |ticks: u64| Duration::from_millis(10) * u32::try_from(ticks).unwrap();
        let children = tick(self.children - before.children);
        let mut sum = 0;
        for (thread, then) in &before.threads {
            match self.threads.get(thread) {
                Some(now) if self.threads.len() == before.threads.len() => sum += now - then,
                _ => return tick(self.ticks - before.ticks) + children,
            }
        }
        Duration::from_nanos(sum) + children
    }
}

fn cpu_time(pid: u32) -> Used {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the program runs");
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<u64> = fields
        .split(' ')
        .map(|field| field.trim().parse().unwrap_or(0))
        .collect();
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let threads = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let time = text.split(' ').next()?.parse().ok()?;
        Some((task.file_name().into_string().ok()?, time))
    });
    Used {
        threads: threads.collect(),
        // utime, stime; cutime, cstime: fields 14 to 17 in proc(5)
        ticks: fields[11] + fields[12],
        children: fields[13] + fields[14],
    }
}

fn kilobytes(pid: u32, file: &str, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).expect("the program runs");
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(f64::NAN)
}
