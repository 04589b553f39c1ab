//! Memory that a map shares with this process, for reading what programs write there.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The values of a map, one after the other, read only.
pub(crate) struct Mapped {
    begin: NonNull<libc::c_void>,
    length: usize,
}

// SAFETY: it is only read, by volatile and atomic loads, and stays mapped until it is dropped.
unsafe impl Send for Mapped {}

impl Mapped {
    /// Maps the first `length` bytes of a map that allows it (`BPF_F_MMAPABLE`).
    ///
    /// # Errors
    /// The system call's error.
    pub(crate) fn read_only(map: BorrowedFd<'_>, length: usize) -> io::Result<Self> {
        // SAFETY: the kernel chooses a place where nothing is, and the descriptor is open.
        let begin = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ,
                libc::MAP_SHARED,
                map.as_raw_fd(),
                0,
            )
        };
        if begin == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let begin = NonNull::new(begin).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { begin, length })
    }

    /// Reads a number that a program exchanges after it has written what the number counts: that is seen then.
    /// 0 outside of the memory.
    pub(crate) fn number(&self, at: usize) -> u64 {
        if !at.is_multiple_of(8) || at + 8 > self.length {
            return 0;
        }
        // SAFETY: it lies in the memory, which begins at a page, and is aligned.
        let number = unsafe { AtomicU64::from_ptr(self.begin.as_ptr().byte_add(at).cast()) };
        number.load(Ordering::Acquire)
    }

    /// Copies bytes that a program may be writing at the same time. Afterwards the caller reads the program's count, which
    /// tells whether they are whole. Nothing outside of the memory is copied.
    pub(crate) fn copy(&self, at: usize, to: &mut [u8]) {
        if at + to.len() > self.length {
            return;
        }
        for (index, byte) in to.iter_mut().enumerate() {
            // SAFETY: it lies in the memory; a volatile load of a byte is what another process may write to.
            *byte = unsafe { ptr::read_volatile(self.begin.as_ptr().byte_add(at + index).cast()) };
        }
        // The number is read after the bytes.
        fence(Ordering::Acquire);
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing refers to it any more.
        unsafe { libc::munmap(self.begin.as_ptr(), self.length) };
    }
}
