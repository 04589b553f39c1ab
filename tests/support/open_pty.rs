//! Opening a pseudo-terminal, for all tests that need one.

#![allow(clippy::expect_used)]

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Its two ends: where a person types and looks, and what a program takes for its terminal.
pub fn open_pty() -> (File, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .expect("devpts is mounted");
    grantpt(&master).expect("the terminal is ours");
    unlockpt(&master).expect("the terminal is ours");
    let master = File::from(master);
    let slave = open_slave(&master);
    (master, slave)
}

/// The program's end once more.
pub fn open_slave(master: &File) -> OwnedFd {
    let path = ptsname(master, Vec::new()).expect("it has a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).expect("it opens")
}
