//! Execs, as the kernel reports them: src/bpf/execs.bpf.c.

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use anyhow::{Context, Result};
use libbpf_rs::skel::{OpenSkel, SkelBuilder};
use libbpf_rs::{MapCore, MapFlags, MapHandle, RingBuffer, RingBufferBuilder};

use super::Facts;
use crate::kernel::skeletons::execs::{ExecsSkelBuilder, types::exec_record};
use crate::kernel::{layout, program};
use crate::model::ProcessId;

/// Nanoseconds per tick of a start time in `/proc`: USER_HZ is 100 on all architectures.
const TICK_NS: u64 = 10_000_000;

/// Execs are reported until this is dropped.
pub struct Execs {
    ring: MapHandle,
    lost: MapHandle,
    _link: OwnedFd,
}

impl Execs {
    /// # Errors
    /// Without the rights to load BPF programs.
    pub fn report() -> Result<Self> {
        let mut storage = MaybeUninit::uninit();
        let skel = ExecsSkelBuilder::default()
            .open(&mut storage)
            .and_then(OpenSkel::load)
            .context("the kernel did not load the program that reports execs")?;
        let program = skel.progs.dualq_exec.as_fd();
        Ok(Self {
            _link: program::attach(program).context("cannot attach to sched_process_exec")?,
            ring: MapHandle::try_from(&skel.maps.execs)?,
            lost: MapHandle::try_from(&skel.maps.execs_lost)?,
        })
    }

    /// Returns the descriptor that becomes readable when there are events.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }

    /// Returns the number of execs that were not reported since this was loaded, because the buffer was full.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub fn lost(&self) -> Result<u64> {
        let bytes = self.lost.lookup(&0_u32.to_ne_bytes(), MapFlags::ANY)?;
        let bytes = bytes.as_deref().and_then(<[u8]>::first_chunk);
        Ok(bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes)))
    }

    /// # Errors
    /// Where the ring cannot be mapped.
    pub fn reader(&self) -> Result<Reader<'_>> {
        let found = Rc::new(RefCell::new(Vec::new()));
        let into = Rc::clone(&found);
        let mut builder = RingBufferBuilder::new();
        builder.add(&self.ring, move |record| {
            into.borrow_mut().extend(parse(record));
            0
        })?;
        let ring = builder.build().context("cannot map the ring of execs")?;
        Ok(Reader { ring, found })
    }
}

/// Takes the reports out of the ring.
pub struct Reader<'a> {
    ring: RingBuffer<'a>,
    found: Rc<RefCell<Vec<Facts>>>,
}

impl Reader<'_> {
    /// Those that have come since the last call.
    ///
    /// # Errors
    /// Where the ring cannot be read.
    pub fn take(&self) -> Result<Vec<Facts>> {
        self.ring
            .consume()
            .context("cannot read the ring of execs")?;
        Ok(self.found.take())
    }
}

fn parse(record: &[u8]) -> Option<Facts> {
    // The ring may give a few bytes more: it rounds up.
    let record: exec_record = layout::read(record.get(..size_of::<exec_record>())?)?;
    let name = |bytes: &[i8; 16]| {
        let bytes = layout::bytes(bytes);
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(16);
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    let id = ProcessId {
        pid: record.pid,
        start_ticks: record.start_boottime_ns / TICK_NS,
    };
    let (comm, parent) = (name(&record.comm), name(&record.parent_comm));
    Some(Facts::new(id, comm, record.uid, parent))
}
