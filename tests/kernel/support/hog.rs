//! Processes that want CPU time, and end with the test that started them.

use std::ffi::CString;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::CpuSet;

use super::guest::{self, PATIENCE};

/// The parameters of a load: its work (a subcommand of `tests/kernel/load`) and its conditions.
#[derive(Default)]
pub struct Load {
    arguments: Vec<String>,
    cpus: Vec<usize>,
    nice: Option<i32>,
    realtime: bool,
    name: Option<String>,
    user: Option<u32>,
    path: Option<PathBuf>,
}

impl Load {
    pub fn new(arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// One thread that never sleeps.
    pub fn hog() -> Self {
        Self::new(&["hog"])
    }

    /// Lets all its threads run on this CPU only, from the start.
    pub fn on_cpu(self, cpu: usize) -> Self {
        self.on_cpus(&[cpu])
    }

    /// The same, on the last of the machine's CPUs: of two, the test itself has the other.
    pub fn on_last_cpu(self) -> Self {
        self.on_cpu(guest::cpus() - 1)
    }

    /// The same, on any of these.
    pub fn on_cpus(mut self, cpus: &[usize]) -> Self {
        self.cpus = cpus.to_vec();
        self
    }

    pub fn nice(mut self, nice: i32) -> Self {
        self.nice = Some(nice);
        self
    }

    /// In the kernel's real-time class (SCHED_FIFO).
    pub fn realtime(mut self) -> Self {
        self.realtime = true;
        self
    }

    /// Whose process it is, by number.
    pub fn user(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    /// The file that it is run by: whose name the kernel takes for the process's.
    pub fn run_by(mut self, path: PathBuf) -> Self {
        self.path = Some(path);
        self
    }

    /// The name that `/proc/PID/comm` shows.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Starts a load that stops itself once it is ready, until [`Hog::resume`].
    pub fn start_stopped(self) -> Hog {
        let hog = self.start();
        guest::wait_until("it waits for its start", PATIENCE, || {
            guest::is_stopped(hog.pid())
        });
        hog
    }

    /// Returns when the load is at work, not only started.
    pub fn start(self) -> Hog {
        let path = std::env::var_os("DUALQ_LOAD").expect("DUALQ_LOAD names the load program");
        let mut command = Command::new(self.path.map_or(path, PathBuf::into_os_string));
        command.args(&self.arguments).stdin(Stdio::null());
        command.stdout(Stdio::piped());
        if let Some(name) = &self.name {
            let name = CString::new(name.as_str()).expect("no NUL in a name");
            command.env("LOAD_NAME", name.to_str().expect("UTF-8"));
        }
        if let Some(user) = self.user {
            command.uid(user);
        }
        let (nice, realtime) = (self.nice, self.realtime);
        let mut cpus = CpuSet::new();
        self.cpus.iter().for_each(|&cpu| cpus.set(cpu));
        // SAFETY: system calls, no allocation: fine between fork and exec.
        unsafe {
            command.pre_exec(move || {
                if cpus.count() > 0 {
                    rustix::thread::sched_setaffinity(None, &cpus)?;
                }
                if let Some(nice) = nice {
                    rustix::process::setpriority_process(None, nice)?;
                }
                if realtime {
                    let priority = libc::sched_param { sched_priority: 1 };
                    if libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const priority) != 0 {
                        return Err(std::io::Error::last_os_error());
                    }
                }
                Ok(())
            });
        }
        let mut child = command.spawn().expect("the load starts");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody waits for it any more.
                let _ = sender.send(line);
            }
        });
        let hog = Hog { child, lines };
        assert_eq!(hog.next_line(), "ready", "load {:?}", self.arguments);
        hog
    }
}

/// A running load; killed on drop, with its threads.
pub struct Hog {
    child: Child,
    lines: Receiver<String>,
}

impl Hog {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets a load go on that was started with [`Load::start_stopped`].
    pub fn resume(&self) {
        let pid = Pid::from_raw(self.pid().cast_signed()).unwrap();
        kill_process(pid, Signal::CONT).unwrap();
    }

    /// Resumes a probe, and returns the median time from its timer to its run.
    pub fn median_delay(&self) -> Duration {
        self.resume();
        let line = self.next_line();
        let late: Vec<u64> = line.split(' ').map(|ns| ns.parse().unwrap()).collect();
        Duration::from_nanos(late[late.len() / 2])
    }

    /// Waits until it has had CPU time again.
    pub fn runs_within(&self, limit: Duration, what: &str) {
        let before = guest::cpu_time(self.pid());
        guest::wait_until(what, limit, || guest::cpu_time(self.pid()) > before);
    }

    /// Waits for what it reports: `ready`, and after that what its kind of load does.
    pub fn next_line(&self) -> String {
        // Thousands of threads take their time on an emulated CPU.
        self.next_line_within(PATIENCE * 2)
    }

    pub fn next_line_within(&self, patience: Duration) -> String {
        let line = self.lines.recv_timeout(patience);
        line.expect("the load reports in time")
    }

    /// Returns the number of lines that were not waited for, and drops them.
    pub fn forget_lines(&self) -> usize {
        self.lines.try_iter().count()
    }

    /// Whether it has ended, by whatever hand.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// Ends it and waits until its id is free.
    pub fn kill(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        self.kill();
    }
}
