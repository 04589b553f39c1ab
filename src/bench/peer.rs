//! Another sched_ext scheduler, attached by its own program while it is measured.

use std::fs::File;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::stop::Stop;
use super::worker::{Job, Policy};
use super::workers::{WorkerRole, WorkerSpec};
use crate::model::ActiveScheduler;
use crate::refusal::{Refusal, Status};
use crate::scheduler::sysfs;

/// Time limit for attaching: the verifier takes about 40 s for scx_lavd on an emulated CPU.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(20);

/// A running peer. It ends when this is dropped, and with this program.
pub struct Peer {
    child: Child,
    /// The kernel's name of its scheduler.
    pub name: String,
}

impl Peer {
    /// Starts it and waits until the kernel says that its scheduler runs. Its words go to `file`, in the report's folder under the name `log`.
    ///
    /// # Errors
    /// A [`Refusal`] if it attaches none.
    pub fn start(command: &str, log: &str, file: File, stop: &Stop) -> Result<Self> {
        let order = WorkerSpec {
            role: WorkerRole::Other,
            policy: Policy::Normal,
            job: Job::Peer {
                command: command.to_owned(),
            },
        };
        let child = order
            .command()?
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context("cannot start the peer")?;
        let mut peer = Self {
            child,
            name: String::new(),
        };
        let begun = Instant::now();
        loop {
            stop.check()?;
            match sysfs::active_scheduler() {
                ActiveScheduler::Other(name) => peer.name = name,
                ActiveScheduler::Dualq => sysfs::NAME.clone_into(&mut peer.name),
                _ => {}
            }
            if !peer.name.is_empty() {
                return Ok(peer);
            }
            if peer.child.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
                bail!(Refusal::new(
                    Status::BadArgument,
                    format!("the peer '{command}' attached no scheduler: its output is in {log}"),
                ));
            }
            sleep(LOOK);
        }
    }

    /// Ends the peer and waits until the kernel's own scheduler is active.
    ///
    /// # Errors
    /// If it is not.
    pub fn end(mut self) -> Result<()> {
        self.ask(Signal::INT);
        if !self.gone_within(Duration::from_secs(5)) {
            self.ask(Signal::TERM);
            self.gone_within(Duration::from_secs(5));
        }
        let name = self.name.clone();
        drop(self);
        let begun = Instant::now();
        while sysfs::active_scheduler() != ActiveScheduler::KernelDefault {
            if begun.elapsed() > PATIENCE {
                bail!(
                    "the peer has ended and its scheduler {name} still runs: it was told to stay?"
                );
            }
            sleep(LOOK);
        }
        Ok(())
    }

    fn ask(&self, signal: Signal) {
        // An error says that it has ended.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    fn gone_within(&mut self, limit: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            sleep(LOOK);
        }
        false
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
