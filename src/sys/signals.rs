//! Sends a signal to a process, and never to another one that has reused its id. Receives signals without
//! losing one.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::{SigSet, Signal as Number};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use signal_hook::iterator::Signals;

use crate::model::ProcessId;

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

/// The signals that end or suspend the program.
const TO_US: [Number; 6] = [
    Number::SIGHUP,
    Number::SIGINT,
    Number::SIGQUIT,
    Number::SIGTERM,
    Number::SIGTSTP,
    Number::SIGCONT,
];

/// Runs `this` with the signals that end or suspend the program blocked in the calling thread. A thread that is
/// started meanwhile keeps them blocked and leaves them to other threads. Needed while handlers are
/// installed: signal-hook drops a signal that arrives between sigaction(2) and its own registration
/// (signal-hook-registry 1.4.8, `register_unchecked_impl`: "race_fallback"), so the signal would have no
/// effect at all.
///
/// # Errors
/// If the kernel refuses.
pub fn put_off<T>(this: impl FnOnce() -> T) -> Result<T> {
    let set: SigSet = TO_US.into_iter().collect();
    let before = SigSet::thread_get_mask()?;
    set.thread_block()?;
    let done = this();
    before.thread_set_mask()?;
    Ok(done)
}

/// Starts receiving these signals.
///
/// # Errors
/// If the kernel refuses.
pub fn listen(to: &[i32]) -> Result<Signals> {
    put_off(|| Signals::new(to))?.context("cannot wait for signals")
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
        use signal_hook::consts::SIGHUP;

        let mut signals = put_off(|| {
            nix::sys::signal::raise(Number::SIGHUP).unwrap();
            Signals::new([SIGHUP]).unwrap()
        })
        .unwrap();
        assert_eq!(signals.forever().next(), Some(SIGHUP));
    }
}
