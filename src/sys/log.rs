//! The program's messages, which are the events of `tracing`: warnings and errors go to the log, a file of bounded
//! size, and with `--verbose` everything goes to stderr.
//!
//! Only root can write the file; for other users it is left alone. The writers are our own. Those of the crate
//! `tracing-appender` would write through a link that somebody has put in the file's place, and set no limit to its size.
//! One that writes to stderr in the usual way stops the program if its reader has stopped.

#![forbid(unsafe_code)]

use std::{
    fmt,
    fs::{self, File},
    io::{self, IsTerminal, Write, stderr},
    os::fd::AsFd,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use tracing::{Level, Metadata, error};
use tracing_subscriber::fmt::{MakeWriter, format::Writer, time::FormatTime};

use super::{own, unread};
use crate::model::Exit;

/// The path of the log.
pub const PATH: &str = "/var/log/dualq-top.log";
/// The size in bytes beyond which the log becomes `.1` and replaces the one before. The disk holds at most
/// twice this size and one entry (a dump has at most 32 KiB).
const MOST_BYTES: u64 = 512 * 1024;
/// The size in bytes that a pipe with room takes without waiting (`PIPE_BUF`).
const ONE_PIECE: usize = 4096;

/// True while the dashboard has the terminal, to which nothing else may be written then.
static SCREEN_IN_USE: AtomicBool = AtomicBool::new(false);

/// Directs the messages. Only the first call has an effect.
pub fn start(verbose: bool) {
    let most = if verbose { Level::TRACE } else { Level::WARN };
    let _ = tracing_subscriber::fmt()
        .with_max_level(most)
        .with_target(false)
        .with_timer(Stamp)
        .log_internal_errors(false)
        .with_writer(Destinations { verbose })
        .try_init();
}

/// Keeps messages off stderr while it is the terminal on which the screen is drawn.
pub fn set_screen_in_use(is_drawn: bool) {
    SCREEN_IN_USE.store(is_drawn && stderr().is_terminal(), Ordering::Relaxed);
}

/// Logs why the kernel ended the scheduler, with its dump.
pub fn exit(exit: &Exit) {
    let dump = exit.dump.iter().map(|line| format!("\n    {line}"));
    error!("the kernel ended dualq: {exit}{}", dump.collect::<String>());
}

/// The time and the process of an entry.
struct Stamp;

impl FormatTime for Stamp {
    fn format_time(&self, to: &mut Writer<'_>) -> fmt::Result {
        let now = humantime::format_rfc3339_millis(SystemTime::now());
        write!(to, "{now} [{}]", std::process::id())
    }
}

/// Decides where a message goes.
struct Destinations {
    verbose: bool,
}

impl<'a> MakeWriter<'a> for Destinations {
    type Writer = Entry;

    fn make_writer(&'a self) -> Entry {
        Entry {
            log: true,
            aloud: self.verbose,
        }
    }

    fn make_writer_for(&'a self, message: &Metadata<'_>) -> Entry {
        Entry {
            log: *message.level() <= Level::WARN,
            aloud: self.verbose,
        }
    }
}

/// Writes one entry. Errors are ignored: a full disk is no reason to stop.
struct Entry {
    log: bool,
    aloud: bool,
}

impl Write for Entry {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.log {
            let _ = append(Path::new(PATH), text);
        }
        if self.aloud && !SCREEN_IN_USE.load(Ordering::Relaxed) {
            say(text);
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to stderr as much as there is room for: a reader that has stopped holds up nothing.
fn say(text: &[u8]) {
    let stderr = stderr();
    for piece in text.chunks(ONE_PIECE) {
        if unread::is_full(stderr.as_fd(), Duration::ZERO) {
            return;
        }
        let _ = (&stderr).write_all(piece);
    }
}

fn append(path: &Path, entry: &[u8]) -> io::Result<()> {
    let mut file = open(path)?;
    if file.metadata()?.len() > MOST_BYTES {
        fs::rename(path, path.with_extension("log.1"))?;
        file = open(path)?;
    }
    // One write, so that entries of two instances do not mix.
    file.write_all(entry)
}

/// Opens the log for root only, and never what somebody else has put in its place.
fn open(path: &Path) -> io::Result<File> {
    Ok(own::open_file(path, true)?)
}

/// Why nothing can be logged, if somebody else has put something in the log's place.
#[must_use]
pub fn fault() -> Option<String> {
    match own::is_own_file(Path::new(PATH)) {
        Err(own::FileFault::Foreign(why)) => Some(format!("{PATH} {why}")),
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
        let dump = vec![b'x'; 32 * 1024];
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
        assert!(append(&path, b"over it").is_err());
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
        std::thread::spawn(move || sender.send(append(&path, b"a line").is_err()));
        let refused = done.recv_timeout(std::time::Duration::from_secs(20));
        assert_eq!(refused, Ok(true), "it waits for a reader");
        fs::remove_dir_all(&dir).unwrap();
    }
}
