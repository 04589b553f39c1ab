//! The processes, from `/proc`: what changes is read each tick, what does not is kept.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use procfs::process::{Process as Proc, Stat, all_processes_with_root};
use sysinfo::{Uid, Users};

use crate::model::{Process, ProcessId};
use crate::text::scrub;

/// PF_KTHREAD, include/linux/sched.h
const KERNEL_THREAD: u32 = 0x0020_0000;
/// A tick of `/proc/PID/stat`: USER_HZ is 100 everywhere.
const TICK: Duration = Duration::from_millis(10);
/// What is kept of a command line: enough for the widest screen, and bounded.
const LONGEST_COMMAND: usize = 1024;

pub struct Processes {
    root: PathBuf,
    /// `None` where the list cannot be read: numbers are shown then.
    users: Option<Users>,
    known: HashMap<ProcessId, Identity>,
}

/// What a process is, as against what it does: read when it first shows, and after an exec.
#[derive(Clone)]
struct Identity {
    /// As the kernel has it, to notice an exec.
    comm: String,
    user: String,
    name: String,
    command: String,
}

impl Processes {
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            users: Users::new_with_refreshed_list().ok(),
            known: HashMap::new(),
        }
    }

    /// Every process that could be read; one that ends meanwhile is left out.
    pub fn read(&mut self) -> Vec<Process> {
        let Ok(found) = all_processes_with_root(&self.root) else {
            return Vec::new();
        };
        let mut seen = HashMap::with_capacity(self.known.len());
        let mut processes = Vec::with_capacity(self.known.len());
        for process in found.flatten() {
            let Ok(stat) = process.stat() else { continue };
            let id = ProcessId {
                pid: stat.pid.cast_unsigned(),
                start_ticks: stat.starttime,
            };
            let identity = match self.known.remove(&id) {
                Some(known) if known.comm == stat.comm => known,
                _ => self.identify(&process, &stat),
            };
            processes.push(describe(id, &stat, &identity));
            seen.insert(id, identity);
        }
        self.known = seen;
        processes
    }

    fn identify(&self, process: &Proc, stat: &Stat) -> Identity {
        let name = scrub(stat.comm.as_bytes());
        let mut command = process.cmdline().unwrap_or_default().join(" ");
        let cut = command.floor_char_boundary(LONGEST_COMMAND);
        command.truncate(cut);
        let command = if command.is_empty() {
            name.clone()
        } else {
            scrub(command.as_bytes())
        };
        let user = process
            .uid()
            .map_or_else(|_| "?".to_owned(), |uid| self.user(uid));
        Identity {
            comm: stat.comm.clone(),
            user,
            name,
            command,
        }
    }

    fn user(&self, uid: u32) -> String {
        Uid::try_from(uid as usize)
            .ok()
            .and_then(|uid| self.users.as_ref()?.get_user_by_id(&uid))
            .map_or_else(|| uid.to_string(), |user| scrub(user.name().as_bytes()))
    }
}

fn describe(id: ProcessId, stat: &Stat, identity: &Identity) -> Process {
    let ticks = stat.utime.saturating_add(stat.stime);
    Process {
        id,
        thread_of: None,
        parent: stat.ppid.cast_unsigned(),
        user: identity.user.clone(),
        state: stat.state,
        threads: u32::try_from(stat.num_threads).unwrap_or(0),
        cpu_time: TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX)),
        name: identity.name.clone(),
        command: identity.command.clone(),
        kernel_thread: stat.flags & KERNEL_THREAD != 0,
        queue: None,
        membership: None,
        own: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ends_is_forgotten_and_a_living_one_is_read_with_its_owner() {
        let mut processes = Processes::new("/proc".into());
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let seen = processes.read();
        let it = seen.iter().find(|p| p.id.pid == child.id()).unwrap();
        assert!(
            it.command == "sleep 1000" || it.command.contains("dualq") || !it.command.is_empty()
        );
        assert!(!it.user.is_empty());
        assert_eq!(it.parent, std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        let id = it.id;
        assert!(processes.read().iter().all(|p| p.id != id));
        assert!(!processes.known.contains_key(&id));
    }
}
