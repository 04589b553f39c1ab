//! The kernel's log, as it is written.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;

/// Kernel messages that vm/test takes for a failure as well.
const COMPLAINTS: [&str; 5] = ["WARNING:", "BUG:", "Oops", "lockup", "Kernel panic"];

/// All that is written from now on.
pub struct KernelLog(File);

impl KernelLog {
    pub fn from_now() -> Self {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(libc::O_NONBLOCK);
        let mut file = options.open("/dev/kmsg").expect("it is root");
        file.seek(SeekFrom::End(0)).expect("it can be skipped");
        Self(file)
    }

    /// The complaints since the last look; any word about sched_ext is one, since nobody attaches or
    /// detaches meanwhile.
    pub fn complaints(&mut self) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut record = [0; 8192];
        loop {
            match self.0.read(&mut record) {
                Ok(length) => {
                    let text = String::from_utf8_lossy(&record[..length]);
                    // Its number and time come before the semicolon.
                    let line = text.split_once(';').map_or(&*text, |(_, line)| line);
                    if is_complaint(line) {
                        complaints.push(line.trim_end().to_owned());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return complaints,
                // More was written than it keeps, or a signal came.
                Err(error)
                    if [libc::EPIPE, libc::EINTR]
                        .map(Some)
                        .contains(&error.raw_os_error()) => {}
                Err(error) => panic!("/dev/kmsg: {error}"),
            }
        }
    }
}

fn is_complaint(line: &str) -> bool {
    !line.starts_with(MARK)
        && (COMPLAINTS.iter().any(|word| line.contains(word))
            || (line.contains("sched_ext:") && !line.contains("\" enabled"))
            || (line.contains("rcu") && line.contains("stall")))
}

/// The prefix of the lines that vm/stress makes its table of.
const MARK: &str = "stress|";

/// Writes a line for vm/stress: the log gets out of the machine even if that dies.
pub fn say(line: &str) {
    println!("{line}");
    // A record longer than the kernel takes is refused whole.
    let line: String = line.replace('\n', " ").chars().take(800).collect();
    let written = OpenOptions::new()
        .write(true)
        .open("/dev/kmsg")
        .and_then(|mut log| log.write_all(format!("<5>{MARK} {line}\n").as_bytes()));
    written.expect("it is root");
}
