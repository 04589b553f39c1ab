//! The last changes of membership and of tunables, and their causes: a file that every instance appends to.
//!
//! It lies where a reboot clears it, since process ids mean nothing after one. The owner of the scheduler adds children
//! that came through their parents (`inherited`).

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use crate::model::{Cause, Change, ProcessId, Queue};
use crate::sys::own;
use crate::sys::text::scrub;

/// One JSON object a line, the oldest first.
pub const PATH: &str = "/run/dualq-top.changes";
/// A larger file becomes `.1`, in place of the one before.
const MOST_BYTES: u64 = 128 * 1024;
/// The number of changes that are shown.
pub const MOST: usize = 100;

/// Returns the move that this process has made just now.
#[must_use]
pub fn moved(id: ProcessId, queue: Queue, children: bool, cause: Cause) -> Change {
    let stat =
        procfs::process::Process::new(id.pid.cast_signed()).and_then(|process| process.stat());
    Change {
        pid: Some(id.pid),
        start_ticks: Some(id.start_ticks),
        name: stat.map_or_else(|_| String::new(), |stat| scrub(stat.comm.as_bytes())),
        queue: Some(queue.name().to_owned()),
        children,
        ..set(cause, String::new())
    }
}

/// Returns the change of a tunable, or of the scheduler itself, that this process has made just now.
#[must_use]
pub fn set(cause: Cause, setting: String) -> Change {
    Change {
        time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        pid: None,
        start_ticks: None,
        name: String::new(),
        queue: None,
        setting: Some(setting).filter(|setting| !setting.is_empty()),
        children: false,
        level: None,
        through: None,
        others: 0,
        cause,
        rule: None,
        by: std::process::id(),
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
        .rsplit(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .take(most)
        .collect();
    changes.reverse();
    Ok(changes)
}

/// Looks whether there are new changes, without reading the file where there are none.
#[derive(Debug, Default)]
pub struct Watch {
    /// The file that was read last, and its size.
    seen: Option<(u64, u64)>,
    last: Option<Change>,
}

impl Watch {
    /// Returns the last [`MOST`] changes, the oldest first, if any came since the last call, and how many of them are
    /// new. Nothing where the file cannot be read.
    pub fn look(&mut self) -> Option<(Vec<Change>, usize)> {
        self.look_at(Path::new(PATH))
    }

    fn look_at(&mut self, path: &Path) -> Option<(Vec<Change>, usize)> {
        let metadata = fs::metadata(path).ok()?;
        let found = Some((metadata.ino(), metadata.len()));
        if self.seen == found {
            return None;
        }
        let changes = read_from(path, MOST).ok()?;
        self.seen = found;
        let known = self.last.as_ref();
        let known = known.and_then(|last| changes.iter().rposition(|change| change == last));
        let new = changes.len() - known.map_or(0, |place| place + 1);
        self.last = changes.last().cloned();
        (new > 0).then_some((changes, new))
    }
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
            .map(|pid| moved(id(pid), Queue::Batch, false, Cause::Key))
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

    #[test]
    fn only_new_changes_are_told() {
        let folder = std::env::temp_dir().join(format!("dualq-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("dualq-top.changes");
        let mut watch = Watch::default();
        assert_eq!(watch.look_at(&path), None);
        let change = |text: &str| set(Cause::Command, text.to_owned());
        let (first, second) = (change("guarantee 20 %"), change("guarantee 30 %"));
        append(&path, std::slice::from_ref(&first)).unwrap();
        assert_eq!(watch.look_at(&path), Some((vec![first.clone()], 1)));
        assert_eq!(watch.look_at(&path), None);
        append(&path, std::slice::from_ref(&second)).unwrap();
        assert_eq!(watch.look_at(&path), Some((vec![first, second], 1)));
        // Another file, in place of the one that grew too large.
        fs::rename(&path, path.with_extension("changes.1")).unwrap();
        append(&path, &[change("guarantee 40 %"), change("guarantee 50 %")]).unwrap();
        let (all, new) = watch.look_at(&path).unwrap();
        assert_eq!((all.len(), new), (4, 2));
        fs::remove_dir_all(&folder).unwrap();
    }
}
