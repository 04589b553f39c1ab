//! Output that nobody reads: a pipe that is full, a terminal that is stopped.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Returns whether there is no room for a line, not even after this time.
#[must_use]
pub fn is_full(stream: BorrowedFd<'_>, patience: Duration) -> bool {
    let mut watched = [PollFd::from_borrowed_fd(stream, PollFlags::OUT)];
    let patience = Timespec::try_from(patience).unwrap_or_default();
    poll(&mut watched, Some(&patience)) == Ok(0)
}
