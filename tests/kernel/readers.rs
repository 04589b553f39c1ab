//! The two ways to read the processes, one beside the other: the kernel's list of tasks, and /proc.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::Duration;

use dualq_top::model::{Process, ProcessId};
use dualq_top::observe::{Processes, Source};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;

/// The rounding of two numbers of ticks in /proc, and the time of a running process that a CPU has not added yet.
const ROUNDING: Duration = Duration::from_millis(40);

fn reader(source: Source) -> Processes {
    let mut processes = Processes::new("/proc".into(), source);
    assert_eq!(processes.source(), source);
    read(&mut processes);
    processes
}

/// With all command lines.
fn read(processes: &mut Processes) -> Vec<Process> {
    processes.read();
    while processes.catch_up() {}
    processes.read()
}

fn find(processes: &[Process], id: ProcessId) -> Option<&Process> {
    processes.iter().find(|process| process.id == id)
}

fn by_pid(processes: &[Process], pid: u32) -> &Process {
    let found = processes.iter().find(|process| process.id.pid == pid);
    found.unwrap_or_else(|| panic!("{pid} is missing"))
}

/// All that does not move between two readings.
fn still(process: &Process) -> Process {
    let mut process = process.clone();
    process.cpu_time = Duration::ZERO;
    process.state = ' ';
    process
}

#[test]
fn both_readers_tell_the_same_of_every_process() {
    let hostile = std::env::temp_dir().join(OsStr::from_bytes(b") R 1 (\n\xff"));
    std::os::unix::fs::symlink(std::env::var_os("DUALQ_LOAD").unwrap(), &hostile).unwrap();
    let odd = Load::new(&["waker", "100000"]).run_by(hostile).start();
    let hog = Load::hog().named("hog").start();
    let threads = Load::new(&["threads", "3"]).start();
    let brief = Load::new(&["brief-threads"]).start();
    let leaderless = Load::new(&["leader-exits"]).start();
    let mut zombie = Command::new("true").spawn().unwrap();
    wait_until("it is a zombie", PATIENCE, || !guest::is_alive(zombie.id()));
    wait_until("they have worked", PATIENCE, || {
        let busy = [hog.pid(), threads.pid(), brief.pid(), leaderless.pid()];
        let enough = Duration::from_millis(200);
        busy.iter().all(|&pid| guest::cpu_time(pid) > enough)
    });

    let (mut kernel, mut proc) = (reader(Source::Kernel), reader(Source::Proc));
    let before = read(&mut proc);
    let seen = read(&mut kernel);
    let after = read(&mut proc);

    // Those that were there all the time; the kernel's own come and go.
    for then in &before {
        let Some(later) = find(&after, then.id) else {
            continue;
        };
        let now = find(&seen, then.id).unwrap_or_else(|| panic!("{then:?} is missing"));
        if then.id.pid == brief.pid() {
            // Threads of this one come and go between any two looks.
            let others = |process| Process {
                threads: 0,
                ..still(process)
            };
            assert_eq!(others(now), others(then));
            assert!((1..=3).contains(&now.threads), "{now:?}");
        } else if still(then) == still(later) {
            assert_eq!(still(now), still(then));
        }
        assert!(now.cpu_time + ROUNDING >= then.cpu_time, "{now:?} {then:?}");
        assert!(
            now.cpu_time <= later.cpu_time + ROUNDING,
            "{now:?} {later:?}"
        );
    }
    for pid in [1, 2] {
        // Both may have something to do at any time.
        let (then, later) = (by_pid(&before, pid).state, by_pid(&after, pid).state);
        assert!([then, later].contains(&by_pid(&seen, pid).state), "{pid}");
    }
    let state = |pid| by_pid(&seen, pid).state;
    assert_eq!(state(hog.pid()), 'R');
    assert_eq!(state(odd.pid()), 'S');
    assert_eq!(state(leaderless.pid()), 'Z');
    assert_eq!(state(zombie.id()), 'Z');
    assert_eq!(by_pid(&seen, threads.pid()).threads, 3);
    assert_eq!(&*by_pid(&seen, odd.pid()).name, ") R 1 ( \u{fffd}");
    assert!(by_pid(&seen, 2).kernel_thread && !by_pid(&seen, 1).kernel_thread);
    zombie.wait().unwrap();
}

#[test]
fn cpu_time_never_leaps_while_threads_come_and_go() {
    let brief = Load::new(&["brief-threads"]).on_last_cpu().start();
    let mut kernel = reader(Source::Kernel);
    let mut time = || by_pid(&kernel.read(), brief.pid()).cpu_time;
    let begun = std::time::Instant::now();
    let (mut last, first) = (time(), time());
    while begun.elapsed() < Duration::from_secs(3) {
        let now = time();
        assert!(now >= last, "{now:?} after {last:?}");
        last = now;
    }
    // One CPU's time, nothing counted twice: each thread takes its 5 ms with it when it ends.
    assert!(last - first <= begun.elapsed() + ROUNDING);
    assert!(last - first > Duration::from_millis(300));
}

#[test]
fn an_exec_and_a_new_user_are_seen() {
    let mut kernel = reader(Source::Kernel);
    let mut child = Command::new("sh")
        .args(["-c", "read line; exec sh -c 'read line; exec sleep 1000'"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    let mut command = || by_pid(&read(&mut kernel), child.id()).command.to_string();
    wait_until("the shell is seen", PATIENCE, || {
        command().contains("exec sh")
    });
    let line = |keys: &mut std::process::ChildStdin| {
        std::io::Write::write_all(keys, b"go\n").unwrap();
    };
    // The same name before and after: only the kernel knows that it is another program.
    line(&mut keys);
    wait_until("its exec is seen", PATIENCE, || {
        command() == "sh -c read line; exec sleep 1000"
    });
    line(&mut keys);
    wait_until("its next one is seen", PATIENCE, || {
        command() == "sleep 1000"
    });
    child.kill().unwrap();
    child.wait().unwrap();
}
