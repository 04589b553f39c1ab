//! All processes at once, from the BPF program in `src/bpf/tasks.bpf.c`: half a microsecond a process,
//! where `/proc/PID/stat` takes twelve. It needs the rights that loading the scheduler needs.

use std::io::{ErrorKind, Read};
use std::mem::MaybeUninit;
use std::time::Duration;

use anyhow::{Context, Result};
use libbpf_rs::skel::{OpenSkel, SkelBuilder};
use libbpf_rs::{Iter, Link};

use super::seen::Seen;
use crate::model::ProcessId;
use crate::scheduler::preflight;

#[allow(unused_imports, clippy::all, clippy::pedantic, clippy::restriction)]
mod skeleton {
    include!(concat!(env!("OUT_DIR"), "/tasks.skel.rs"));
}

/// The size of struct process_record in src/bpf/tasks.bpf.c.
const RECORD: usize = 64;
/// The kernel hands out at most this much at a time, in whole records.
const BUFFER: usize = 32 * 1024;
/// USER_HZ is 100 everywhere: what `/proc` counts start times in.
const TICK_NS: u64 = 10_000_000;

pub struct Iterator {
    link: Link,
    buffer: Vec<u8>,
}

impl Iterator {
    /// # Errors
    /// Without the rights, on a kernel that lacks what the program uses, and inside a namespace of
    /// process ids or of time, where it would tell other things than `/proc`.
    pub fn new() -> Result<Self> {
        preflight::rights()?;
        preflight::in_first_pid_namespace()?;
        preflight::in_first_time_namespace()?;
        let mut storage = MaybeUninit::uninit();
        let skel = skeleton::TasksSkelBuilder::default()
            .open(&mut storage)
            .and_then(OpenSkel::load)
            .context("the kernel did not load the task iterator")?;
        // The link keeps the program; the object, with the kernel's types in it, can go.
        let link = skel.progs.dualq_processes.attach()?;
        Ok(Self {
            link,
            buffer: vec![0; BUFFER],
        })
    }

    /// Every process, in order of ids.
    pub fn read(&mut self, each: &mut dyn FnMut(&Seen<'_>)) -> Result<()> {
        let mut processes = Iter::new(&self.link)?;
        loop {
            match processes.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => {
                    let (records, _) = self.buffer[..length].as_chunks::<RECORD>();
                    records.iter().map(parse).for_each(|seen| each(&seen));
                }
                // The kernel pauses after a million threads without a record.
                Err(error)
                    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn parse(record: &[u8; RECORD]) -> Seen<'_> {
    let word = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&record[at..at + 4]);
        u32::from_ne_bytes(bytes)
    };
    let long = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&record[at..at + 8]);
        u64::from_ne_bytes(bytes)
    };
    let comm = &record[48..];
    let end = comm.iter().position(|&byte| byte == 0);
    Seen {
        id: ProcessId {
            pid: word(0),
            start_ticks: long(8) / TICK_NS,
        },
        parent: word(4),
        cpu_time: Duration::from_nanos(long(16)),
        execs: word(24),
        uid: Some(word(28)),
        threads: word(32),
        flags: word(36),
        state: letter(word(40)),
        uncertain: word(44) != 0,
        comm: &comm[..end.unwrap_or(comm.len())],
    }
}

/// The letter that `/proc` would show: `__task_state_index` in include/linux/sched.h.
fn letter(state: u32) -> char {
    const UNINTERRUPTIBLE: u32 = 0x02;
    const IDLE: u32 = UNINTERRUPTIBLE | 0x400;
    const RTLOCK_WAIT: u32 = 0x1000;
    const FROZEN: u32 = 0x8000;
    const REPORT: u32 = 0x7f;
    const LETTERS: &[u8] = b"RSDTtXZP";
    let reported = state & REPORT;
    if state & (RTLOCK_WAIT | FROZEN) != 0 {
        return 'D';
    }
    if state & IDLE == IDLE {
        return 'I';
    }
    // The highest bit that is set: an ending process is a zombie, whatever it was before.
    let index = (u32::BITS - reported.leading_zeros()) as usize;
    LETTERS.get(index).map_or('?', |&byte| char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn states_have_the_letters_of_proc() {
        assert_eq!(letter(0), 'R');
        assert_eq!(letter(1), 'S');
        assert_eq!(letter(2), 'D');
        assert_eq!(letter(0x402), 'I');
        assert_eq!(letter(0x108), 't');
        assert_eq!(letter(0x104), 'T');
        assert_eq!(letter(0x80 | 0x20), 'Z');
        assert_eq!(letter(0x10), 'X');
        assert_eq!(letter(0x40), 'P');
        assert_eq!(letter(0x8001), 'D');
    }
}
