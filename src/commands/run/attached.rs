//! `run --attach`: the scheduler for as long as the command runs. This process owns the scheduler,
//! waits for the command and passes on what comes to it: signals, stops, the exit status.

use std::os::fd::AsFd;
use std::process::Command;

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, Signal as Number, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getrlimit, kill_process, setrlimit,
    waitpid,
};

use crate::cli::{RunOptions, RunQueue};
use crate::refusal::complain;
use crate::scheduler::{Options, Scheduler, SchedulerEvent, Storage};
use crate::sys::capabilities;
use crate::sys::log;

/// This program's own file, whatever has become of its path.
pub const SELF: &str = "/proc/self/exe";
/// Interval for checking that the kernel still runs the scheduler.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 500_000_000,
};

/// The signals that are passed on. Those of the terminal reach the command without this process.
const PASSED_ON: [Number; 9] = [
    Number::SIGHUP,
    Number::SIGINT,
    Number::SIGQUIT,
    Number::SIGTERM,
    Number::SIGTSTP,
    Number::SIGUSR1,
    Number::SIGUSR2,
    Number::SIGALRM,
    Number::SIGWINCH,
];

/// `si_code` of a signal that the kernel itself sent, as it does for the keys of a terminal: to every
/// process in the foreground (include/uapi/asm-generic/siginfo.h).
const SI_KERNEL: i32 = 0x80;

/// Attaches, runs the command, detaches, and ends as the command did.
pub fn run(options: &RunOptions, scheduler: Options) -> Result<()> {
    let signals = Received::new()?;
    let mut storage = Storage::default();
    let mut scheduler = Scheduler::start(&mut storage, scheduler, None)?;
    // Before the rights are given up: the command would inherit that.
    let child = start_command(options)?;
    capabilities::drop_unneeded()?;
    let mut attached = true;
    let end = loop {
        signals.pass_on(child)?;
        if let Some(end) = look_at(child)? {
            break end;
        }
        if attached && let Some(news) = said_of(&scheduler.poll()) {
            complain(&news.sentence);
            attached = news.goes_on;
        }
    };
    scheduler.detach()?;
    drop(scheduler);
    end.follow()
}

/// The command as a member: `run` again, which finds the scheduler running.
fn start_command(options: &RunOptions) -> Result<Pid> {
    let mut command = Command::new(SELF);
    command.args(["run", "--unblock"]);
    if options.queue == RunQueue::Batch {
        command.args(["--queue", "batch"]);
    }
    let child = command
        .args(options.level.map(|level| format!("--level={level}")))
        .arg("--")
        .args(&options.command)
        .spawn()
        .context("cannot start the command's process")?;
    Ok(Pid::from_child(&child))
}

fn looked_at() -> SigSet {
    let mut set: SigSet = PASSED_ON.into_iter().collect();
    set.add(Number::SIGCHLD);
    set
}

/// Lets the signals through again that the owner has blocked: a process inherits that.
///
/// # Errors
/// If the kernel refuses.
pub fn unblock() -> Result<()> {
    Ok(looked_at().thread_unblock()?)
}

/// The signals that came and nobody has looked at yet.
struct Received(SignalFd);

impl Received {
    fn new() -> Result<Self> {
        let set = looked_at();
        // Before there is a second thread.
        set.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self(SignalFd::with_flags(&set, flags)?))
    }

    /// Waits until one comes or it is time to look at the kernel, and passes on what came.
    fn pass_on(&self, child: Pid) -> Result<()> {
        let mut waits = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)];
        match poll(&mut waits, Some(&LOOK)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for signals"),
        }
        while let Some(signal) = self.0.read_signal()? {
            if let Some(number) = to_pass_on(&signal) {
                // An error says that the command has ended.
                let _ = kill_process(child, number);
            }
        }
        Ok(())
    }
}

fn to_pass_on(signal: &siginfo) -> Option<Signal> {
    let number = signal.ssi_signo.cast_signed();
    if number == Number::SIGCHLD as i32 || signal.ssi_code == SI_KERNEL {
        return None;
    }
    Signal::from_named_raw(number)
}

/// The end of the command.
#[derive(Debug, Clone, Copy)]
enum End {
    Exited(i32),
    Killed(i32),
}

impl End {
    /// Ends this process likewise.
    fn follow(self) -> ! {
        match self {
            Self::Exited(status) => std::process::exit(status),
            Self::Killed(signal) => {
                // The command has left its core already.
                let hard = getrlimit(Resource::Core).maximum;
                let none = Rlimit {
                    current: Some(0),
                    maximum: hard,
                };
                let _ = setrlimit(Resource::Core, none);
                let _ = SigSet::all().thread_unblock();
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                std::process::exit(128 + signal)
            }
        }
    }
}

/// Looks whether the command has ended. Where it has been stopped, this process stops as well, so
/// that the shell has its terminal back, and both go on together.
fn look_at(child: Pid) -> Result<Option<End>> {
    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
    let status: WaitStatus = match waitpid(Some(child), options) {
        Ok(Some((_, status))) => status,
        Ok(None) => return Ok(None),
        Err(error) => return Err(error).context("cannot wait for the command"),
    };
    if let Some(code) = status.exit_status() {
        return Ok(Some(End::Exited(code)));
    }
    if let Some(signal) = status.terminating_signal() {
        return Ok(Some(End::Killed(signal)));
    }
    if status.stopped() {
        raise(Number::SIGSTOP)?;
        let _ = kill_process(child, Signal::CONT);
    }
    Ok(None)
}

struct Said {
    sentence: String,
    /// Whether the scheduler runs again.
    goes_on: bool,
}

fn said_of(news: &SchedulerEvent) -> Option<Said> {
    match news {
        SchedulerEvent::None => None,
        SchedulerEvent::Restarted(exit) => Some(Said {
            sentence: format!("the kernel asked for a restart ({exit}): dualq was attached again"),
            goes_on: true,
        }),
        SchedulerEvent::Ended(Some(exit)) => Some(Said {
            sentence: format!(
                "the command goes on under the kernel's scheduler: {exit}; more is in {}",
                log::PATH
            ),
            goes_on: false,
        }),
        SchedulerEvent::Ended(None) => Some(Said {
            sentence: "the command goes on under the kernel's scheduler: something detached ours"
                .to_owned(),
            goes_on: false,
        }),
    }
}
