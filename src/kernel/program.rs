//! Runs and attaches BPF programs by their descriptors. libbpf-rs does so only for programs of an object that
//! this process has loaded and keeps open; ours are pinned, or their object is closed.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    ptr,
};

use libbpf_rs::libbpf_sys;

/// Runs a program of type SYSCALL once with `context` as its argument, and returns its result.
///
/// # Errors
/// The system call's error: EPERM without the capabilities for BPF.
#[allow(unsafe_code)]
pub fn run(program: BorrowedFd<'_>, context: &mut [u8]) -> io::Result<i32> {
    let mut options = libbpf_sys::bpf_test_run_opts {
        sz: size_of::<libbpf_sys::bpf_test_run_opts>() as _,
        ctx_in: context.as_ptr().cast(),
        ctx_size_in: u32::try_from(context.len()).map_err(io::Error::other)?,
        ..Default::default()
    };
    // SAFETY: the context outlives the call, its length is given, and `sz` tells the library which
    // version of the options it gets.
    let error =
        unsafe { libbpf_sys::bpf_prog_test_run_opts(program.as_raw_fd(), &raw mut options) };
    if error < 0 {
        return Err(io::Error::from_raw_os_error(-error));
    }
    Ok(options.retval.cast_signed())
}

/// Attaches a program of type `tp_btf` to its tracepoint, until the link is dropped. Needs no capability.
///
/// # Errors
/// The system call's error.
#[allow(unsafe_code)]
pub fn attach(program: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: such a program knows its tracepoint: there is no name to give.
    owned(unsafe { libbpf_sys::bpf_raw_tracepoint_open(ptr::null(), program.as_raw_fd()) })
}

/// Makes the kernel count the run time of programs, until the result is dropped.
///
/// # Errors
/// EPERM without the capability for it.
#[allow(unsafe_code)]
pub fn count_run_times() -> io::Result<OwnedFd> {
    // SAFETY: takes a number and gives a descriptor.
    owned(unsafe { libbpf_sys::bpf_enable_stats(libbpf_sys::BPF_STATS_RUN_TIME) })
}

/// Returns how often a program ran, and its run time in nanoseconds, as far as the kernel counted them.
#[must_use]
pub fn run_time(program: BorrowedFd<'_>) -> Option<(u64, u64)> {
    let info = info(program)?;
    Some((info.run_cnt, info.run_time_ns))
}

/// Returns the number of instructions that the verifier processed for a program; 0 if the kernel does not report it.
#[must_use]
pub fn verified_instructions(program: BorrowedFd<'_>) -> u32 {
    info(program).map_or(0, |info| info.verified_insns)
}

#[allow(unsafe_code)]
fn info(program: BorrowedFd<'_>) -> Option<libbpf_sys::bpf_prog_info> {
    let mut info = libbpf_sys::bpf_prog_info::default();
    let mut size = u32::try_from(size_of_val(&info)).ok()?;
    // SAFETY: the kernel writes at most `size` bytes, which is what `info` has; zeros in it ask for
    // nothing to be written elsewhere.
    let error = unsafe {
        libbpf_sys::bpf_prog_get_info_by_fd(program.as_raw_fd(), &raw mut info, &raw mut size)
    };
    (error == 0).then_some(info)
}

/// Whether bpf() does anything at all here: makes a map of one number and lets go of it.
///
/// # Errors
/// The system call's own.
#[allow(unsafe_code)]
pub fn try_map() -> io::Result<()> {
    // SAFETY: no name and no options are given, which the library allows.
    let map = unsafe {
        libbpf_sys::bpf_map_create(
            libbpf_sys::BPF_MAP_TYPE_ARRAY,
            ptr::null(),
            4,
            4,
            1,
            ptr::null(),
        )
    };
    owned(map).map(drop)
}

#[allow(unsafe_code)]
fn owned(fd: i32) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(-fd));
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
