//! The parsers of what comes from outside, a function each: what fuzz/ throws its inputs at. They
//! return the texts that may be shown.

#![forbid(unsafe_code)]

use std::path::Path;

use clap::Parser;

use crate::bench::observed::KernelCounts;
use crate::bench::worker::tool;
use crate::bench::worker_report::WorkerReport;
use crate::cli::{self, Cli};
use crate::commands::process;
use crate::observe::{hidden, host, identity, stat};
use crate::record::frames::{self, Packer};
use crate::scheduler::{OwnerRecord, exit, member, preflight};
use crate::settings::Settings;
use crate::sys::text::scrub;
use crate::tui::app::Event;
use crate::tui::input::decode::Decoder;
use crate::waits::layout;

/// A line of `/proc/PID/stat`.
#[must_use]
pub fn stat(line: &[u8]) -> Vec<String> {
    let seen = stat::parse(line);
    seen.iter().map(|seen| scrub(seen.comm)).collect()
}

/// `/proc/PID/cmdline`.
#[must_use]
pub fn command_line(bytes: &[u8]) -> Vec<String> {
    let command = identity::command(bytes);
    command.iter().map(ToString::to_string).collect()
}

/// Files of the kernel of which only numbers are kept: lists of CPUs, mounts, a process's status,
/// `/proc/stat`. How long the list of CPUs has become.
#[must_use]
pub fn system_files(text: &str) -> usize {
    hidden::hiding(text, Path::new("/proc"));
    hidden::groups(text);
    preflight::effective(text);
    KernelCounts::parse(text);
    host::ranges(text).len()
}

/// Why the kernel ended the scheduler, from the map's value.
#[must_use]
pub fn exit_record(bytes: &[u8]) -> Vec<String> {
    let Some(exit) = exit::parse(bytes) else {
        return Vec::new();
    };
    let mut texts = vec![exit.to_string(), exit.kind, exit.reason, exit.message];
    texts.extend(exit.dump);
    texts
}

/// Values of pinned maps, which other programs may have written.
pub fn maps(bytes: &[u8]) {
    member::pid(bytes);
    let _ = member::Member::of(1, bytes);
    OwnerRecord::from_bytes(bytes);
    layout::process(bytes);
    layout::queues(&[bytes.to_vec(), bytes.to_vec()], 1);
}

/// The settings file; what is said of its first fault.
#[must_use]
pub fn settings(bytes: &[u8]) -> Option<String> {
    let fault = Settings::parse(bytes).err()?;
    Some(format!("{:#}", fault.within(Path::new("FILE"), bytes)))
}

/// Decodes the bytes of a terminal, in pieces, with a pause after the last one.
#[must_use]
pub fn keys<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let pieces = pieces.into_iter();
    let mut events: Vec<Event> = pieces.flat_map(|piece| decoder.feed(piece)).collect();
    events.extend(decoder.flush());
    events
}

/// The command line, and process ids and patterns on it; what is said of them.
#[must_use]
pub fn arguments(words: &[&str]) -> Vec<String> {
    let mut said = Vec::new();
    for word in words {
        let pid = process::parse(word).err();
        let pattern = process::pattern(word).err();
        said.extend([pid, pattern].into_iter().flatten().map(|e| e.to_string()));
    }
    let line = std::iter::once("dualq-top").chain(words.iter().copied());
    if let Err(error) = Cli::try_parse_from(line) {
        said.extend(cli::complaint(&error).lines().map(str::to_owned));
    }
    said
}

/// Parses the output of the programs that `bench` runs, and the reports of its own processes. Returns the number of
/// figures.
#[must_use]
pub fn measurements(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let records = [
        tool::hackbench(&text),
        tool::cyclictest(&text),
        tool::perf_messaging(&text),
        tool::perf_pipe(&text),
        tool::stress_ng(&text, 5_000_000_000),
        WorkerReport::read(bytes).ok(),
    ];
    let numbers = |record: &WorkerReport| record.wakes.len() + record.dones.len();
    records.iter().flatten().map(numbers).sum()
}

/// A recording of these texts in whole frames: otherwise their checksums would end every changed one.
///
/// # Errors
/// Where a text is too long for a frame.
pub fn recording(texts: &[&[u8]]) -> std::io::Result<Vec<u8>> {
    let mut file = Vec::new();
    frames::begin(&mut file)?;
    let mut packer = Packer::new();
    for text in texts {
        file.extend(packer.pack(text, false)?);
    }
    Ok(file)
}
