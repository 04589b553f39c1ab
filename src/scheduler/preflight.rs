//! Checks before loading, because the kernel's errors mislead: a kernel without sched_ext returns
//! "scx_bpf_create_dsq not found", a missing capability "Operation not permitted".

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use anyhow::{Result, bail};
use rustix::{
    process::Pid,
    thread::{CoreSchedulingScope, core_scheduling_cookie},
};

use super::finding::{Check, Finding};
use super::{limits, pins, sysfs};
use crate::kernel::types::{self, KernelTypes};
use crate::kernel::{load_fault, program};
use crate::model::ActiveScheduler;
use crate::refusal::{Refusal, Status};
use crate::sys::log;
use crate::sys::text::scrub;

/// The inode of the first pid namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h).
const FIRST_PID_NAMESPACE: u64 = 0xefff_fffc;
/// The inode of the first time namespace (PROC_TIME_INIT_INO).
const FIRST_TIME_NAMESPACE: u64 = 0xefff_fffa;

/// Effective capabilities by their numbers (include/uapi/linux/capability.h).
const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// Checks whether the scheduler can be started here.
///
/// # Errors
/// The first [`Refusal`] among the checks that `doctor` shows.
pub fn check() -> Result<()> {
    first_refusal(checks())
}

/// # Errors
/// The first refusal among these.
pub fn first_refusal(checks: impl IntoIterator<Item = Check>) -> Result<()> {
    for check in checks {
        if let Finding::Refused(refusal) = check.finding {
            bail!(refusal);
        }
    }
    Ok(())
}

/// Returns all preconditions of a start, in the order in which they would fail.
#[must_use]
pub fn checks() -> Vec<Check> {
    vec![
        Check {
            name: "mounts",
            finding: mounts(),
        },
        Check {
            name: "kernel",
            finding: kernel(),
        },
        Check {
            name: "types",
            finding: type_information(),
        },
        Check {
            name: "lockdown",
            finding: lockdown(),
        },
        Check {
            name: "isolcpus",
            finding: isolated_cpus(),
        },
        Check {
            name: "rights",
            finding: finding(rights(), "sufficient"),
        },
        Check {
            name: "bpf",
            finding: bpf(),
        },
        Check {
            name: "jit",
            finding: jit(),
        },
        Check {
            name: "cookies",
            finding: core_scheduling(),
        },
        Check {
            name: "namespace",
            finding: finding(in_first_pid_namespace(), "process ids are the kernel's"),
        },
        Check {
            name: "bpffs",
            finding: bpf_file_system(),
        },
        Check {
            name: "log",
            finding: match log::fault() {
                None => Finding::Fine(format!("{} is ours", log::PATH)),
                Some(why) => Finding::Lacking(format!(
                    "nothing can be logged: {why}; look who made it, then remove it"
                )),
            },
        },
        Check {
            name: "limits",
            finding: limits::finding(),
        },
        Check {
            name: "scheduler",
            finding: running(),
        },
    ]
}

fn finding(result: Result<()>, fine: &str) -> Finding {
    match result.map_err(anyhow::Error::downcast::<Refusal>) {
        Ok(()) => Finding::Fine(fine.to_owned()),
        Err(Ok(refusal)) => Finding::Refused(refusal),
        Err(Err(other)) => Finding::Lacking(format!("{other:#}")),
    }
}

fn refused(status: Status, sentence: impl Into<String>) -> Finding {
    Finding::Refused(Refusal::new(status, sentence))
}

/// include/uapi/linux/magic.h
const SYSFS_MAGIC: u64 = 0x6265_6572;
const PROC_SUPER_MAGIC: u64 = 0x9fa0;

/// Everything else is read there: what is hidden would look like what the kernel has not.
fn mounts() -> Finding {
    let is = |path: &str, magic: u64| {
        rustix::fs::statfs(path).is_ok_and(|fs| fs.f_type.cast_unsigned() == magic)
    };
    let cause = if !is("/proc", PROC_SUPER_MAGIC) {
        "/proc is not mounted here, or hidden: mount -t proc proc /proc"
    } else if !is("/sys", SYSFS_MAGIC) {
        "/sys is not mounted here, or hidden: mount -t sysfs sysfs /sys"
    } else if !is("/sys/kernel", SYSFS_MAGIC) {
        "/sys/kernel is hidden here, as in a container: run dualq-top outside it, or umount /sys/kernel"
    } else {
        return Finding::Fine("/proc and /sys show the kernel".to_owned());
    };
    refused(
        Status::KernelCannot,
        format!("cannot look at the kernel: {cause}"),
    )
}

fn kernel() -> Finding {
    let release = scrub(rustix::system::uname().release().to_bytes());
    if sysfs::has_sched_ext() {
        return Finding::Fine(format!("Linux {release} has sched_ext"));
    }
    if KernelTypes::read(Path::new(types::VMLINUX), &[], &[])
        .is_ok_and(|types| types.has_op("enqueue"))
    {
        return refused(
            Status::KernelCannot,
            format!(
                "cannot see sched_ext: Linux {release} has it, but /sys/kernel/sched_ext is hidden here, as in a container: run dualq-top outside it"
            ),
        );
    }
    refused(
        Status::KernelCannot,
        format!(
            "Linux {release} has no sched_ext: boot 6.12 or newer with CONFIG_SCHED_CLASS_EXT; or try `dualq-top replay`, or `make demo` in a virtual machine"
        ),
    )
}

/// Whether what there is of sched_ext can be seen at all.
///
/// # Errors
/// A [`Refusal`] where it is hidden, as in a container.
pub(super) fn shows_sched_ext() -> Result<()> {
    let check = |name, finding| Check { name, finding };
    first_refusal([check("mounts", mounts()), check("kernel", kernel())])
}

fn type_information() -> Finding {
    if Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Finding::Fine("the kernel has type information (BTF)".to_owned());
    }
    refused(
        Status::KernelCannot,
        "this kernel has no type information (BTF): boot one with CONFIG_DEBUG_INFO_BTF, or try `dualq-top replay` or `make demo`",
    )
}

/// The system call itself: with the rights held, only a filter refuses it.
fn bpf() -> Finding {
    // Without them it is refused for that, which is the better thing to say.
    let Err(error) = program::try_map() else {
        return Finding::Fine("the system call bpf() answers".to_owned());
    };
    if rights().is_err() {
        return Finding::Fine("not tried: capabilities are missing".to_owned());
    }
    let cause = match error.raw_os_error() {
        Some(EPERM | ENOSYS | EACCES) => {
            "a filter refuses it here (seccomp, as in containers and services, or a security module): allow bpf() there, or run dualq-top outside"
        }
        _ => "see `dmesg`",
    };
    refused(
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            Status::NotPermitted
        } else {
            Status::KernelCannot
        },
        format!("cannot use BPF: the system call bpf() fails ({error}): {cause}"),
    )
}

/// The kernel's numbers (include/uapi/asm-generic/errno-base.h, errno.h).
const EPERM: i32 = 1;
const EACCES: i32 = 13;
const ENOSYS: i32 = 38;

fn jit() -> Finding {
    if load_fault::jit_is_off() {
        return refused(
            Status::KernelCannot,
            format!("cannot load the scheduler: {}", load_fault::JIT_OFF),
        );
    }
    Finding::Fine("BPF programs are compiled".to_owned())
}

/// Tasks of one core run together only with those of the same cookie. That is kept, but in an order that is not
/// the scheduler's.
fn core_scheduling() -> Finding {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let ids = ids.filter_map(Pid::from_raw);
    // The kernel answers for one thread only (`sched_core_share_pid`, kernel/sched/core_sched.c).
    cookies(ids, |id| {
        core_scheduling_cookie(id, CoreSchedulingScope::Thread)
    })
}

/// Looks for a process that has a cookie, by what the kernel answers for each one.
fn cookies(
    ids: impl Iterator<Item = Pid>,
    cookie_of: impl Fn(Pid) -> rustix::io::Result<u64>,
) -> Finding {
    for id in ids {
        match cookie_of(id) {
            Ok(0) | Err(rustix::io::Errno::SRCH | rustix::io::Errno::PERM) => {}
            Ok(_) => {
                return Finding::Lacking(format!(
                    "core scheduling is in use (process {id} has a cookie): the CPUs of a core wait for each other, so that shares and waits differ; end what asked for it (PR_SCHED_CORE) to be without"
                ));
            }
            // This kernel or this machine has none.
            Err(_) => break,
        }
    }
    Finding::Fine("no process asked for core scheduling".to_owned())
}

fn lockdown() -> Finding {
    let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    if lockdown.contains("[confidentiality]") {
        return refused(
            Status::KernelCannot,
            "the kernel is locked down (confidentiality), which forbids BPF to read kernel memory: boot with lockdown=integrity or none",
        );
    }
    Finding::Fine("BPF may read the kernel's memory".to_owned())
}

/// Checks for isolated CPUs. The kernel returns EINVAL then, and has the reason only in its log.
fn isolated_cpus() -> Finding {
    let isolated = fs::read_to_string("/sys/devices/system/cpu/isolated").unwrap_or_default();
    let asked = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    if asked.contains("isolcpus=") && !isolated.trim().is_empty() {
        return refused(
            Status::KernelCannot,
            format!(
                "CPUs {} are isolated, and sched_ext does not work beside that: boot without isolcpus=",
                isolated.trim()
            ),
        );
    }
    Finding::Fine("no CPU is isolated".to_owned())
}

fn bpf_file_system() -> Finding {
    if let Some(obstacle) = pins::obstacle() {
        return Finding::Lacking(format!(
            "{obstacle}: the dashboard works, but scripts cannot reach it; run `{}`",
            obstacle.remedy()
        ));
    }
    let Err(error) = pins::usable() else {
        return Finding::Fine("mounted".to_owned());
    };
    match error.downcast_ref() {
        Some(pins::PinFault::Foreign(why)) => refused(Status::NotPermitted, why),
        // What that means is told by the check of rights.
        Some(pins::PinFault::NotPermitted) => Finding::Fine("mounted".to_owned()),
        _ => Finding::Lacking(format!("{error:#}")),
    }
}

fn running() -> Finding {
    match sysfs::active_scheduler() {
        ActiveScheduler::Other(name) => refused(
            Status::AnotherSchedulerRuns,
            format!("another scheduler runs ({name}): stop it first; dualq-top never evicts one"),
        ),
        ActiveScheduler::Dualq => Finding::Fine("dualq runs".to_owned()),
        _ => Finding::Fine("only the kernel's own".to_owned()),
    }
}

/// Checks the capabilities: loading needs CAP_BPF and CAP_PERFMON together, or CAP_SYS_ADMIN.
///
/// # Errors
/// A [`Refusal`] if they are missing.
pub fn rights() -> Result<()> {
    let held = held();
    let has = |cap: u32| held & (1 << cap) != 0;
    if has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON)) {
        return Ok(());
    }
    bail!(Refusal::new(
        Status::NotPermitted,
        "changing the scheduler needs root (or CAP_BPF with CAP_PERFMON): run this with sudo",
    ))
}

/// Returns true if this process may read other users' processes, even with `hidepid`.
#[must_use]
pub fn may_look_into_others() -> bool {
    held() & (1 << CAP_SYS_PTRACE) != 0
}

/// Of this thread: another may have given up its rights already. Not from /proc, which may be hidden.
fn held() -> u64 {
    rustix::thread::capabilities(None).map_or(0, |sets| sets.effective.bits())
}

/// Checks the pid namespace: process ids inside another one are not the kernel's.
///
/// # Errors
/// A [`Refusal`] inside a container with its own pid namespace.
pub fn in_first_pid_namespace() -> Result<()> {
    if fs::metadata("/proc/self/ns/pid").is_ok_and(|ns| ns.ino() != FIRST_PID_NAMESPACE) {
        bail!(Refusal::new(
            Status::NotPermitted,
            "process ids differ from the kernel's in this pid namespace: run dualq-top outside the container",
        ));
    }
    Ok(())
}

/// Start times seen inside another time namespace are shifted against the kernel's.
///
/// # Errors
/// If this process is inside another time namespace.
pub fn in_first_time_namespace() -> Result<()> {
    if fs::metadata("/proc/self/ns/time").is_ok_and(|ns| ns.ino() != FIRST_TIME_NAMESPACE) {
        bail!("start times differ from the kernel's in this time namespace");
    }
    Ok(())
}

pub(crate) fn effective(status: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rustix::{io::Errno, process::Pid};

    use super::{Finding, cookies, effective};

    /// The finding where the kernel gives these answers for the processes 1, 2 and so on.
    fn found(answers: &[Result<u64, Errno>]) -> Finding {
        let ids = (1..).filter_map(Pid::from_raw).take(answers.len());
        cookies(ids, |id| {
            answers[usize::try_from(id.as_raw_pid() - 1).unwrap()]
        })
    }

    #[test]
    fn core_scheduling_is_a_warning_that_names_the_process() {
        // One has ended, one belongs to another user.
        let answers = [
            Ok(0),
            Err(Errno::SRCH),
            Err(Errno::PERM),
            Ok(0xffff_8881),
            Ok(0),
        ];
        let Finding::Lacking(why) = found(&answers) else {
            panic!("no warning");
        };
        assert!(why.contains("process 4 has a cookie"), "{why}");
        let fine = |answers: &[_]| matches!(found(answers), Finding::Fine(_));
        assert!(fine(&answers[..3]));
        // Kernels without core scheduling, and machines whose cores have one thread each.
        assert!(fine(&[Err(Errno::INVAL), Ok(1)]));
        assert!(fine(&[Err(Errno::NODEV), Ok(1)]));
    }

    #[test]
    fn effective_capabilities_are_read_from_status() {
        assert_eq!(
            effective("Name:\tx\nCapPrm:\t0\nCapEff:\t000000c000200000\n"),
            0xc0_0020_0000
        );
        assert_eq!(effective("Name:\tx\n"), 0);
    }
}
