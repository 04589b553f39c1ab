//! A hold on a loaded scheduler's maps and programs: what reading and changing it takes, whoever
//! attached it. Every holder has descriptors of its own, so nothing is shared between threads.

use std::{
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use libbpf_rs::{MapCore, MapFlags, MapHandle};

use super::{
    counters::Counters,
    exit,
    lock::StartLock,
    members::Members,
    options::{Options, WaitsOption},
    owner_record::OwnerRecord,
    pins, preflight, program, sysfs,
};
use crate::model::{Exit, Ruler};
use crate::refusal::{Refusal, Status};
use crate::skeletons::dualq::DualqSkel;
use crate::waits::{self, Instrument};

/// In struct overdue_timer of src/bpf/state.h: after the kernel's own 16 bytes.
const OLDEST_WAIT: std::ops::Range<usize> = 16..24;

pub struct Handle {
    pub members: Members,
    counters: MapHandle,
    exit: MapHandle,
    owner: MapHandle,
    /// The wait instrument, or why there is none.
    pub waits: Result<waits::Reader, String>,
    timer: MapHandle,
    /// The programs of `pins::NOTICING`.
    noticing: [OwnedFd; 2],
}

impl Handle {
    pub(super) fn new(
        members: Members,
        counters: MapHandle,
        exit: MapHandle,
        owner: MapHandle,
        waits: Result<waits::Reader, String>,
        timer: MapHandle,
        noticing: [OwnedFd; 2],
    ) -> Self {
        Self {
            members,
            counters,
            exit,
            owner,
            waits,
            timer,
            noticing,
        }
    }

    /// A hold on the maps and programs of what was loaded.
    pub(super) fn of(skel: &DualqSkel<'_>, waits: &Result<Instrument, String>) -> Result<Self> {
        let maps = &skel.maps;
        let progs = &skel.progs;
        Ok(Self::new(
            Members::new(
                MapHandle::try_from(&maps.priority_pids_map)?,
                progs.dualq_change.as_fd().try_clone_to_owned()?,
                progs.dualq_reclassify.as_fd().try_clone_to_owned()?,
            ),
            MapHandle::try_from(&maps.queue_stats)?,
            MapHandle::try_from(&maps.exit_record)?,
            MapHandle::try_from(&maps.owner)?,
            match waits {
                Ok(instrument) => Ok(instrument.reader()?),
                Err(why) => Err(why.clone()),
            },
            MapHandle::try_from(&maps.overdue_timer)?,
            [
                progs.dualq_process_exit.as_fd().try_clone_to_owned()?,
                progs.dualq_newtask.as_fd().try_clone_to_owned()?,
            ],
        ))
    }

    /// Opens the running scheduler through its pins.
    ///
    /// # Errors
    /// A [`Refusal`] that says what to do: none runs, another one runs, no rights, other pins.
    pub fn open() -> Result<Self> {
        match sysfs::ruler() {
            Ruler::Dualq => {}
            Ruler::Other(name) => bail!(Refusal::new(
                Status::AnotherSchedulerRuns,
                format!(
                    "another scheduler runs ({name}): stop it first; dualq-top never evicts one"
                ),
            )),
            Ruler::Unsupported => bail!(Refusal::new(
                Status::KernelCannot,
                "this kernel has no sched_ext: `make demo` runs one that has, in a virtual machine",
            )),
            Ruler::KernelDefault | Ruler::Transition => bail!(Refusal::new(
                Status::NotRunning,
                "the scheduler does not run: start it with `sudo dualq-top`, or `sudo dualq-top attach`",
            )),
        }
        let handle = Self::open_pins().map_err(explain)?;
        // Pins of one that was killed, beside a scheduler that runs without any. In a pid namespace
        // the owner is not to be seen, whether it lives or not.
        if preflight::in_first_pid_namespace().is_ok()
            && handle
                .owner()?
                .is_some_and(|owner| !owner.stays && !owner.lives())
            && sysfs::ruler() == Ruler::Dualq
        {
            bail!(Refusal::new(
                Status::NotRunning,
                without_pins("the pins are those of one that has ended"),
            ));
        }
        // Served first, as all of the program's own processes are: on a machine full of PRIORITY the
        // command that would change that has to get its turn. Where it fails it only takes longer.
        let _ = handle.members.add_own(std::process::id());
        Ok(handle)
    }

    fn open_pins() -> Result<Self> {
        let map = pins::map;
        let owner = map(pins::OWNER)?;
        // First: others may lack pins of these names.
        if OwnerRecord::read(&owner)?.is_none() {
            bail!(Refusal::new(
                Status::NotRunning,
                "the pins under /sys/fs/bpf/dualq are another version's: stop that program and start this one",
            ));
        }
        let program = pins::program;
        Ok(Self {
            members: Members::new(
                map(pins::MEMBERS)?,
                program(pins::CHANGE)?,
                program(pins::RECLASSIFY)?,
            ),
            counters: map(pins::COUNTERS)?,
            exit: map(pins::EXIT)?,
            owner,
            waits: waits::Reader::open().map_err(|error| format!("{error:#}")),
            timer: map(pins::TIMER)?,
            noticing: [program(pins::NOTICING[0])?, program(pins::NOTICING[1])?],
        })
    }

    /// Whose pins there are, if there are any of this version.
    pub(super) fn pinned_owner() -> Option<OwnerRecord> {
        OwnerRecord::read(&pins::map(pins::OWNER).ok()?).ok()?
    }

    /// Are the pins those of another one? Where there are none, nobody can tell.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        match pins::map(pins::OWNER) {
            Ok(pinned) => id_of(&pinned).ok() != self.id().ok(),
            Err(error) => error.downcast_ref::<pins::Fault>().is_none(),
        }
    }

    /// A second hold, for another thread.
    ///
    /// # Errors
    /// Where the kernel gives no more descriptors.
    pub fn try_clone(&self) -> Result<Self> {
        let [change, reclassify] = self.members.fds();
        Ok(Self {
            members: Members::new(
                self.members.map_handle()?,
                change.try_clone_to_owned()?,
                reclassify.try_clone_to_owned()?,
            ),
            counters: MapHandle::try_from(&self.counters)?,
            exit: MapHandle::try_from(&self.exit)?,
            owner: MapHandle::try_from(&self.owner)?,
            waits: match &self.waits {
                Ok(reader) => Ok(reader.try_clone()?),
                Err(why) => Err(why.clone()),
            },
            timer: MapHandle::try_from(&self.timer)?,
            noticing: [self.noticing[0].try_clone()?, self.noticing[1].try_clone()?],
        })
    }

    /// Which scheduler it is: the id of the map of its owner's record.
    ///
    /// # Errors
    /// Where the kernel does not tell.
    pub(super) fn id(&self) -> Result<u32> {
        id_of(&self.owner)
    }

    /// Has the programs that notice births and ends among the members run until the answer is dropped, besides
    /// the owner's.
    ///
    /// # Errors
    /// Where the kernel refuses to attach one.
    pub(super) fn notice(&self) -> Result<[OwnedFd; 2]> {
        let attach = |program: &OwnedFd| {
            program::attach(program.as_fd())
                .context("cannot attach to births and ends of processes")
        };
        Ok([attach(&self.noticing[0])?, attach(&self.noticing[1])?])
    }

    /// Says that something was done to the machine: "before and after" begins here.
    pub fn mark_event(&self) {
        if let Ok(waits) = &self.waits {
            // It only costs a sharp edge in the charts if this fails.
            let _ = waits.event();
        }
    }

    /// # Errors
    /// Where the map cannot be read.
    pub fn counters(&self) -> Result<Counters> {
        Counters::read(&self.counters)
    }

    /// How long the oldest task in BATCH had waited when the scheduler looked last.
    ///
    /// # Errors
    /// Where the map cannot be read or is not laid out as ours.
    pub fn oldest_wait(&self) -> Result<Duration> {
        let bytes = self
            .timer
            .lookup(&0u32.to_ne_bytes(), MapFlags::ANY)
            .context("cannot read the timer's map")?
            .context("the timer's map is empty")?;
        let wait = bytes
            .get(OLDEST_WAIT)
            .and_then(|bytes| bytes.try_into().ok())
            .context("the timer's map has another layout")?;
        Ok(Duration::from_nanos(u64::from_ne_bytes(wait)))
    }

    /// Why the kernel ended it; `None` while it runs and after an ordinary detach.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub fn exit(&self) -> Result<Option<Exit>> {
        exit::read(&self.exit)
    }

    pub(super) fn reset_exit(&self) -> Result<()> {
        exit::reset(&self.exit)
    }

    /// `None` for a layout that is not this version's.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub fn owner(&self) -> Result<Option<OwnerRecord>> {
        OwnerRecord::read(&self.owner)
    }

    /// The process that answers for it, if it still lives: one that was asked to stay has none
    /// once its owner has gone.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub fn living_owner(&self) -> Result<Option<u32>> {
        let owner = self.owner()?.filter(OwnerRecord::lives);
        Ok(owner.map(|owner| owner.pid))
    }

    /// Is it this one that rules still? Asked after a change: if so, whoever takes over copies the
    /// members later, and has the change too.
    #[must_use]
    pub fn rules(&self) -> bool {
        // In this order: the next one is pinned before it rules.
        sysfs::ruler() == Ruler::Dualq && !self.is_replaced()
    }

    /// Opens the scheduler that runs once nobody is starting one any more.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_next() -> Result<Self> {
        drop(StartLock::take()?);
        Self::open()
    }

    /// How it was started: what a start that follows it goes on with.
    ///
    /// # Errors
    /// Where the map cannot be read.
    pub fn options(&self) -> Result<Option<Options>> {
        let milliseconds = |ms: u32| Duration::from_millis(u64::from(ms));
        Ok(self.owner()?.map(|owner| Options {
            guarantee_percent: u8::try_from(owner.guarantee_percent).unwrap_or(0),
            timeout: milliseconds(owner.timeout_ms),
            stay: owner.stays,
            batch_fifo: owner.batch_fifo,
            priority_slice: milliseconds(owner.priority_slice_ms),
            batch_slice: milliseconds(owner.batch_slice_ms),
            capacity: self.members.capacity(),
            waits: WaitsOption::FromTheStart,
        }))
    }

    pub(super) fn set_owner(&self, record: OwnerRecord) -> Result<()> {
        record.write(&self.owner)
    }
}

fn id_of(map: &MapHandle) -> Result<u32> {
    Ok(map.info().context("cannot ask for a map's id")?.info.id)
}

/// The scheduler runs and cannot be reached; nothing tells why for certain, so what is seen is said.
fn without_pins(seen: &str) -> String {
    format!(
        "the scheduler runs without pins: {seen} (it was attached where no BPF file system was mounted, or in another mount namespace, or its pins were removed); only its owner can change it: end that one, then attach again"
    )
}

/// Says what to do about pins that cannot be opened.
fn explain(error: anyhow::Error) -> anyhow::Error {
    let Some(fault) = error.downcast_ref::<pins::Fault>() else {
        return error;
    };
    match fault {
        pins::Fault::NotPermitted => Refusal::new(
            Status::NotPermitted,
            "the scheduler's maps are root's: run this with sudo",
        ),
        pins::Fault::Foreign(why) => Refusal::new(Status::NotPermitted, why),
        pins::Fault::NotMounted => Refusal::new(
            Status::NotRunning,
            "the scheduler's pins cannot be seen from here: no BPF file system is mounted at /sys/fs/bpf; run this where it was attached, or end its owner, mount -t bpf bpf /sys/fs/bpf, and attach again",
        ),
        pins::Fault::NoFolder | pins::Fault::NoPin(_) => {
            Refusal::new(Status::NotRunning, without_pins(&fault.to_string()))
        }
    }
    .into()
}
