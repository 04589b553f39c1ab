//! The names under `/sys/fs/bpf/dualq/`, through which other instances and scripts reach the running
//! scheduler. The kernel creates pins with mode 0600, owned by root; the mode is never widened.

use std::{
    ffi::CString,
    fmt, io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use libbpf_rs::{Link, MapHandle, Program, libbpf_sys};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, statat, unlinkat};
use rustix::io::Errno;
use tracing::trace;

use crate::sys::own;

const BPFFS: &str = "/sys/fs/bpf";
const DIR: &str = "/sys/fs/bpf/dualq";
/// The folder's name in that file system.
const NAME: &str = "dualq";

/// The map of members: `priority_pids_map`.
pub const MEMBERS: &str = "priority_pids_map";
/// The map of counters: `queue_stats`.
pub const COUNTERS: &str = "queue_stats";
/// The map of the program's own processes.
pub const OWN: &str = "own_pids";
/// The map with the reason why the kernel ended the scheduler.
pub const EXIT: &str = "exit_record";
/// The map with the owner's record.
pub const OWNER: &str = "owner";
/// Pinned only to keep the timers running: the kernel stops a timer with the last reference to its map.
pub const TIMER: &str = "overdue_timer";
/// The program that changes a membership.
pub const CHANGE: &str = "change";
/// The program that moves queued and running tasks after a change.
pub const RECLASSIFY: &str = "reclassify";
/// The program that reads and changes the tunables.
pub const TUNE: &str = "tune";
/// The map of the trace: a ring of events for each CPU.
pub const TRACE_RINGS: &str = "trace_rings";
/// The program that turns tracing on for a while.
pub const TRACE: &str = "trace";
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

/// The map of the wait instrument: histograms per CPU.
pub const WAIT_HISTOGRAMS: &str = "wait_histograms";
/// The map of waits of single processes.
pub const WAIT_PROCESSES: &str = "wait_processes";
/// The map through which user space controls the instrument.
pub const WAIT_CONTROL: &str = "wait_control";
/// The instrument's programs.
pub const WAIT_PROGRAMS: [&str; 3] = ["waits_waking", "waits_wakeup_new", "waits_switch"];
/// The links that keep the instrument measuring, which exist only with `--stay`.
pub const WAIT_LINKS: [&str; 3] = ["waking_link", "wakeup_new_link", "switch_link"];

const ALL: [&str; 28] = [
    MEMBERS,
    COUNTERS,
    OWN,
    EXIT,
    OWNER,
    TIMER,
    CHANGE,
    RECLASSIFY,
    TUNE,
    TRACE_RINGS,
    TRACE,
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

/// Why no pin can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no BPF file system.
    NotMounted,
    /// There is one that cannot be written.
    ReadOnly,
}

impl Obstacle {
    /// Returns the command that mends it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NotMounted => "mount -t bpf bpf /sys/fs/bpf",
            Self::ReadOnly => "mount -o remount,rw /sys/fs/bpf",
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotMounted => "no BPF file system is mounted",
            Self::ReadOnly => "the BPF file system is mounted read-only",
        })
    }
}

/// Returns what keeps pins from being made; `None` where nothing does.
#[must_use]
pub fn obstacle() -> Option<Obstacle> {
    // include/uapi/linux/magic.h: BPF_FS_MAGIC
    if !rustix::fs::statfs(BPFFS).is_ok_and(|fs| fs.f_type.cast_unsigned() == 0xcafe_4a11) {
        return Some(Obstacle::NotMounted);
    }
    let flags = rustix::fs::statvfs(BPFFS).map(|fs| fs.f_flag);
    flags
        .is_ok_and(|flags| flags.contains(rustix::fs::StatVfsMountFlags::RDONLY))
        .then_some(Obstacle::ReadOnly)
}

/// Why the pins cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinFault {
    /// There is no BPF file system.
    NotMounted,
    /// There is one, without a folder of ours.
    NoFolder,
    /// The folder lacks this pin.
    NoPin(&'static str),
    /// The folder is another user's to look into.
    NotPermitted,
    /// Somebody else has, or had, a hand in the folder: what it is, as a sentence with the remedy.
    Foreign(String),
}

impl fmt::Display for PinFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMounted => write!(f, "no BPF file system is mounted at {BPFFS}"),
            Self::NoFolder => write!(f, "there is no {DIR}"),
            Self::NoPin(name) => write!(f, "{DIR} lacks {name}"),
            Self::NotPermitted => write!(f, "{DIR} is another user's"),
            Self::Foreign(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for PinFault {}

/// The folder of the pins, and the BPF file system that it is in.
struct Folder {
    parent: OwnedFd,
    folder: OwnedFd,
}

/// Opens the folder, if it is ours: in a BPF file system that leaves it in its place, a folder and no link,
/// this user's or root's, closed to others. The kernel's own mount of that file system is open to
/// everybody, so that another user can have made it before us. Once it is ours it stays so.
fn open() -> Result<Folder> {
    let parent = open_parent()?;
    let folder = match openat(
        &parent,
        NAME,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    ) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => bail!(PinFault::NoFolder),
        Err(Errno::LOOP | Errno::NOTDIR) => bail!(foreign(DIR, "is a link or a file")),
        Err(Errno::ACCESS) => {
            let owner = statat(&parent, NAME, AtFlags::SYMLINK_NOFOLLOW)?.st_uid;
            if owner == 0 || !rustix::process::geteuid().is_root() {
                bail!(PinFault::NotPermitted);
            }
            bail!(foreign(DIR, &format!("belongs to user {owner}")));
        }
        Err(error) => return Err(error).context(format!("cannot open {DIR}")),
    };
    own::is_private_folder(&folder).map_err(|fault| explain(DIR, fault))?;
    Ok(Folder { parent, folder })
}

fn open_parent() -> Result<OwnedFd> {
    if obstacle() == Some(Obstacle::NotMounted) {
        bail!(PinFault::NotMounted);
    }
    let parent = openat(
        CWD,
        BPFFS,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .with_context(|| format!("cannot open {BPFFS}"))?;
    own::keeps_what_is_made_in_it(&parent).map_err(|fault| explain(BPFFS, fault))?;
    Ok(parent)
}

fn explain(path: &str, fault: own::FileFault) -> anyhow::Error {
    match fault {
        own::FileFault::Foreign(why) => foreign(path, &why).into(),
        own::FileFault::Io(error) => {
            anyhow::Error::from(error).context(format!("cannot look at {path}"))
        }
    }
}

fn foreign(path: &str, why: &str) -> PinFault {
    let remedy = if path == DIR {
        "remove it (rm -r) if none of your schedulers runs, then try again"
    } else {
        "mount it for root alone (mount -o remount,mode=0700)"
    };
    PinFault::Foreign(format!(
        "cannot use {path}: it {why}, so others could end or hide a scheduler; {remedy}"
    ))
}

/// Looks whether pins can be made and found here.
///
/// # Errors
/// A [`PinFault`], other than that there are none yet.
pub fn usable() -> Result<()> {
    match open() {
        Err(error) if !matches!(error.downcast_ref(), Some(PinFault::NoFolder)) => Err(error),
        _ => Ok(()),
    }
}

/// Makes the folder, for this user alone, or takes the one that is there.
///
/// # Errors
/// A [`PinFault`] where that one is not ours; otherwise the file system's own.
pub fn create_dir() -> Result<()> {
    match mkdirat(open_parent()?, NAME, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => open().map(drop),
        Err(error) => Err(error.into()),
    }
}

/// Opens a pinned map.
///
/// # Errors
/// A [`PinFault`]; otherwise the kernel's own.
pub fn map(name: &'static str) -> Result<MapHandle> {
    let _ours = open()?;
    MapHandle::from_pinned_path(path(name)).map_err(|error| opening(name, error))
}

/// Opens a pinned program.
///
/// # Errors
/// As [`map`].
pub fn program(name: &'static str) -> Result<OwnedFd> {
    let _ours = open()?;
    Program::fd_from_pinned_path(path(name)).map_err(|error| opening(name, error))
}

/// Opens a pinned link.
///
/// # Errors
/// As [`map`].
pub fn link(name: &'static str) -> Result<Link> {
    let _ours = open()?;
    Link::open(path(name)).map_err(|error| opening(name, error))
}

/// Nobody else can put another folder in the place of one that is ours, so its path leads to it.
fn path(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

fn opening(name: &'static str, error: libbpf_rs::Error) -> anyhow::Error {
    match error.kind() {
        libbpf_rs::ErrorKind::NotFound => PinFault::NoPin(name).into(),
        libbpf_rs::ErrorKind::PermissionDenied => PinFault::NotPermitted.into(),
        _ => anyhow::Error::from(error).context(format!("cannot open the pin {name}")),
    }
}

/// Pins a map, a program or a link. libbpf's objects are not used because they pin each only once, even if
/// another instance has removed the pin since.
///
/// # Errors
/// A [`PinFault`]; otherwise the file system's own.
#[allow(unsafe_code)]
pub fn pin(object: BorrowedFd<'_>, name: &str) -> Result<()> {
    let Folder { folder, .. } = open()?;
    let name_in_c = CString::new(name)?;
    let options = libbpf_sys::bpf_obj_pin_opts {
        sz: size_of::<libbpf_sys::bpf_obj_pin_opts>() as _,
        file_flags: libbpf_sys::BPF_F_PATH_FD,
        path_fd: folder.as_raw_fd(),
    };
    // SAFETY: the name is a C string that outlives the call, the folder is open for as long, and `sz` tells
    // the library which version of the options it gets.
    let error = unsafe {
        libbpf_sys::bpf_obj_pin_opts(object.as_raw_fd(), name_in_c.as_ptr(), &raw const options)
    };
    if error < 0 {
        return Err(io::Error::from_raw_os_error(-error))
            .with_context(|| format!("cannot pin {name}"));
    }
    trace!("pinned {name}");
    Ok(())
}

/// Removes every pin of ours, and the folder if nothing else is in it. What is not there is no
/// error: two instances may clean up at the same time. A folder that is not ours stays as it is.
pub fn remove_all() {
    let Ok(ours) = open() else { return };
    remove_from(&ours, &ALL);
    let _ = unlinkat(&ours.parent, NAME, AtFlags::REMOVEDIR);
}

/// Removes these pins if they exist.
pub fn remove(names: &[&str]) {
    if let Ok(ours) = open() {
        remove_from(&ours, names);
    }
}

fn remove_from(ours: &Folder, names: &[&str]) {
    for name in names {
        let result = unlinkat(&ours.folder, *name, AtFlags::empty());
        trace!(name, ?result, "removed a pin");
    }
}

/// Removes the pin that keeps a scheduler which was asked to stay.
///
/// # Errors
/// A [`PinFault`]; otherwise the file system's own.
pub fn remove_link() -> Result<()> {
    unlinkat(&open()?.folder, LINK, AtFlags::empty())
        .with_context(|| format!("cannot remove {DIR}/{LINK}"))
}
