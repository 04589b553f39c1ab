//! What is looked at before loading, since the kernel's own errors mislead: a kernel without
//! sched_ext answers "scx_bpf_create_dsq not found", a refused right "Operation not permitted".

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use anyhow::{Result, bail};

use super::sysfs;
use crate::model::Ruler;
use crate::refusal::{Refusal, Status};

/// The inode of the first pid namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h).
const FIRST_PID_NAMESPACE: u64 = 0xefff_fffc;

/// Effective capabilities by their numbers (include/uapi/linux/capability.h).
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// May a scheduler of ours be started here?
///
/// # Errors
/// A [`Refusal`] with what is missing and the remedy.
pub fn check() -> Result<()> {
    if !sysfs::has_sched_ext() {
        bail!(Refusal::new(
            Status::KernelCannot,
            "this kernel has no sched_ext (CONFIG_SCHED_CLASS_EXT, Linux 6.12 or newer): `make demo` runs one that has, in a virtual machine",
        ));
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        bail!(Refusal::new(
            Status::KernelCannot,
            "this kernel carries no type information (CONFIG_DEBUG_INFO_BTF): boot one that does, or try `make demo`",
        ));
    }
    rights()?;
    in_first_pid_namespace()?;
    if let Ruler::Other(name) = sysfs::ruler() {
        bail!(Refusal::new(
            Status::AnotherSchedulerRuns,
            format!("another scheduler runs ({name}): stop it first; dualq-top never evicts one"),
        ));
    }
    Ok(())
}

/// Loading needs CAP_BPF and CAP_PERFMON together, or CAP_SYS_ADMIN.
///
/// # Errors
/// A [`Refusal`] where neither is held.
pub fn rights() -> Result<()> {
    let held = fs::read_to_string("/proc/self/status").map_or(0, |status| effective(&status));
    let has = |cap: u32| held & (1 << cap) != 0;
    if has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON)) {
        return Ok(());
    }
    bail!(Refusal::new(
        Status::NotPermitted,
        "changing the scheduler needs root (or CAP_BPF with CAP_PERFMON): run this with sudo",
    ))
}

/// Process ids seen inside another pid namespace are not the kernel's.
///
/// # Errors
/// A [`Refusal`] inside a container with process ids of its own.
pub fn in_first_pid_namespace() -> Result<()> {
    if fs::metadata("/proc/self/ns/pid").is_ok_and(|ns| ns.ino() != FIRST_PID_NAMESPACE) {
        bail!(Refusal::new(
            Status::NotPermitted,
            "process ids in here are not the kernel's (a pid namespace): run dualq-top outside the container",
        ));
    }
    Ok(())
}

fn effective(status: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::effective;

    #[test]
    fn effective_capabilities_are_read_from_status() {
        assert_eq!(
            effective("Name:\tx\nCapPrm:\t0\nCapEff:\t000000c000200000\n"),
            0xc0_0020_0000
        );
        assert_eq!(effective("Name:\tx\n"), 0);
    }
}
