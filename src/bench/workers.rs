//! The parent's side of a measurement's processes: starts them, sends them the times to begin and end, reads their
//! reports and ends them. The kernel kills them with the thread that started them, however it ends.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

use super::stop::Stop;
use super::worker::{Job, Policy, Span, Worker};
use super::worker_report::{READY, WorkerReport};

/// Time limit for setting up, and for reporting after the span: a thousand threads on a slow machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// A signal ends a wait at once, but for one that comes just before it.
const LOOK_MS: i64 = 250;

/// The role of a process: the measured one, which some contenders favour, or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerRole {
    /// The measured one.
    Favoured,
    /// One of those beside it.
    Other,
}

/// A process to start.
#[derive(Debug, Clone)]
pub struct WorkerSpec {
    /// Measured, or beside it.
    pub role: WorkerRole,
    /// Its scheduling policy.
    pub policy: Policy,
    /// Its work.
    pub job: Job,
}

/// The running processes of a measurement; dropping it ends them.
pub struct Workers<'a> {
    members: Vec<(WorkerRole, Child)>,
    stop: &'a Stop,
}

impl<'a> Workers<'a> {
    /// Starts the processes and waits until all are set up.
    ///
    /// # Errors
    /// If one cannot be started. None is left then.
    pub fn start(orders: &[WorkerSpec], stop: &'a Stop) -> Result<Self> {
        let mut workers = Self {
            members: Vec::new(),
            stop,
        };
        for order in orders {
            let mut command = order.command()?;
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let child = command.spawn().context("cannot start a process")?;
            workers.members.push((order.role, child));
        }
        let until = Instant::now() + PATIENCE;
        for (_, child) in &mut workers.members {
            let mut byte = [0];
            let pipe = child.stdout.as_mut().context("no pipe")?;
            wait_for_input(&*pipe, until, stop)?;
            if pipe.read(&mut byte)? != 1 || byte != [READY] {
                bail!("a part of the measurement could not be set up: its words are above");
            }
        }
        Ok(workers)
    }

    /// Returns the measured processes.
    pub fn favoured(&self) -> impl Iterator<Item = u32> {
        let favoured = self
            .members
            .iter()
            .filter(|(role, _)| *role == WorkerRole::Favoured);
        favoured.map(|(_, child)| child.id())
    }

    /// Sends all processes the times to begin and to end.
    ///
    /// # Errors
    /// If one has ended.
    pub fn go(&mut self, span: Span) -> Result<()> {
        for (_, child) in &mut self.members {
            let mut pipe = child.stdin.take().context("no pipe")?;
            pipe.write_all(&serde_json::to_vec(&span)?)
                .context("a part of the measurement has ended")?;
        }
        Ok(())
    }

    /// Returns the reports: those of the favoured processes together, and those of the others.
    ///
    /// # Errors
    /// If a report is incomplete, or a signal came.
    pub fn collect(mut self) -> Result<(WorkerReport, WorkerReport)> {
        let until = Instant::now() + PATIENCE;
        let (mut favoured, mut others) = (WorkerReport::default(), WorkerReport::default());
        for (role, child) in &mut self.members {
            let pipe = child.stdout.take().context("no pipe")?;
            let bytes = read_to_end(pipe, until, self.stop)?;
            let record = WorkerReport::read(&bytes)?;
            match role {
                WorkerRole::Favoured => favoured.add(record),
                WorkerRole::Other => others.add(record),
            }
        }
        Ok((favoured, others))
    }
}

impl Drop for Workers<'_> {
    /// Signals all processes first, then waits for them. An error means that one has ended already.
    fn drop(&mut self) {
        for (_, child) in &mut self.members {
            let _ = child.kill();
        }
        for (_, child) in &mut self.members {
            let _ = child.wait();
        }
    }
}

fn read_to_end(mut pipe: ChildStdout, until: Instant, stop: &Stop) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        wait_for_input(&pipe, until, stop)?;
        match pipe.read(&mut buffer)? {
            0 => return Ok(bytes),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn wait_for_input(pipe: impl AsFd, until: Instant, stop: &Stop) -> Result<()> {
    let limit = Timespec {
        tv_sec: 0,
        tv_nsec: LOOK_MS * 1_000_000,
    };
    loop {
        stop.check()?;
        match poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&limit)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error).context("cannot wait for a part of the measurement"),
        }
        if Instant::now() >= until {
            bail!(
                "a part of the measurement has said nothing for three minutes: nothing was changed for good"
            );
        }
    }
}

impl WorkerSpec {
    /// Returns the process, not started yet.
    ///
    /// # Errors
    /// If the path of this program is unknown.
    pub fn command(&self) -> Result<Command> {
        Worker::command(self.policy, self.job.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::bench::contender::Contender;
    use crate::bench::measurement::{Measurement, Setting};
    use crate::bench::worker::Worker;

    #[test]
    fn every_order_is_understood_as_it_was_meant() {
        let setting = Setting {
            cpus: 2,
            spins_per_ns: 0.3,
            span_ns: 1_000_000,
            seed: 5,
            quick: true,
        };
        let all = [Measurement::all(false), Measurement::cross_checks()].concat();
        for measurement in all {
            for contender in Contender::KERNEL {
                for order in measurement.orders(contender, setting) {
                    let command = order.command().unwrap();
                    let told = command.get_args().nth(1).unwrap().to_str().unwrap();
                    let worker: Worker = serde_json::from_str(told).unwrap();
                    assert_eq!((worker.job, worker.policy), (order.job, order.policy));
                    assert_eq!(worker.parent, std::process::id());
                }
            }
        }
    }
}
