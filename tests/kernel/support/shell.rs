//! A shell whose children are born when a test wants them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A shell that starts processes when it is told to; they end with the test.
pub struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    born: Vec<u32>,
}

impl Shell {
    pub fn start() -> Self {
        // The last word is for the search.
        let mut child = Command::new("/bin/sh")
            .args(["-s", "nestmother"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            born: Vec::new(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs a command that prints process ids.
    pub fn run(&mut self, command: &str) -> Vec<u32> {
        writeln!(self.input, "{command}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let pids: Vec<u32> = line
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect();
        self.born.extend(&pids);
        pids
    }

    pub fn child(&mut self) -> u32 {
        self.run("sleep 1000 & echo $!")[0]
    }

    /// A child with a child of its own: both, the younger last.
    pub fn family(&mut self) -> Vec<u32> {
        self.run("sh -c 'sleep 1000 & echo $$ $!; wait' &")
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for pid in &self.born {
            let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
