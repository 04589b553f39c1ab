//! The parent's side of the load: starts, reads and ends it.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::part::{self, Kind};
use super::record::Record;
use super::{HOG, METRONOME, Plan};
use crate::model::DemoReading;

/// This program, even if its file was replaced.
const SELF: &str = "/proc/self/exe";

/// Running hogs and their metronome. Dropping it ends them all.
///
/// Start it on a thread that lives as long as the load: the kernel ends the children with the *thread* that created
/// them.
pub struct Load {
    plan: Plan,
    children: Vec<Child>,
    metronome: u32,
    pipe: File,
    /// The bytes of an incomplete record.
    rest: Vec<u8>,
    last: Option<Record>,
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
            hogs.0.push(spawn(program, Kind::Hog, plan)?);
        }
        let mut metronome = spawn(program, Kind::Metronome, plan)?;
        let pipe = metronome.stdout.take();
        let pid = metronome.id();
        hogs.0.push(metronome);
        let pipe = OwnedFd::from(pipe.context("cannot open the metronome's pipe")?);
        rustix::io::ioctl_fionbio(&pipe, true).context("cannot set up the pipe")?;
        Ok(Self {
            plan,
            children: std::mem::take(&mut hogs.0),
            metronome: pid,
            pipe: pipe.into(),
            rest: Vec::new(),
            last: None,
        })
    }

    /// Returns the metronome's process id.
    #[must_use]
    pub fn metronome(&self) -> u32 {
        self.metronome
    }

    /// Returns the metronome's last report; `None` until it has calibrated its work.
    pub fn read(&mut self) -> Option<DemoReading> {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.pipe.read(&mut buffer) {
            self.rest.extend_from_slice(&buffer[..count]);
            let (records, rest) = self.rest.as_chunks::<{ Record::SIZE }>();
            if let Some(last) = records.last() {
                self.last = Some(Record::from_bytes(last));
            }
            self.rest = rest.to_vec();
        }
        let at = part::now();
        let last = self.last?;
        Some(DemoReading {
            at,
            metronome: self.metronome,
            hogs: self.plan.hogs,
            work: self.plan.work,
            on_time: last.on_time,
            missed: last.missed_by(at),
            last_frame: last.last_frame,
        })
    }

    /// Returns true if the metronome has ended, by itself or by a signal.
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

fn spawn(program: &Path, kind: Kind, plan: Plan) -> Result<Child> {
    let (name, word, out) = match kind {
        Kind::Hog => (HOG, "hog", Stdio::null()),
        Kind::Metronome => (METRONOME, "metronome", Stdio::piped()),
    };
    let mut command = Command::new(program);
    command.arg0(name).args(["demo-part", word]);
    command.arg(format!("--parent={}", std::process::id()));
    command.arg(format!("--seconds={}", plan.lasts.as_secs()));
    if kind == Kind::Metronome {
        command.arg(format!("--work-ns={}", plan.work.as_nanos()));
    }
    command.stdin(Stdio::null()).stdout(out);
    command.stderr(Stdio::null());
    command
        .spawn()
        .with_context(|| format!("cannot start {name}: try fewer --hogs; nothing was left running"))
}
