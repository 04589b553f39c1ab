//! Reads all processes with the BPF program in `src/bpf/tasks.bpf.c`: a third of a microsecond per process,
//! where `/proc/PID/stat` takes twelve. It needs the same privileges as loading the scheduler.

use std::mem::{MaybeUninit, offset_of};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use anyhow::{Result, bail};
use libbpf_rs::skel::{OpenSkel, SkelBuilder};
use libbpf_rs::{MapCore, MapFlags, MapHandle};

use super::sample::ProcessSample;
use crate::kernel::skeletons::tasks::TasksSkelBuilder;
use crate::kernel::skeletons::tasks::types::{page, process_record, walk};
use crate::kernel::{layout, libbpf, load_fault, program};
use crate::model::ProcessId;
use crate::scheduler::preflight;

/// The size of a record, and the records' offset in a page.
const RECORD: usize = size_of::<process_record>();
const RECORDS: usize = offset_of!(page, records);
/// `DONE` of enum answer there.
const DONE: i32 = 0;
/// The first two processes never end. Some kernels do not list the very first one.
const INIT: u32 = 1;
const KTHREADD: u32 = 2;
/// Nanoseconds per tick of a start time in `/proc`: USER_HZ is 100 on all architectures.
const TICK_NS: u64 = 10_000_000;

/// The BPF program that lists processes, loaded.
pub struct Iterator {
    program: OwnedFd,
    page: MapHandle,
    /// The first process of the kernel's list.
    first: u32,
}

impl Iterator {
    /// # Errors
    /// If privileges are missing, if the kernel lacks a function that the program uses, and inside a pid or
    /// time namespace, where the result would differ from `/proc`.
    pub fn new() -> Result<Self> {
        preflight::rights()?;
        preflight::in_first_pid_namespace()?;
        preflight::in_first_time_namespace()?;
        let mut storage = MaybeUninit::uninit();
        let _ = libbpf::heard();
        let skel = TasksSkelBuilder::default()
            .open(&mut storage)
            .and_then(OpenSkel::load)
            .map_err(|error| load_fault::of("the task iterator", &error))?;
        // These are kept; the object, with the kernel's types in it, can be dropped.
        let mut iterator = Self {
            program: skel.progs.dualq_processes.as_fd().try_clone_to_owned()?,
            page: MapHandle::try_from(&skel.maps.page)?,
            first: INIT,
        };
        if iterator.page(INIT)?.is_none() {
            iterator.first = KTHREADD;
        }
        Ok(iterator)
    }

    /// Returns every process, ordered by start time unless ids were reused.
    ///
    /// # Errors
    /// If the kernel does not run the iterator.
    pub fn read(&mut self, each: &mut dyn FnMut(&ProcessSample<'_>)) -> Result<()> {
        along(self.first, |from| self.page(from), each)
    }

    /// Returns the processes from this one on; `None` if it has ended.
    fn page(&self, from: u32) -> Result<Option<Page>> {
        let mut walk = walk { from, pad: 0 };
        if program::run(self.program.as_fd(), layout::bytes_mut(&mut walk))? != DONE {
            return Ok(None);
        }
        let found = self.page.lookup(&0_u32.to_ne_bytes(), MapFlags::ANY)?;
        Ok(found.map(|found| Page {
            found,
            next: walk.from,
        }))
    }
}

/// The result of one run of the program.
struct Page {
    /// A `page`.
    found: Vec<u8>,
    /// The process to continue with, or 0 at the end.
    next: u32,
}

impl Page {
    fn records(&self) -> impl std::iter::Iterator<Item = process_record> + '_ {
        let filled = self
            .found
            .first_chunk()
            .map_or(0, |filled| u32::from_ne_bytes(*filled));
        let records = self.found.get(RECORDS..).unwrap_or_default();
        let records = records.chunks_exact(RECORD).take(filled as usize);
        records.filter_map(layout::read)
    }
}

/// Collects the processes page by page, each once.
fn along(
    first: u32,
    page: impl Fn(u32) -> Result<Option<Page>>,
    each: &mut dyn FnMut(&ProcessSample<'_>),
) -> Result<()> {
    // The ids on the page before.
    let mut told = Vec::new();
    let (mut from, mut again) = (first, false);
    loop {
        let Some(page) = page(from)? else {
            // It has ended meanwhile. The list continues after the last process that still lives.
            let Some(last) = told.pop() else {
                bail!("cannot read the processes: they end faster than they can be listed");
            };
            (from, again) = (last, true);
            continue;
        };
        told.clear();
        for (index, record) in page.records().enumerate() {
            let seen = parse(&record);
            told.push(seen.id.pid);
            if !(again && index == 0) {
                each(&seen);
            }
        }
        if page.next == 0 {
            return Ok(());
        }
        (from, again) = (page.next, false);
    }
}

fn parse(record: &process_record) -> ProcessSample<'_> {
    let comm = layout::bytes(&record.comm);
    let end = comm.iter().position(|&byte| byte == 0);
    ProcessSample {
        id: ProcessId {
            pid: record.pid,
            start_ticks: record.start_boottime_ns / TICK_NS,
        },
        parent: record.parent,
        cpu_time: Duration::from_nanos(record.cpu_ns),
        execs: record.execs,
        uid: Some(record.uid),
        threads: record.threads,
        flags: record.flags,
        state: letter(record.state),
        uncertain: record.uncertain != 0,
        policy: record.policy.into(),
        comm: &comm[..end.unwrap_or(comm.len())],
    }
}

/// Returns the letter that `/proc` shows: `__task_state_index` in include/linux/sched.h.
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
    // The highest bit decides: an ending process is a zombie, whatever else is set.
    let index = (u32::BITS - reported.leading_zeros()) as usize;
    LETTERS.get(index).map_or('?', |&byte| char::from(byte))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Returns pages of three from a list that loses some entries before each page.
    fn told(ending: &[&[u32]]) -> Result<Vec<u32>> {
        let list: RefCell<Vec<u32>> = RefCell::new((1..=10).collect());
        let ending = RefCell::new(ending.iter());
        let page = |from| {
            let mut list = list.borrow_mut();
            let ended = ending.borrow_mut().next().copied().unwrap_or_default();
            list.retain(|pid| !ended.contains(pid));
            let Some(at) = list.iter().position(|&pid| pid == from) else {
                return Ok(None);
            };
            let pids: Vec<u32> = list[at..].iter().take(3).copied().collect();
            let mut found = vec![0; RECORDS + 3 * RECORD];
            found[0] = u8::try_from(pids.len())?;
            for (place, pid) in pids.iter().enumerate() {
                found[RECORDS + place * RECORD..][..4].copy_from_slice(&pid.to_ne_bytes());
            }
            let next = list.get(at + 3).copied().unwrap_or(0);
            Ok(Some(Page { found, next }))
        };
        let mut told = Vec::new();
        along(1, page, &mut |seen| told.push(seen.id.pid))?;
        Ok(told)
    }

    #[test]
    fn each_process_is_told_once_whichever_end_between_two_pages() {
        let all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        assert_eq!(told(&[]).unwrap(), all);
        // The one to go on with, and with it the last ones told.
        assert_eq!(told(&[&[], &[4]]).unwrap(), [1, 2, 3, 5, 6, 7, 8, 9, 10]);
        assert_eq!(
            told(&[&[], &[2, 3, 4]]).unwrap(),
            [1, 2, 3, 5, 6, 7, 8, 9, 10]
        );
        assert_eq!(
            told(&[&[], &[4], &[3], &[5]]).unwrap(),
            [1, 2, 3, 6, 7, 8, 9, 10]
        );
        assert!(told(&[&[], &[1, 2, 3, 4]]).is_err());
    }

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
