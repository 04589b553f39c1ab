//! Reads all processes one by one from `/proc/PID/stat`, for users who may not load the BPF iterator.
//! Nothing is allocated per process.

use std::fmt::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags, RawDir, openat};
use rustix::io::Errno;

use super::sample::{ProcessSample, without_work};
use crate::model::ProcessId;

/// The length of a tick of `/proc/PID/stat`: USER_HZ is 100 on all architectures.
const TICK: Duration = Duration::from_millis(10);
/// More bytes than a line of `stat` can have: 52 numbers and a name.
const LONGEST: usize = 2048;

/// The root of a process file system, with buffers for reading.
pub struct Proc {
    root: OwnedFd,
    path: String,
    entries: Vec<u8>,
    line: Vec<u8>,
}

impl Proc {
    /// # Errors
    /// If there is no such directory.
    pub fn new(root: &Path) -> std::io::Result<Self> {
        Ok(Self {
            root: openat(
                CWD,
                root,
                OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
                Mode::empty(),
            )?,
            path: String::new(),
            entries: Vec::with_capacity(32 * 1024),
            line: vec![0; LONGEST],
        })
    }

    /// Returns every process, in order of ids. Processes that end meanwhile are left out.
    pub fn read(&mut self, each: &mut dyn FnMut(&ProcessSample<'_>)) -> std::io::Result<()> {
        // Opened each time: a directory stream is read once.
        let directory = openat(
            &self.root,
            c".",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let mut entries = std::mem::take(&mut self.entries);
        let mut names = RawDir::new(directory, entries.spare_capacity_mut());
        while let Some(entry) = names.next() {
            let name = match entry {
                Ok(entry) => number(entry.file_name().to_bytes()),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if let Some(pid) = name
                && let Some(line) = self.file(pid, "stat")
                && let Some(seen) = parse(line)
            {
                each(&seen);
            }
        }
        self.entries = entries;
        Ok(())
    }

    /// Returns the beginning of a small file of a process; `None` if the process has ended or the file may not
    /// be read.
    pub fn file(&mut self, pid: u32, name: &str) -> Option<&[u8]> {
        self.path.clear();
        write!(self.path, "{pid}/{name}").ok()?;
        let file = openat(
            &self.root,
            self.path.as_str(),
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .ok()?;
        // The kernel generates these files for each reader, whole in one read.
        let length = rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut *self.line)).ok()?;
        Some(&self.line[..length])
    }

    /// Returns the owner: the effective user id, which the kernel checks.
    pub fn owner(&mut self, pid: u32) -> Option<u32> {
        self.path.clear();
        write!(self.path, "{pid}").ok()?;
        let status =
            rustix::fs::statat(&self.root, self.path.as_str(), rustix::fs::AtFlags::empty());
        status.ok().map(|status| status.st_uid)
    }
}

fn number(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0_u32, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Parses the fields of `stat`, numbered as in proc(5). The second one, the name, may contain spaces,
/// parentheses and line breaks; it ends at the last parenthesis.
pub fn parse(line: &[u8]) -> Option<ProcessSample<'_>> {
    let open = line.iter().position(|&byte| byte == b'(')?;
    let close = line.iter().rposition(|&byte| byte == b')')?;
    let pid = number(line.get(..open)?.trim_ascii())?;
    let comm = line.get(open + 1..close)?;
    let rest = line.get(close + 1..)?.trim_ascii();
    let mut fields = rest.split(|&byte| byte == b' ');
    let state = char::from(*fields.next()?.first()?);
    let mut at = 3;
    let mut field = |wanted: usize| {
        let skipped = wanted - at - 1;
        at = wanted;
        long(fields.nth(skipped)?)
    };
    let parent = u32::try_from(field(4)?).ok()?;
    let flags = u32::try_from(field(9)?).ok()?;
    let (user, system) = (field(14)?, field(15)?);
    let threads = u32::try_from(field(20)?).ok()?;
    let start_ticks = field(22)?;
    // A kernel that is older than the field, or an incomplete line, has none.
    let policy = field(41).unwrap_or(0);
    let ticks = u32::try_from(user.saturating_add(system)).unwrap_or(u32::MAX);
    let mut seen = ProcessSample {
        id: ProcessId { pid, start_ticks },
        parent,
        uid: None,
        threads,
        flags,
        state,
        cpu_time: TICK.saturating_mul(ticks),
        uncertain: false,
        policy: u32::try_from(policy).unwrap_or(0),
        execs: 0,
        comm,
    };
    if seen.is_queue_worker() {
        seen.comm = without_work(comm);
    }
    Some(seen)
}

fn long(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_what_it_likes() {
        let name = b") R 1 (\n\xff";
        let mut line = b"42 (".to_vec();
        line.extend_from_slice(name);
        line.extend_from_slice(b") S 7 1 1 0 -1 4194304 1 2 3 4 11 31 0 0 20 0 5 0 777 1 2");
        let seen = parse(&line).unwrap();
        assert_eq!(seen.id.pid, 42);
        assert_eq!(seen.comm, name);
        assert_eq!((seen.state, seen.parent), ('S', 7));
        assert_eq!((seen.threads, seen.id.start_ticks), (5, 777));
        assert_eq!(seen.cpu_time, Duration::from_millis(420));
    }

    #[test]
    fn a_line_that_is_cut_short_is_no_process() {
        let line = b"42 (sh) S 7 1 1 0 -1 4194304 1 2 3 4 11 31 0 0 20 0 5 0 777 1 2";
        for end in 0..line.len() - 7 {
            assert_eq!(parse(&line[..end]), None, "{end}");
        }
    }

    #[test]
    fn a_line_is_read_whatever_its_name_and_however_short_it_is() {
        let line = b"7 (a) R (b\xff) S 1 2 3 4 5 6 7 8 9 10 300 4 0 0 20 0 1 0 77 0 0";
        let stat = parse(line).unwrap();
        assert_eq!((stat.comm, stat.state), (&b"a) R (b\xff"[..], 'S'));
        assert_eq!(stat.cpu_time, Duration::from_millis(3040));
        assert_eq!(stat.id.start_ticks, 77);
        for end in 0..line.len() - 6 {
            assert!(parse(&line[..end]).is_none(), "{end}");
        }
    }
}
