//! `add`, `remove` and `list`: the members of the running scheduler, whoever started it.

use std::io::{Write, stdout};

use anyhow::Result;
use procfs::process::Process;

use super::process;
use crate::model::ProcessId;
use crate::scheduler::{Handle, preflight};
use crate::text::scrub;

/// Adds all or none: every id is looked at before the first is added.
pub fn add(typed: &[String]) -> Result<()> {
    let pids = typed
        .iter()
        .map(|pid| process::parse(pid))
        .collect::<Result<Vec<_>>>()?;
    let handle = Handle::open()?;
    preflight::in_first_pid_namespace()?;
    let found = pids
        .into_iter()
        .map(process::find)
        .collect::<Result<Vec<_>>>()?;
    let before = handle.members.list()?;
    for (done, id) in found.iter().enumerate() {
        if let Err(error) = handle.members.add(id.pid, Some(id.start_ticks)) {
            for added in &found[..done] {
                if !before.iter().any(|&(pid, _)| pid == added.pid) {
                    let _ = handle.members.remove(added.pid);
                }
            }
            return Err(error);
        }
    }
    for id in found {
        say(&format!("{} → PRIORITY", described(id)))?;
    }
    Ok(())
}

/// A member that has ended since is no longer one: that is told, and is no error.
pub fn remove(typed: &[String]) -> Result<()> {
    let pids = typed
        .iter()
        .map(|pid| process::parse(pid))
        .collect::<Result<Vec<_>>>()?;
    let handle = Handle::open()?;
    let members = handle.members.list()?;
    let is_member = |pid: u32| members.iter().any(|&(member, _)| member == pid);
    for &pid in &pids {
        if !is_member(pid) {
            process::find(pid)?;
        }
    }
    for pid in pids {
        if is_member(pid) {
            handle.members.remove(pid)?;
            say(&format!("{} → BATCH", name_of(pid)))?;
        } else {
            say(&format!("{} was in BATCH already", name_of(pid)))?;
        }
    }
    Ok(())
}

pub fn list() -> Result<()> {
    let members = Handle::open()?.members.list()?;
    let mut out = format!("{:>7}  COMMAND\n", "PID");
    for &(pid, _) in &members {
        out.push_str(&format!("{pid:>7}  {}\n", command_of(pid)));
    }
    let many = if members.len() == 1 { "" } else { "s" };
    out.push_str(&format!("{} member{many}\n", members.len()));
    write(&out)
}

fn described(id: ProcessId) -> String {
    name_of(id.pid)
}

/// `ffmpeg (4121)`
fn name_of(pid: u32) -> String {
    match Process::new(pid.cast_signed()).and_then(|process| process.stat()) {
        Ok(stat) => format!("{} ({pid})", scrub(stat.comm.as_bytes())),
        Err(_) => pid.to_string(),
    }
}

fn command_of(pid: u32) -> String {
    let command = Process::new(pid.cast_signed())
        .and_then(|process| process.cmdline())
        .unwrap_or_default()
        .join(" ");
    if command.is_empty() {
        return name_of(pid);
    }
    scrub(command.as_bytes())
}

fn say(line: &str) -> Result<()> {
    write(&format!("{line}\n"))
}

/// A reader that has gone (`list | head`) is no fault of ours.
pub(super) fn write(text: &str) -> Result<()> {
    match stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
