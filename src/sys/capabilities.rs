//! Least privilege: drops the capabilities that were needed for loading and opening as soon as that is done.

#![forbid(unsafe_code)]

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs,
};
use tracing::trace;

/// The capabilities that are kept: to signal other users' processes, and to see them if `/proc` is mounted with
/// hidepid. Attaching, detaching and moving need none, because the descriptors are open.
const KEPT: CapabilitySet = CapabilitySet::KILL.union(CapabilitySet::SYS_PTRACE);

/// Drops all other capabilities of the calling thread, and of the threads and programs that it starts later.
/// Capabilities belong to a thread (capabilities(7)), so each thread that needs more at first calls this as
/// soon as it has opened everything.
///
/// # Errors
/// If the kernel refuses the system calls. It never refuses to drop capabilities.
pub fn drop_unneeded() -> io::Result<()> {
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
    trace!("dropped all capabilities of this thread but {KEPT:?}");
    Ok(())
}
