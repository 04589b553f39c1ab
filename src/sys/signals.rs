//! Sends a signal to a process, and never to another one that has reused its id. Receives signals without
//! losing one, and leaves those ignored that were ignored at the start.
//!
//! nix blocks signals for one thread: rustix and signal-hook have no safe function for that.

#![forbid(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::SigSet;
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, kill_process, pidfd_open, pidfd_send_signal,
};
use rustix::stdio;
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
    SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::Signals;

use crate::model::ProcessId;
use crate::sys::capabilities;
use crate::sys::unread::is_full;

/// Sends a signal to a process.
///
/// # Errors
/// A sentence with what was refused and why.
pub fn send(id: ProcessId, signal: i32) -> Result<()> {
    let ProcessId { pid, start_ticks } = id;
    let gone = || anyhow!("process {pid} has ended: no signal was sent.");
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let (Some(number), Some(signal)) = (number, Signal::from_named_raw(signal)) else {
        bail!("signal {signal} cannot be sent to process {pid}.");
    };
    // A pidfd never refers to another process, so a check after opening it stays valid.
    let process = match pidfd_open(number, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Err(gone()),
        Err(error) => bail!("process {pid} cannot be reached: {error}"),
    };
    let stat = procfs::process::Process::new(number.as_raw_nonzero().get())
        .and_then(|process| process.stat())
        .map_err(|_| gone())?;
    if stat.starttime != start_ticks {
        return Err(gone());
    }
    match pidfd_send_signal(process, signal) {
        Ok(()) => Ok(()),
        Err(Errno::SRCH) => Err(gone()),
        Err(Errno::PERM) => {
            bail!("process {pid} belongs to another user: run dualq-top with sudo.")
        }
        Err(error) => bail!("process {pid} got no signal: {error}"),
    }
}

/// The signals that ask a program to end: it puts everything back, and its status is 128 + n.
pub const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// The real-time signals that the C library leaves to programs.
const REAL_TIME: RangeInclusive<i32> = 35..=64;

/// Returns the signals whose default action ends a program although nothing is wrong in it: everything
/// is put back before that action. What a fault raises (SIGSEGV and its like) is for `sys::faults`.
pub fn fatal() -> impl Iterator<Item = i32> {
    let others = [
        SIGABRT, SIGALRM, SIGIO, SIGPROF, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
    ];
    others
        .into_iter()
        .chain([libc::SIGPWR, libc::SIGSTKFLT])
        .chain(REAL_TIME)
}

/// Ends the program as this signal asks, after everything has been put back.
pub fn end_by(signal: i32) -> ! {
    if !ENDING.contains(&signal) {
        // It may not be known there; then the status says the same to a shell.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    std::process::exit(128 + signal);
}

/// The error for a signal: everything is cleaned up before the program exits.
#[derive(Debug, Clone, Copy)]
pub struct Interrupted(pub i32);

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ended by signal {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

/// Returns whether this process ignores a signal, as `nohup` and a shell's background jobs have it.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    ignored() >> (signal - 1) & 1 == 1
}

/// Returns the ignored signals: bit n - 1 is signal n. None, if the kernel does not say.
fn ignored() -> u64 {
    let status = procfs::process::Process::myself().and_then(|myself| myself.status());
    status.map_or(0, |status| status.sigign)
}

/// Makes a write beyond a limit on a file's size fail as one to a full disk does. By default the kernel's
/// signal about it ends the program.
///
/// # Errors
/// If the kernel refuses.
pub fn survive_file_size_limit() -> std::io::Result<()> {
    if !is_ignored(SIGXFSZ) {
        // A handler, not SIG_IGN: the programs that are started from here would inherit that.
        signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    }
    Ok(())
}

/// Runs `this` with all signals blocked in the calling thread. A thread that is started meanwhile keeps
/// them blocked and leaves them to other threads. Needed while handlers are installed: signal-hook drops a
/// signal that arrives between sigaction(2) and its own registration (signal-hook-registry 1.4.8,
/// `register_unchecked_impl`: "race_fallback"), so the signal would have no effect at all.
///
/// # Errors
/// If the kernel refuses.
pub fn with_signals_blocked<T>(this: impl FnOnce() -> T) -> Result<T> {
    let before = SigSet::thread_get_mask()?;
    SigSet::all().thread_block()?;
    let done = this();
    before.thread_set_mask()?;
    Ok(done)
}

/// Starts receiving these signals, except those that were ignored when the program started: they stay
/// ignored.
///
/// # Errors
/// If the kernel refuses.
pub fn listen(to: impl IntoIterator<Item = i32>) -> Result<Signals> {
    let ignored = ignored();
    let heeded = to
        .into_iter()
        .filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let heeded: Vec<i32> = heeded.collect();
    with_signals_blocked(|| Signals::new(heeded))?.context("cannot wait for signals")
}

/// The time for an orderly end, before output that nobody reads is discarded.
const IN_ORDER: Duration = Duration::from_millis(800);

/// Receives the signals that end a program, on a thread: one that comes while the program is busy is not
/// lost. If output that nobody reads keeps the program from ending, the output is discarded. SIGHUP can be
/// a request to `reload`, after which nothing ends.
///
/// # Errors
/// If the kernel refuses.
pub fn receive(reload: bool) -> Result<Receiver<i32>> {
    let mut signals = listen(ENDING.into_iter().chain(fatal()))?;
    let (sender, received) = mpsc::channel();
    let work = move || {
        let _ = capabilities::drop_unneeded();
        for signal in signals.forever() {
            let _ = sender.send(signal);
            if !(reload && signal == SIGHUP) {
                insist(signal);
            }
        }
    };
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(work).context("cannot start a thread")?;
    Ok(received)
}

/// Sees to it that no thread stays blocked by output that nobody reads, until the program has ended.
fn insist(signal: i32) -> ! {
    thread::sleep(IN_ORDER);
    loop {
        discard_unread(signal);
        thread::sleep(Duration::from_millis(100));
    }
}

/// Sends stdout and stderr to /dev/null if nobody reads them.
fn discard_unread(signal: i32) {
    let full = [stdio::stdout(), stdio::stderr()].map(|stream| is_full(stream, Duration::ZERO));
    if full == [false; 2] {
        return;
    }
    let Ok(nowhere) = File::options().write(true).open("/dev/null") else {
        return;
    };
    if full[0] {
        let _ = stdio::dup2_stdout(&nowhere);
    }
    if full[1] {
        let _ = stdio::dup2_stderr(&nowhere);
    }
    // A write that a signal interrupts begins again, and goes to where the stream leads by then. The
    // kernel prefers the main thread, which is the one that must go on.
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(getpid(), signal);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn signal_never_reaches_another_process_with_the_same_id() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = child.id();
        let stat = procfs::process::Process::new(i32::try_from(pid).unwrap())
            .unwrap()
            .stat()
            .unwrap();
        let id = ProcessId {
            pid,
            start_ticks: stat.starttime,
        };
        let other = ProcessId {
            start_ticks: id.start_ticks + 1,
            ..id
        };
        let refusal = send(other, 15).unwrap_err().to_string();
        assert!(refusal.contains("has ended"), "{refusal}");
        assert!(child.try_wait().unwrap().is_none(), "it lives on");
        send(id, 15).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(15));
        assert!(send(id, 15).is_err(), "it has gone");
    }

    #[test]
    fn a_signal_that_comes_while_its_handler_is_set_is_heard() {
        let mut signals = with_signals_blocked(|| {
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGHUP).unwrap();
            Signals::new([SIGHUP]).unwrap()
        })
        .unwrap();
        assert_eq!(signals.forever().next(), Some(SIGHUP));
    }
}
