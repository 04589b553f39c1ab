//! Memory that the kernel shares with this process: of a map, for reading what programs write there, and of a file.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// include/uapi/linux/magic.h
const SYSFS_MAGIC: u64 = 0x6265_6572;

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
        Self::of(map, length, libc::MAP_SHARED)
    }

    fn of(descriptor: BorrowedFd<'_>, length: usize, flags: libc::c_int) -> io::Result<Self> {
        // SAFETY: the kernel chooses a place where nothing is, and the descriptor is open.
        let begin = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ,
                flags,
                descriptor.as_raw_fd(),
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

/// A file of the kernel's whose bytes never change.
pub(crate) enum KernelFile {
    Mapped(Mapped),
    Read(Vec<u8>),
}

impl KernelFile {
    /// Maps the file. Where that is refused (the kernel's types before 6.16), or the file is none of sysfs, reads it: in
    /// pages, which takes some milliseconds more.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if rustix::fs::fstatfs(&file)?.f_type.cast_unsigned() == SYSFS_MAGIC
            && let Ok(mapped) = Mapped::of(file.as_fd(), length, libc::MAP_PRIVATE)
        {
            return Ok(Self::Mapped(mapped));
        }
        std::fs::read(path).map(Self::Read)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            // SAFETY: as many bytes are mapped, until this is dropped, and nobody can write to or shorten a file of sysfs
            // that can be mapped in private.
            Self::Mapped(mapped) => unsafe {
                slice::from_raw_parts(mapped.begin.as_ptr().cast(), mapped.length)
            },
            Self::Read(bytes) => bytes,
        }
    }
}
