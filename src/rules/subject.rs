//! The fields of a process that a rule may read.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use procfs::process::Process;

use super::Field;
use crate::model::ProcessId;

/// More of a command line or of a file in `/proc` is not looked at.
const LONGEST: u64 = 16 << 10;
/// PF_KTHREAD, include/linux/sched.h
const KERNEL_THREAD: u32 = 0x0020_0000;

/// A process that rules are asked about.
pub trait Subject {
    /// Returns the text of a field; `None` if it is not known.
    fn text(&mut self, field: Field) -> Option<Cow<'_, str>>;
}

/// A living process. What the kernel's event has told is not read again.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The process.
    pub id: ProcessId,
    /// Its name, as `/proc/PID/comm` has it.
    pub name: String,
    /// The effective user.
    pub user: u32,
    /// The parent's name.
    pub parent: String,
    users: fn(u32) -> Option<String>,
}

impl Facts {
    /// Creates it from what an event told.
    #[must_use]
    pub fn new(id: ProcessId, name: String, user: u32, parent: String) -> Self {
        Self {
            id,
            name,
            user,
            parent,
            users: user_name,
        }
    }

    /// Reads a process that runs already. `None` for one that has ended, and for a kernel thread.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let process = Process::new(pid.cast_signed()).ok()?;
        let stat = process.stat().ok()?;
        if stat.flags & KERNEL_THREAD != 0 || matches!(stat.state, 'Z' | 'X') {
            return None;
        }
        let parent = Process::new(stat.ppid).and_then(|parent| parent.stat());
        let id = ProcessId {
            pid,
            start_ticks: stat.starttime,
        };
        let user = process.uid().ok()?;
        let parent = parent.map_or_else(|_| String::new(), |parent| parent.comm);
        Some(Self::new(id, stat.comm, user, parent))
    }

    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.id.pid))
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = File::open(self.file(name)).ok()?;
        file.take(LONGEST).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn cgroup(&self) -> Option<String> {
        let bytes = self.read("cgroup")?;
        let text = String::from_utf8_lossy(&bytes);
        let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
        Some(path.to_owned())
    }
}

impl Subject for Facts {
    fn text(&mut self, field: Field) -> Option<Cow<'_, str>> {
        let owned = match field {
            Field::Name => return Some(Cow::Borrowed(&self.name)),
            Field::Parent => return Some(Cow::Borrowed(&self.parent)),
            Field::User => (self.users)(self.user).unwrap_or_else(|| self.user.to_string()),
            Field::Executable => {
                let path = fs::read_link(self.file("exe")).ok()?;
                let path = path.to_string_lossy().into_owned();
                path.strip_suffix(" (deleted)")
                    .map_or(path.clone(), str::to_owned)
            }
            Field::Command => {
                let bytes = self.read("cmdline")?;
                let end = bytes.iter().rposition(|byte| *byte != 0)? + 1;
                let text = String::from_utf8_lossy(bytes.get(..end)?);
                text.replace('\0', " ")
            }
            Field::Unit => unit_of(&self.cgroup()?)?.to_owned(),
            Field::Cgroup => self.cgroup()?,
        };
        Some(Cow::Owned(owned))
    }
}

/// The innermost part of a cgroup's path that is a unit with processes in it.
pub fn unit_of(cgroup: &str) -> Option<&str> {
    let is_unit = |part: &&str| {
        [".service", ".scope", ".socket", ".mount", ".swap"]
            .iter()
            .any(|kind| part.len() > kind.len() && part.ends_with(kind))
    };
    cgroup.rsplit('/').find(is_unit)
}

/// The user's name in `/etc/passwd`, which is read again when it has changed.
fn user_name(uid: u32) -> Option<String> {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::time::SystemTime;

    type Names = (Option<SystemTime>, HashMap<u32, String>);
    thread_local! {
        static NAMES: RefCell<Names> = RefCell::default();
    }
    let changed = fs::metadata("/etc/passwd").and_then(|file| file.modified());
    let changed = changed.ok();
    NAMES.with_borrow_mut(|(read, names)| {
        if *read != changed || names.is_empty() {
            *read = changed;
            let text = fs::read("/etc/passwd").unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            *names = text.lines().filter_map(passwd_entry).collect();
        }
        names.get(&uid).cloned()
    })
}

fn passwd_entry(line: &str) -> Option<(u32, String)> {
    let mut parts = line.split(':');
    let name = parts.next()?;
    Some((parts.nth(1)?.parse().ok()?, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_innermost_one() {
        let app = "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-12.scope";
        assert_eq!(unit_of(app), Some("app-firefox-12.scope"));
        assert_eq!(
            unit_of("/system.slice/nginx.service/worker"),
            Some("nginx.service")
        );
        assert_eq!(unit_of("/user.slice"), None);
    }

    #[test]
    fn this_very_process_tells_what_it_is() {
        let mut facts = Facts::of(std::process::id()).unwrap();
        let executable = std::env::current_exe().unwrap();
        assert_eq!(
            facts.text(Field::Executable).unwrap(),
            executable.to_str().unwrap()
        );
        let command = facts.text(Field::Command).unwrap().into_owned();
        assert!(
            command.starts_with(&std::env::args().next().unwrap()),
            "{command}"
        );
        assert!(!command.ends_with(' '));
        assert_eq!(Facts::of(u32::MAX >> 1).map(|facts| facts.id), None);
    }
}
