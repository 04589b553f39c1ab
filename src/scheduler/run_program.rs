use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

use libbpf_rs::libbpf_sys;

/// Runs a BPF program of type SYSCALL once, with `context` as its argument, and gives its answer.
/// libbpf-rs can do so only for programs of an object that this process loaded; ours are pinned.
///
/// # Errors
/// The system call's own: EPERM without the rights to use BPF.
#[allow(unsafe_code)]
pub fn run_program(program: BorrowedFd<'_>, context: &mut [u8]) -> io::Result<i32> {
    let mut options = libbpf_sys::bpf_test_run_opts {
        sz: size_of::<libbpf_sys::bpf_test_run_opts>() as _,
        ctx_in: context.as_ptr().cast(),
        ctx_size_in: u32::try_from(context.len()).map_err(io::Error::other)?,
        ..Default::default()
    };
    // SAFETY: the context outlives the call, its length is given, and `sz` tells the library which
    // version of the options it gets.
    let error = unsafe { libbpf_sys::bpf_prog_test_run_opts(program.as_raw_fd(), &mut options) };
    if error < 0 {
        return Err(io::Error::from_raw_os_error(-error));
    }
    Ok(options.retval.cast_signed())
}
