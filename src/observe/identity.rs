//! The identity of a process: its owner, its name and its command line. Read when the process first
//! appears, and after an exec.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::names::Names;
use super::sample::{ProcessSample, without_work};
use super::stat::Proc;
use crate::model::ProcessId;
use crate::sys::text::scrub;

/// The kept part of a command line, in bytes: enough for the widest screen.
const LONGEST_COMMAND: usize = 1024;
/// The longest name that the BPF iterator returns. A name of this length may be truncated.
const LONGEST_COMM: usize = 15;

#[derive(Debug)]
pub struct Identity {
    pub id: ProcessId,
    pub user: Arc<str>,
    pub name: Arc<str>,
    pub command: Arc<str>,
    /// True once the command line has been read. Until then the name is shown in its place.
    complete: bool,
    /// True if the process has just appeared. It may be in the middle of its exec and still have the old
    /// command line, so the command line is read again in the next tick.
    fresh: bool,
    /// The last CPU time that the reader was certain of.
    pub cpu_time: Duration,
    /// The time of that reading.
    pub tick: u32,
    uid: Option<u32>,
    /// The kernel's values, to notice an exec.
    comm: Box<[u8]>,
    execs: u32,
}

impl Identity {
    /// Returns true if the process still runs the same program.
    pub fn is_of(&self, seen: &ProcessSample<'_>) -> bool {
        self.execs == seen.execs && *self.comm == *seen.comm
    }

    /// Updates the identity in every tick after the one that found the process.
    pub fn seen_again(&mut self) {
        if std::mem::take(&mut self.fresh) {
            self.complete = false;
        }
    }

    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

/// Reads identities, and keeps what they share.
pub struct Identities {
    proc: Option<Proc>,
    names: Names,
}

impl Identities {
    pub fn new(root: &Path) -> Self {
        Self {
            proc: Proc::new(root).ok(),
            names: Names::new(),
        }
    }

    /// Returns the identity of a process that appears for the first time, without its command line. `fresh`
    /// means that it was not there in the tick before.
    pub fn begin(&mut self, seen: &ProcessSample<'_>, fresh: bool) -> Identity {
        let name = self.name(seen);
        let uid = seen.uid.or_else(|| self.proc.as_mut()?.owner(seen.id.pid));
        Identity {
            id: seen.id,
            user: self.user(uid),
            command: Arc::clone(&name),
            name,
            complete: seen.is_kernel_thread(),
            fresh: fresh && !seen.is_kernel_thread(),
            cpu_time: seen.cpu_time,
            tick: 0,
            uid,
            comm: seen.comm.into(),
            execs: seen.execs,
        }
    }

    /// Updates what can change without an exec.
    pub fn follow(&mut self, identity: &mut Identity, seen: &ProcessSample<'_>) {
        if !seen.uncertain {
            identity.cpu_time = seen.cpu_time;
        }
        if seen.uid.is_some() && seen.uid != identity.uid {
            identity.uid = seen.uid;
            identity.user = self.user(seen.uid);
        }
    }

    /// Reads the command line if that has not been done. A process without one, such as a zombie, gets its
    /// name instead.
    pub fn complete(&mut self, identity: &mut Identity) {
        if std::mem::replace(&mut identity.complete, true) {
            return;
        }
        let read = self.proc.as_mut();
        if let Some(line) = read.and_then(|proc| proc.file(identity.id.pid, "cmdline"))
            && let Some(command) = command(line)
        {
            identity.command = command;
        }
    }

    fn name(&mut self, seen: &ProcessSample<'_>) -> Arc<str> {
        let comm = seen.comm;
        // A kernel thread may have a longer name than `comm` can hold.
        if seen.is_kernel_thread()
            && comm.len() == LONGEST_COMM
            && let Some(whole) = self
                .proc
                .as_mut()
                .and_then(|proc| proc.file(seen.id.pid, "comm"))
            && whole.starts_with(comm)
        {
            let whole = whole.strip_suffix(b"\n").unwrap_or(whole);
            return scrub(if seen.is_queue_worker() {
                without_work(whole)
            } else {
                whole
            })
            .into();
        }
        scrub(comm).into()
    }

    /// Asks for names of users that are not known. Returns true if new ones have come: then each identity is
    /// to be named again.
    pub fn look_for_names(&mut self) -> bool {
        self.names.look()
    }

    pub fn name_again(&mut self, identity: &mut Identity) {
        identity.user = self.user(identity.uid);
    }

    fn user(&mut self, uid: Option<u32>) -> Arc<str> {
        uid.map_or_else(|| "?".into(), |uid| self.names.of(uid))
    }
}

/// Returns the arguments with single spaces between them.
pub(crate) fn command(line: &[u8]) -> Option<Arc<str>> {
    let words: Vec<&[u8]> = line
        .split(|&byte| byte == 0)
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return None;
    }
    let mut command = scrub(&words.join(&b' '));
    command.truncate(command.floor_char_boundary(LONGEST_COMMAND));
    Some(command.into())
}

/// Time limit for reading command lines in one tick. Many new processes, as at the start, must not delay
/// the screen.
pub struct Budget(Instant);

impl Budget {
    pub fn of(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    pub fn is_left(&self) -> bool {
        Instant::now() < self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_one_harmless_line_of_bounded_length() {
        let line = |bytes: &[u8]| command(bytes).map(|text| text.to_string());
        assert_eq!(line(b"sleep\x0010\0").as_deref(), Some("sleep 10"));
        assert_eq!(
            line(b"a\0\0\x1b[2J\0\xff\n\0").as_deref(),
            Some("a ·[2J \u{fffd} ")
        );
        assert_eq!(line(b""), None);
        assert_eq!(line(b"\0\0"), None);
        let long = line("é".repeat(1000).as_bytes()).unwrap();
        assert!(long.len() <= LONGEST_COMMAND && long.chars().all(|c| c == 'é'));
    }
}
