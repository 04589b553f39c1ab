//! The last changes of membership, and their causes: a file that every instance appends to.
//!
//! It lies where a reboot clears it, since process ids mean nothing after one. Children that came through
//! their parents are not in it: the kernel adds them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::model::{ProcessId, Queue};
use crate::sys::own;
use crate::sys::text::scrub;

/// One JSON object a line, the oldest first.
pub const PATH: &str = "/run/dualq-top.changes";
/// A larger file becomes `.1`, in place of the one before.
const MOST_BYTES: u64 = 128 * 1024;

/// One change. The keys are an interface: they stay, and others may come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// In UTC, as in RFC 3339.
    pub time: String,
    /// The process that was moved.
    pub pid: u32,
    /// Field 22 of `/proc/PID/stat`; `null` for a process that had ended.
    pub start_ticks: Option<u64>,
    /// Its name (comm), scrubbed; empty if it had ended.
    pub name: String,
    /// The queue that it is in from then on: `PRIORITY` or `BATCH`.
    pub queue: String,
    /// Whether its children come too.
    pub children: bool,
    /// The cause of the change.
    pub cause: Cause,
    /// The rule's file and line, if a rule was the cause.
    pub rule: Option<String>,
    /// The process of dualq-top that made the change.
    pub by: u32,
}

/// The cause of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A key in the dashboard.
    Key,
    /// `add`, `remove` or `run`.
    Command,
    /// A rule, at an exec or when the rules were read.
    Rule,
}

impl Change {
    /// Returns the change that this process has made just now, without a rule's place.
    #[must_use]
    pub fn new(id: ProcessId, queue: Queue, children: bool, cause: Cause) -> Self {
        let stat =
            procfs::process::Process::new(id.pid.cast_signed()).and_then(|process| process.stat());
        Self {
            time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            pid: id.pid,
            start_ticks: Some(id.start_ticks),
            name: stat.map_or_else(|_| String::new(), |stat| scrub(stat.comm.as_bytes())),
            queue: queue.name().to_owned(),
            children,
            cause,
            rule: None,
            by: std::process::id(),
        }
    }
}

/// Notes changes that were made. Errors are ignored: a full disk is no reason not to move a process.
pub fn note(changes: &[Change]) {
    let _ = append(Path::new(PATH), changes);
}

fn append(path: &Path, changes: &[Change]) -> io::Result<()> {
    let mut file = own::open_file(path, true)?;
    if file.metadata()?.len() > MOST_BYTES {
        fs::rename(path, path.with_extension("changes.1"))?;
        file = own::open_file(path, true)?;
    }
    let mut text = String::new();
    for change in changes {
        text.push_str(&serde_json::to_string(change)?);
        text.push('\n');
    }
    // One write, so that entries of two instances do not mix.
    file.write_all(text.as_bytes())
}

/// Reads the last of them, `most` at most, the oldest first.
///
/// # Errors
/// The file system's own, but not where there are none yet.
pub fn read(most: usize) -> io::Result<Vec<Change>> {
    read_from(Path::new(PATH), most)
}

fn read_from(path: &Path, most: usize) -> io::Result<Vec<Change>> {
    let text = |path: &Path| match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other,
    };
    let mut bytes = text(&path.with_extension("changes.1"))?;
    bytes.extend(text(path)?);
    // A line that another version wrote, or that was cut off, is left out.
    let mut changes: Vec<Change> = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    changes.drain(..changes.len().saturating_sub(most));
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_read_back_in_order_and_in_bounded_space() {
        let folder = std::env::temp_dir().join(format!("dualq-changes-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("dualq-top.changes");
        let id = |pid| ProcessId {
            pid,
            start_ticks: 7,
        };
        let all: Vec<Change> = (1..5000)
            .map(|pid| Change::new(id(pid), Queue::Batch, false, Cause::Key))
            .collect();
        for change in &all {
            append(&path, std::slice::from_ref(change)).unwrap();
        }
        assert_eq!(read_from(&path, 100).unwrap(), all[all.len() - 100..]);
        let size: u64 = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert!(size < 3 * MOST_BYTES, "{size}");
        fs::write(&path, b"{\"time\":\"cut off").unwrap();
        assert!(!read_from(&path, 10).unwrap().is_empty());
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(read_from(&path, 10).unwrap(), []);
    }
}
