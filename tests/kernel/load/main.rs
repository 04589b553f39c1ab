//! Makes the guest busy for the kernel tests. Each kind prints `ready` once it is at work and runs
//! until it is killed. LOAD_NAME sets the name that /proc shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::CString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

const USAGE: &str =
    "load hog | threads N | waker MICROSECONDS | fork-storm | exec-from-thread | leader-exits";

fn main() {
    if let Ok(name) = std::env::var("LOAD_NAME") {
        let name = CString::new(name).expect("no NUL in a name");
        rustix::thread::set_name(&name).expect("a name can be set");
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["hog"] => {
            ready();
            spin()
        }
        ["threads", count] => threads(count.parse().expect("a number of threads")),
        ["waker", pause] => waker(Duration::from_micros(pause.parse().expect("microseconds"))),
        ["fork-storm"] => fork_storm(),
        ["exec-from-thread"] => exec_from_thread(),
        ["leader-exits"] => leader_exits(),
        ["nothing"] => {}
        _ => {
            eprintln!("usage: {USAGE}");
            std::process::exit(2);
        }
    }
}

fn ready() {
    println!("ready");
}

fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// A process of `count` threads, each of which never sleeps.
fn threads(count: usize) {
    for _ in 1..count {
        thread::spawn(|| spin());
    }
    ready();
    spin()
}

/// Sleeps and wakes, over and over: the kind of process that waits for a CPU most often.
fn waker(pause: Duration) {
    ready();
    loop {
        thread::sleep(pause);
    }
}

/// Children that end at once, one after another.
fn fork_storm() {
    let me = std::env::current_exe().expect("/proc is mounted");
    ready();
    loop {
        let status = Command::new(&me).arg("nothing").status();
        assert!(status.expect("a child starts").success());
    }
}

/// Runs another program from a second thread: the process id stays, the first thread ends.
fn exec_from_thread() {
    let me = std::env::current_exe().expect("/proc is mounted");
    thread::spawn(move || {
        let error = Command::new(me).arg("hog").exec();
        panic!("exec: {error}");
    });
    spin()
}

/// The first thread ends, the second goes on: the process lives as long as it does.
fn leader_exits() {
    thread::spawn(|| {
        let leader = format!("/proc/self/task/{}/stat", std::process::id());
        while !fs::read_to_string(&leader).is_ok_and(|stat| stat.contains(") Z ")) {
            thread::sleep(Duration::from_millis(1));
        }
        ready();
        spin()
    });
    // SAFETY: ends this thread alone; nothing on its stack is borrowed by the other one.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}
