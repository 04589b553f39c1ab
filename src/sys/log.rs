//! The log: the reasons why the kernel ended a scheduler, with its dump, and libbpf's messages. It is a file of
//! bounded size, because writing to the terminal would destroy the screen.
//!
//! Only root can write it. For other users, messages are dropped.

#![forbid(unsafe_code)]

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::SystemTime,
};

use super::own;
use crate::model::Exit;

/// The path of the log.
pub const PATH: &str = "/var/log/dualq-top.log";
/// The size in bytes beyond which the log becomes `.1` and replaces the one before. The disk holds at most
/// twice this size and one entry (a dump has at most 32 KiB).
const MOST_BYTES: u64 = 512 * 1024;

/// Writes one entry, with the time.
pub fn line(text: &str) {
    entry(&[text.to_owned()]);
}

/// Logs why the kernel ended the scheduler, with its dump.
pub fn exit(exit: &Exit) {
    let mut lines = vec![format!("the kernel ended dualq: {exit}")];
    lines.extend(exit.dump.iter().map(|line| format!("    {line}")));
    entry(&lines);
}

/// Appends an entry. Errors are ignored: a full disk is no reason to stop.
fn entry(lines: &[String]) {
    let _ = append(Path::new(PATH), lines);
}

fn append(path: &Path, lines: &[String]) -> io::Result<()> {
    let mut file = open(path)?;
    if file.metadata()?.len() > MOST_BYTES {
        fs::rename(path, path.with_extension("log.1"))?;
        file = open(path)?;
    }
    let now = humantime::format_rfc3339_seconds(SystemTime::now());
    let text = format!("{now} [{}] {}\n", std::process::id(), lines.join("\n"));
    // One write, so that entries of two instances do not mix.
    file.write_all(text.as_bytes())
}

/// Opens the log for root only, and never what somebody else has put in its place.
fn open(path: &Path) -> io::Result<File> {
    Ok(own::open_file(path, true)?)
}

/// Why nothing can be logged, if somebody else has put something in the log's place.
#[must_use]
pub fn fault() -> Option<String> {
    match own::is_own_file(Path::new(PATH)) {
        Err(own::Fault::Foreign(why)) => Some(format!("{PATH} {why}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_never_outgrows_its_bound() {
        let dir = std::env::temp_dir().join(format!("dualq-top-log-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("dualq-top.log");
        let dump = vec!["x".repeat(32 * 1024)];
        for _ in 0..100 {
            append(&path, &dump).unwrap();
        }
        let size = |path: &Path| fs::metadata(path).unwrap().len();
        let most = MOST_BYTES + 64 * 1024;
        assert!(size(&path) < most);
        assert!(size(&path.with_extension("log.1")) < most);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2);
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_link_in_the_logs_place_is_not_followed() {
        let dir = std::env::temp_dir().join(format!("dualq-top-link-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let (path, victim) = (dir.join("dualq-top.log"), dir.join("victim"));
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(append(&path, &["over it".to_owned()]).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        fs::remove_dir_all(&dir).unwrap();
    }
    /// A FIFO, and a file that another user keeps open: opened in the usual way the one waits for ever.
    #[test]
    fn a_fifo_in_the_logs_place_holds_up_nobody() {
        let dir = std::env::temp_dir().join(format!("dualq-top-fifo-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("dualq-top.log");
        let all = rustix::fs::Mode::RWXU;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, all, 0).unwrap();
        let (sender, done) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(append(&path, &["a line".to_owned()]).is_err()));
        let refused = done.recv_timeout(std::time::Duration::from_secs(20));
        assert_eq!(refused, Ok(true), "it waits for a reader");
        fs::remove_dir_all(&dir).unwrap();
    }
}
