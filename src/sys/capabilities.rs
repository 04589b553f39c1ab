//! Least rights: what was needed to load and open is given up as soon as that is done.

#![forbid(unsafe_code)]

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs,
};

/// Signals to other users' processes, and their entries where `/proc` is mounted with hidepid.
/// Attaching, detaching and moving ask for no capability: the descriptors are enough.
const KEPT: CapabilitySet = CapabilitySet::KILL.union(CapabilitySet::SYS_PTRACE);

/// Gives up all other capabilities of the calling thread, and of the threads and programs that it
/// starts from now on. Those of a process differ from thread to thread (capabilities(7)), so each
/// thread that needs more at first calls this when it has what it needs.
///
/// # Errors
/// Where the kernel refuses the system calls; it never does to have less.
pub fn give_up() -> io::Result<()> {
    let have = capabilities(None)?;
    set_no_new_privs(true)?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: have.effective & KEPT,
            permitted: have.permitted & KEPT,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}
