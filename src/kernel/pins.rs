//! The names under `/sys/fs/bpf/dualq/`, through which other instances and scripts reach the running
//! scheduler. The kernel creates pins with mode 0600, owned by root; the mode is never widened.

use std::{
    ffi::CString,
    fs, io,
    os::{
        fd::{AsRawFd, BorrowedFd},
        unix::{ffi::OsStrExt, fs::DirBuilderExt},
    },
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use libbpf_rs::libbpf_sys;

const BPFFS: &str = "/sys/fs/bpf";
const DIR: &str = "/sys/fs/bpf/dualq";

pub const MEMBERS: &str = "priority_pids_map";
pub const COUNTERS: &str = "queue_stats";
pub const OWN: &str = "own_pids";
pub const EXIT: &str = "exit_record";
pub const OWNER: &str = "owner";
/// Pinned only to keep the timers running: the kernel stops a timer with the last reference to its map.
pub const TIMER: &str = "overdue_timer";
pub const CHANGE: &str = "change";
pub const RECLASSIFY: &str = "reclassify";
/// The link of the scheduler itself, which exists only with `--stay`.
pub const LINK: &str = "link";
/// The programs that track the creation and the end of processes, for standby instances.
pub const NOTICING: [&str; 2] = ["process_exit", "newtask"];
/// The links of the tracing programs, which also exist only with `--stay`.
pub const SIDE_LINKS: [&str; 5] = [
    "process_exit_link",
    "newtask_link",
    "cpu_leaves_link",
    "cpu_stays_link",
    "sched_switch_link",
];

/// The wait instrument's maps and programs.
pub const WAIT_HISTOGRAMS: &str = "wait_histograms";
pub const WAIT_PROCESSES: &str = "wait_processes";
pub const WAIT_CONTROL: &str = "wait_control";
pub const WAIT_PROGRAMS: [&str; 3] = ["waits_waking", "waits_wakeup_new", "waits_switch"];
/// The links that keep the instrument measuring, which exist only with `--stay`.
pub const WAIT_LINKS: [&str; 3] = ["waking_link", "wakeup_new_link", "switch_link"];

const ALL: [&str; 25] = [
    MEMBERS,
    COUNTERS,
    OWN,
    EXIT,
    OWNER,
    TIMER,
    CHANGE,
    RECLASSIFY,
    LINK,
    NOTICING[0],
    NOTICING[1],
    SIDE_LINKS[0],
    SIDE_LINKS[1],
    SIDE_LINKS[2],
    SIDE_LINKS[3],
    SIDE_LINKS[4],
    WAIT_HISTOGRAMS,
    WAIT_PROCESSES,
    WAIT_CONTROL,
    WAIT_PROGRAMS[0],
    WAIT_PROGRAMS[1],
    WAIT_PROGRAMS[2],
    WAIT_LINKS[0],
    WAIT_LINKS[1],
    WAIT_LINKS[2],
];

#[must_use]
pub fn path(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

/// Returns true if a BPF file system is mounted at the place of the pins.
#[must_use]
pub fn mounted() -> bool {
    // include/uapi/linux/magic.h: BPF_FS_MAGIC
    rustix::fs::statfs(BPFFS).is_ok_and(|fs| fs.f_type as u64 == 0xcafe_4a11)
}

/// Creates the directory, accessible to root only.
///
/// # Errors
/// The file system's error.
pub fn create_dir() -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(DIR) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Pins a map, a program or a link. libbpf's objects are not used because they pin each only once, even if
/// another instance has removed the pin since.
///
/// # Errors
/// The file system's error.
#[allow(unsafe_code)]
pub fn pin(object: BorrowedFd<'_>, name: &str) -> Result<()> {
    let path = CString::new(path(name).as_os_str().as_bytes())?;
    // SAFETY: the path is a C string that outlives the call.
    let error = unsafe { libbpf_sys::bpf_obj_pin(object.as_raw_fd(), path.as_ptr()) };
    if error < 0 {
        return Err(io::Error::from_raw_os_error(-error))
            .with_context(|| format!("cannot pin {name}"));
    }
    Ok(())
}

/// Removes all our pins, and the directory if it is then empty. A missing pin is no error: two instances may
/// clean up at the same time.
pub fn remove_all() {
    remove(&ALL);
    let _ = fs::remove_dir(DIR);
}

/// Removes these pins if they exist.
pub fn remove(names: &[&str]) {
    for name in names {
        let _ = fs::remove_file(path(name));
    }
}
