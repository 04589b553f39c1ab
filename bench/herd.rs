//! Thousands of sleeping processes, gone with the program that wanted them, however it ends.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// More would leave a machine no process ids.
const MOST: usize = 30_000;

/// The processes, as long as this lives.
pub struct Herd(Child);

impl Herd {
    pub fn start(count: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        // Lists show the name instead of the path. At 120 columns they cut a long path before the program's name, and
        // measure.rs looks for that name.
        command.arg0("dashboard").args(["herd", &count.to_string()]);
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("the herd starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(
            line.trim(),
            "ready",
            "the machine has no room for {count} processes"
        );
        Self(child)
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        // The sleepers follow: each has asked to die with its parent.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Is the parent of `count` sleepers, until its own parent ends.
pub fn serve(count: usize) {
    assert!(count <= MOST, "at most {MOST} processes");
    die_with_parent();
    let myself = rustix::process::getpid();
    for _ in 0..count {
        // SAFETY: no other thread runs; the child makes two system calls and sleeps.
        match unsafe { libc::fork() } {
            -1 => return,
            0 => {
                die_with_parent();
                // The parent may have died before that.
                while getppid() == Some(myself) {
                    // SAFETY: it only waits.
                    unsafe { libc::pause() };
                }
                std::process::exit(0);
            }
            _ => {}
        }
    }
    println!("ready");
    std::io::stdout().flush().unwrap();
    loop {
        // SAFETY: it only waits.
        unsafe { libc::pause() };
    }
}

fn die_with_parent() {
    set_parent_process_death_signal(Some(Signal::KILL)).expect("the kernel knows it");
}

/// The same for a command that is to be started.
pub fn with_parent(command: &mut Command) {
    // SAFETY: one system call, no allocation: fine between fork and exec.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
}
