//! The parent's side of the load: starts, reads and ends it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::Plan;
use super::frame_report::FrameReport;
use super::job::WorkerJob;
use super::worker::WorkerKind;
use crate::model::DemoReading;
use crate::workload::clock::now;

/// This program, even if its file was replaced.
const SELF: &str = "/proc/self/exe";

/// Running hogs and their frame; dropping it ends them all.
///
/// Start it on a thread that lives as long as the load: the kernel ends the children with the *thread* that created
/// them.
pub struct Load {
    plan: Plan,
    children: Vec<Child>,
    /// The frame's process id.
    frame: u32,
    pipe: File,
    /// The bytes of an incomplete line.
    rest: Vec<u8>,
    last: Option<FrameReport>,
}

impl Load {
    /// # Errors
    /// If a process cannot be started. None is left then.
    pub fn start(plan: Plan) -> Result<Self> {
        Self::start_as(Path::new(SELF), plan)
    }

    /// As [`Self::start`], for a caller that is another program.
    ///
    /// # Errors
    /// If a process cannot be started. None is left then.
    pub fn start_as(program: &Path, plan: Plan) -> Result<Self> {
        let mut hogs = Children(Vec::new());
        for _ in 0..plan.hogs {
            hogs.0.push(spawn(program, WorkerKind::Hog, plan)?);
        }
        let mut frame = spawn(program, WorkerKind::Frame, plan)?;
        let pipe = frame.stdout.take();
        let pid = frame.id();
        hogs.0.push(frame);
        let pipe = OwnedFd::from(pipe.context("cannot open the frame's pipe")?);
        rustix::io::ioctl_fionbio(&pipe, true).context("cannot set up the pipe")?;
        Ok(Self {
            plan,
            children: std::mem::take(&mut hogs.0),
            frame: pid,
            pipe: pipe.into(),
            rest: Vec::new(),
            last: None,
        })
    }

    /// The frame's process id.
    #[must_use]
    pub fn frame(&self) -> u32 {
        self.frame
    }

    /// The CPU time that all hogs have had.
    fn hogs_cpu(&self) -> Duration {
        let hogs = self.children.iter().filter(|hog| hog.id() != self.frame);
        hogs.filter_map(|hog| cpu_time(hog.id())).sum()
    }

    /// Returns the last report of the frame; `None` until it has measured its work.
    pub fn read(&mut self) -> Option<DemoReading> {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.pipe.read(&mut buffer) {
            self.rest.extend_from_slice(&buffer[..count]);
            if let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') {
                let rest = self.rest.split_off(end + 1);
                self.last = FrameReport::last_of(&self.rest).or(self.last);
                self.rest = rest;
            }
        }
        let at = now();
        let last = self.last?;
        Some(DemoReading {
            at,
            metronome: self.frame,
            hogs: self.plan.hogs,
            hogs_cpu: self.hogs_cpu(),
            work: last.work,
            on_time: last.on_time,
            missed: last.missed_by(at),
            last_frame: last.last_frame,
        })
    }

    /// Returns whether the frame has ended, by itself or by a signal.
    pub fn has_ended(&mut self) -> bool {
        let ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        self.children.last_mut().is_none_or(ended)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        end(&mut self.children);
    }
}

/// Ends the started processes if one of them cannot be started.
struct Children(Vec<Child>);

impl Drop for Children {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

/// Signals all processes first, then waits for them. An error means that one has ended already.
fn end(children: &mut [Child]) {
    for child in &mut *children {
        let _ = child.kill();
    }
    for child in children {
        let _ = child.wait();
    }
}

fn spawn(program: &Path, kind: WorkerKind, plan: Plan) -> Result<Child> {
    let name = kind.name();
    let mut command = Command::new(program);
    command.arg0(name).stdin(Stdio::piped());
    command.stdout(match kind {
        WorkerKind::Hog => Stdio::null(),
        WorkerKind::Frame => Stdio::piped(),
    });
    command.stderr(Stdio::null());
    let mut child = command.spawn().with_context(|| {
        format!("cannot start {name}: try fewer --hogs; nothing was left running")
    })?;
    let job = WorkerJob {
        parent: std::process::id(),
        seconds: plan.lasts.as_secs(),
        threads: plan.threads,
        work: plan.work,
    };
    let told = serde_json::to_vec(&job)
        .context("cannot write a worker's job")
        .and_then(|job| {
            let mut input = child.stdin.take().context("cannot open a worker's pipe")?;
            input.write_all(&job).context("cannot write a worker's job")
        });
    if let Err(error) = told {
        end(std::slice::from_mut(&mut child));
        return Err(error);
    }
    Ok(child)
}

/// The CPU time of a process of one thread: the first number of its `schedstat`, in nanoseconds.
fn cpu_time(pid: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    Some(Duration::from_nanos(
        text.split_whitespace().next()?.parse().ok()?,
    ))
}
