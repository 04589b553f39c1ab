//! A pipe that nobody reads.

use std::io::{PipeReader, PipeWriter, Write};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// The writing end of a pipe that is full; nobody reads it while the reading end lives.
pub fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'.'; 4096]).is_ok() {}
    fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}
