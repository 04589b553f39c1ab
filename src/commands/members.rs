//! `add`, `remove` and `list`: change and print the members of the running scheduler.

use std::io::{Write, stdout};

use anyhow::Result;
use procfs::process::Process;
use serde::Serialize;

use super::process;
use crate::cli::Which;
use crate::model::{Cause, Change, DEFAULT_LEVEL, Membership, ProcessId, Queue};
use crate::refusal::complain;
use crate::scheduler::changes;
use crate::scheduler::{Handle, Member, Members, preflight, served};
use crate::sys::text::scrub;

/// Adds all processes or none: every process is checked before the first one is added.
pub fn add(which: &Which, children: bool, level: Option<u8>) -> Result<()> {
    let pids = parsed(which)?;
    let pattern = which.name.as_deref().map(process::pattern).transpose()?;
    let handle = Handle::open()?;
    preflight::in_first_pid_namespace()?;
    let mut found = pids
        .into_iter()
        .map(process::find)
        .collect::<Result<Vec<_>>>()?;
    if let Some(pattern) = pattern {
        let named = process::named(&pattern)?;
        if named.is_empty() && found.is_empty() {
            return Err(process::none_named(&pattern, "process"));
        }
        // A pattern may match some that no queue serves: they are left out, and named.
        let mut left_out = None;
        for id in named {
            match served::check(id.pid) {
                Ok(()) => found.push(id),
                Err(why) => {
                    complain(&why.to_string());
                    left_out = Some(why);
                }
            }
        }
        if let (Some(why), true) = (left_out, found.is_empty()) {
            return Err(why);
        }
    }
    change(handle, |members| members.add_all(&found, children, level))?;
    let changed = |id: &ProcessId| Change {
        level,
        ..changes::moved(*id, Queue::Priority, children, Cause::Command)
    };
    changes::note(&found.iter().map(changed).collect::<Vec<_>>());
    let on = level.map_or_else(String::new, |level| format!(", level {level}"));
    let with = if children { ", with children" } else { "" };
    for id in found {
        let but = served::policy(id.pid).in_priority();
        let but = but.map_or_else(String::new, |but| format!("; {but}"));
        say(&format!("{} → PRIORITY{on}{with}{but}", name_of(id.pid)))?;
    }
    Ok(())
}

/// Removes processes. A member that has ended meanwhile is reported, and is no error.
pub fn remove(which: &Which) -> Result<()> {
    let mut pids = parsed(which)?;
    let pattern = which.name.as_deref().map(process::pattern).transpose()?;
    let handle = Handle::open()?;
    let members = handle.members.entries()?;
    let is_member = |pid: u32| members.iter().any(|member| member.pid == pid);
    for &pid in &pids {
        if !is_member(pid) {
            process::find(pid)?;
        }
    }
    if let Some(pattern) = pattern {
        let matches =
            |pid: &u32| comm_of(*pid).is_some_and(|name| pattern.is_match(name.as_bytes()));
        pids.extend(members.iter().map(|member| member.pid).filter(matches));
        if pids.is_empty() {
            return Err(process::none_named(&pattern, "member"));
        }
    }
    change(handle, |now| {
        let mut leaving = pids.iter().filter(|pid| is_member(**pid));
        leaving.try_for_each(|pid| now.remove(*pid))
    })?;
    let left = members.iter().filter(|member| pids.contains(&member.pid));
    let changed = |member: &Member| {
        let id = ProcessId {
            pid: member.pid,
            start_ticks: member.start_ticks.unwrap_or(0),
        };
        changes::moved(id, Queue::Batch, false, Cause::Command)
    };
    changes::note(&left.map(changed).collect::<Vec<_>>());
    for pid in pids {
        if is_member(pid) {
            say(&format!("{} → BATCH", name_of(pid)))?;
        } else {
            say(&format!("{} was already in BATCH", name_of(pid)))?;
        }
    }
    Ok(())
}

/// Changes the members of the running scheduler. If another instance takes over at this moment, it may have
/// copied them already, so the change is repeated there.
fn change(mut handle: Handle, change: impl Fn(&Members) -> Result<()>) -> Result<()> {
    loop {
        change(&handle.members)?;
        if handle.is_active() {
            handle.mark_event();
            return Ok(());
        }
        handle = Handle::open_next()?;
    }
}

fn parsed(which: &Which) -> Result<Vec<u32>> {
    which.pids.iter().map(|pid| process::parse(pid)).collect()
}

/// Its keys are an interface: `members: [{pid, start_ticks, name, command, children,
/// through, rule, level}]`, `capacity`.
#[derive(Serialize)]
struct Listed {
    members: Vec<ListedMember>,
    capacity: u32,
}

#[derive(Serialize)]
struct ListedMember {
    pid: u32,
    /// Field 22 of `/proc/PID/stat`; `null` for an entry that another tool wrote.
    start_ticks: Option<u64>,
    name: String,
    command: String,
    /// Future children become members too.
    children: bool,
    /// The process that it inherited the membership from, if it was not chosen itself.
    through: Option<u32>,
    /// A rule has put it there.
    rule: bool,
    /// The higher one goes first.
    level: u8,
}

pub fn list(json: bool) -> Result<()> {
    let handle = Handle::open()?;
    let members: Vec<ListedMember> = handle
        .members
        .entries()?
        .into_iter()
        .map(|entry| ListedMember {
            pid: entry.pid,
            start_ticks: entry.start_ticks,
            name: comm_of(entry.pid).unwrap_or_default(),
            command: command_of(entry.pid),
            children: entry.membership != Membership::Chosen,
            through: entry.chosen,
            rule: entry.by_rule,
            level: entry.level,
        })
        .collect();
    if json {
        let capacity = handle.members.capacity();
        return say(&serde_json::to_string(&Listed { members, capacity })?);
    }
    let mut out = format!("{:>7}  COMMAND\n", "PID");
    for member in &members {
        let through = match member.through {
            Some(pid) => format!("  (through {pid})"),
            None if member.rule => "  (by rule)".to_owned(),
            None => String::new(),
        };
        let on = match member.level {
            DEFAULT_LEVEL => String::new(),
            level => format!("  (level {level})"),
        };
        out.push_str(&format!(
            "{:>7}  {}{through}{on}\n",
            member.pid, member.command
        ));
    }
    let many = if members.len() == 1 { "" } else { "s" };
    out.push_str(&format!("{} member{many}\n", members.len()));
    write(&out).map(drop)
}

/// Formats a process as `ffmpeg (4121)`.
fn name_of(pid: u32) -> String {
    comm_of(pid).map_or_else(|| pid.to_string(), |name| format!("{name} ({pid})"))
}

fn comm_of(pid: u32) -> Option<String> {
    let stat = Process::new(pid.cast_signed())
        .and_then(|process| process.stat())
        .ok()?;
    Some(scrub(stat.comm.as_bytes()))
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
    write(&format!("{line}\n")).map(drop)
}

/// Writes to stdout. Returns false if the reader has gone (`list | head`): no error, but the end of output.
pub(super) fn write(text: &str) -> Result<bool> {
    match stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}
