//! The load from its parent's side: started, read, ended.

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

/// This program, whatever became of its file.
const SELF: &str = "/proc/self/exe";

/// Running hogs and their metronome; dropping it ends them all.
///
/// To be started by a thread that lives as long as the load is to: the kernel ends the children
/// with the *thread* that made them.
pub struct Load {
    plan: Plan,
    children: Vec<Child>,
    metronome: u32,
    pipe: File,
    /// What was read of a record that is not whole yet.
    rest: Vec<u8>,
    last: Option<Record>,
}

impl Load {
    /// # Errors
    /// Where a process cannot be started; none is left then.
    pub fn start(plan: Plan) -> Result<Self> {
        Self::start_as(Path::new(SELF), plan)
    }

    /// As [`Self::start`], for a caller that is not the program itself.
    ///
    /// # Errors
    /// Where a process cannot be started; none is left then.
    pub fn start_as(program: &Path, plan: Plan) -> Result<Self> {
        let mut hogs = Children(Vec::new());
        for _ in 0..plan.hogs {
            hogs.0.push(spawn(program, Kind::Hog, plan)?);
        }
        let mut metronome = spawn(program, Kind::Metronome, plan)?;
        let pipe = metronome.stdout.take();
        let pid = metronome.id();
        hogs.0.push(metronome);
        let pipe = OwnedFd::from(pipe.context("the metronome has no pipe")?);
        rustix::io::ioctl_fionbio(&pipe, true).context("the pipe cannot be set up")?;
        Ok(Self {
            plan,
            children: std::mem::take(&mut hogs.0),
            metronome: pid,
            pipe: pipe.into(),
            rest: Vec::new(),
            last: None,
        })
    }

    /// The metronome's process id.
    #[must_use]
    pub fn metronome(&self) -> u32 {
        self.metronome
    }

    /// What the metronome has reported so far; `None` until it has measured its work.
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

    /// Has the metronome ended, because its time was over or somebody ended it?
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

/// Ends those that were started if not all can be.
struct Children(Vec<Child>);

impl Drop for Children {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

/// All are told first and waited for then. An error says that one has ended already.
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
    command.spawn().with_context(|| {
        format!("{name} cannot be started: fewer --hogs may help; nothing runs now")
    })
}
