//! Opening a pseudo-terminal, for all tests that need one.

#![allow(clippy::expect_used)]

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Opens a pseudo-terminal of this size. Returns its two ends: where a person types and looks, and what a program
/// takes for its terminal.
pub fn open_pty(rows: u16, columns: u16) -> (File, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .expect("devpts is mounted");
    grantpt(&master).expect("the terminal is ours");
    unlockpt(&master).expect("the terminal is ours");
    let master = File::from(master);
    let slave = open_slave(&master);
    set_size(&slave, rows, columns);
    (master, slave)
}

/// Sets the size of a terminal, in cells.
pub fn set_size(terminal: &impl AsFd, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).expect("it is a terminal");
}

/// The program's end once more.
pub fn open_slave(master: &File) -> OwnedFd {
    let path = ptsname(master, Vec::new()).expect("it has a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).expect("it opens")
}
