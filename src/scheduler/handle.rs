//! A handle to a loaded scheduler's maps and programs, for reading and changing it, whichever process attached
//! it. Each handle has its own descriptors, so nothing is shared between threads.

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
    tunables::{self, Tuning},
};
use crate::kernel::layout;
use crate::kernel::skeletons::dualq::{DualqSkel, types::overdue_timer};
use crate::model::{ActiveScheduler, Exit, Tunables};
use crate::refusal::{Refusal, Status};
use crate::trace;
use crate::waits::{self, Instrument};

/// Descriptors of a loaded scheduler's maps and programs.
pub struct Handle {
    /// The members.
    pub members: Members,
    counters: MapHandle,
    exit: MapHandle,
    owner: MapHandle,
    /// The wait instrument, or the reason why there is none.
    pub waits: Result<waits::Reader, String>,
    timer: MapHandle,
    /// The program that reads and changes the tunables.
    tune: OwnedFd,
    /// The trace, which is off until it is renewed.
    pub trace: trace::Source,
    /// The programs of `pins::NOTICING`.
    noticing: [OwnedFd; 2],
}

impl Handle {
    /// Returns a handle to the loaded maps and programs.
    pub(super) fn of(skel: &DualqSkel<'_>, waits: &Result<Instrument, String>) -> Result<Self> {
        let maps = &skel.maps;
        let progs = &skel.progs;
        Ok(Self {
            members: Members::new(
                MapHandle::try_from(&maps.priority_pids_map)?,
                progs.dualq_change.as_fd().try_clone_to_owned()?,
                progs.dualq_reclassify.as_fd().try_clone_to_owned()?,
            ),
            counters: MapHandle::try_from(&maps.queue_stats)?,
            exit: MapHandle::try_from(&maps.exit_record)?,
            owner: MapHandle::try_from(&maps.owner)?,
            waits: match waits {
                Ok(instrument) => Ok(instrument.reader()?),
                Err(why) => Err(why.clone()),
            },
            timer: MapHandle::try_from(&maps.overdue_timer)?,
            tune: progs.dualq_tune.as_fd().try_clone_to_owned()?,
            trace: trace::Source::new(
                MapHandle::try_from(&maps.trace_rings)?,
                progs.dualq_trace.as_fd().try_clone_to_owned()?,
            ),
            noticing: [
                progs.dualq_process_exit.as_fd().try_clone_to_owned()?,
                progs.dualq_newtask.as_fd().try_clone_to_owned()?,
            ],
        })
    }

    /// Opens the running scheduler through its pins.
    ///
    /// # Errors
    /// A [`Refusal`] with the remedy: dualq is not running, another scheduler is active, capabilities are missing, or
    /// the pins are another version's.
    pub fn open() -> Result<Self> {
        match sysfs::active_scheduler() {
            ActiveScheduler::Dualq => {}
            ActiveScheduler::Other(name) => bail!(Refusal::new(
                Status::AnotherSchedulerRuns,
                format!(
                    "another scheduler runs ({name}): stop it first; dualq-top never evicts one"
                ),
            )),
            ActiveScheduler::Unsupported => {
                preflight::shows_sched_ext()?;
                bail!(Refusal::new(
                    Status::KernelCannot,
                    "this kernel has no sched_ext: `make demo` runs one that has, in a virtual machine",
                ))
            }
            ActiveScheduler::KernelDefault | ActiveScheduler::Transition => bail!(Refusal::new(
                Status::NotRunning,
                "the scheduler is not running: start it with `sudo dualq-top` or `sudo dualq-top attach`",
            )),
        }
        let handle = Self::open_pins().map_err(explain)?;
        // The pins may be those of a killed owner, beside a scheduler without pins. In a pid namespace the owner
        // cannot be seen, whether it lives or not.
        if preflight::in_first_pid_namespace().is_ok()
            && handle
                .owner()?
                .is_some_and(|owner| !owner.stays && !owner.lives())
            && sysfs::active_scheduler() == ActiveScheduler::Dualq
        {
            bail!(Refusal::new(
                Status::NotRunning,
                without_pins("the pins are those of one that has ended"),
            ));
        }
        // Registers this process to be served first: on a machine full of PRIORITY the command that changes this
        // must get CPU time. If it fails, the command only takes longer.
        let _ = handle.members.add_own(std::process::id());
        Ok(handle)
    }

    fn open_pins() -> Result<Self> {
        let map = pins::map;
        let owner = map(pins::OWNER)?;
        // Checked first: another version may lack the other pins.
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
            tune: program(pins::TUNE)?,
            trace: trace::Source::new(map(pins::TRACE_RINGS)?, program(pins::TRACE)?),
            noticing: [program(pins::NOTICING[0])?, program(pins::NOTICING[1])?],
        })
    }

    /// Returns the owner of the pins, if they are this version's.
    pub(super) fn pinned_owner() -> Option<OwnerRecord> {
        OwnerRecord::read(&pins::map(pins::OWNER).ok()?).ok()?
    }

    /// Returns true if the pins belong to another scheduler. False if there are no pins.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        match pins::map(pins::OWNER) {
            Ok(pinned) => id_of(&pinned).ok() != self.id().ok(),
            Err(error) => error.downcast_ref::<pins::PinFault>().is_none(),
        }
    }

    /// Duplicates the descriptors, for another thread.
    ///
    /// # Errors
    /// If there are no free descriptors.
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
            tune: self.tune.try_clone()?,
            trace: self.trace.try_clone()?,
            noticing: [self.noticing[0].try_clone()?, self.noticing[1].try_clone()?],
        })
    }

    /// Returns the scheduler's identity: the id of the map with its owner's record.
    ///
    /// # Errors
    /// If the kernel does not return it.
    pub(super) fn id(&self) -> Result<u32> {
        id_of(&self.owner)
    }

    /// Attaches the programs that track the creation and end of members, until the result is dropped, in addition to
    /// the owner's.
    ///
    /// # Errors
    /// If the kernel refuses to attach one.
    pub(super) fn notice(&self) -> Result<[OwnedFd; 2]> {
        let attach = |program: &OwnedFd| {
            program::attach(program.as_fd())
                .context("cannot track the creation and end of processes")
        };
        Ok([attach(&self.noticing[0])?, attach(&self.noticing[1])?])
    }

    /// Counts a change of the machine, which starts a new comparison before and after.
    pub fn mark_event(&self) {
        if let Ok(waits) = &self.waits {
            // If this fails, the charts only lack a sharp edge.
            let _ = waits.event();
        }
    }

    /// # Errors
    /// If the map cannot be read.
    pub fn counters(&self) -> Result<Counters> {
        Counters::read(&self.counters)
    }

    /// The wait of the oldest task in BATCH when the scheduler last checked.
    ///
    /// # Errors
    /// If the map cannot be read or has another layout.
    pub fn oldest_wait(&self) -> Result<Duration> {
        let bytes = self
            .timer
            .lookup(&0u32.to_ne_bytes(), MapFlags::ANY)
            .context("cannot read the timer's map")?
            .context("the timer's map is empty")?;
        let timer: overdue_timer =
            layout::read(&bytes).context("the timer's map has another layout")?;
        Ok(Duration::from_nanos(timer.oldest_wait_ns))
    }

    /// Returns why the kernel ended the scheduler; `None` while it runs and after an ordinary detach.
    ///
    /// # Errors
    /// If the map cannot be read.
    pub fn exit(&self) -> Result<Option<Exit>> {
        exit::read(&self.exit)
    }

    pub(super) fn reset_exit(&self) -> Result<()> {
        exit::reset(&self.exit)
    }

    /// Returns the owner's record; `None` if it has another version's layout.
    ///
    /// # Errors
    /// If the map cannot be read.
    pub fn owner(&self) -> Result<Option<OwnerRecord>> {
        OwnerRecord::read(&self.owner)
    }

    /// Returns the owner if it still lives. With `--stay`, an orphan has none.
    ///
    /// # Errors
    /// If the map cannot be read.
    pub fn living_owner(&self) -> Result<Option<u32>> {
        let owner = self.owner()?.filter(OwnerRecord::lives);
        Ok(owner.map(|owner| owner.pid))
    }

    /// Returns true if this scheduler is still the active one. Asked after a change: if so, an instance that takes
    /// over will copy the members later, with the change.
    #[must_use]
    pub fn is_active(&self) -> bool {
        // In this order, because the next scheduler is pinned before it becomes active.
        sysfs::active_scheduler() == ActiveScheduler::Dualq && !self.is_replaced()
    }

    /// Opens the running scheduler after any start in progress has ended.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_next() -> Result<Self> {
        drop(StartLock::take()?);
        Self::open()
    }

    /// Returns the tunables that hold now.
    ///
    /// # Errors
    /// If the kernel refuses the system call.
    pub fn tunables(&self) -> Result<Tunables> {
        tunables::tune(self.tune.as_fd(), Tuning::default())
    }

    /// Changes some of the tunables at once, and returns what holds afterwards.
    ///
    /// # Errors
    /// If the kernel refuses the system call, or a value.
    pub fn tune(&self, tuning: Tuning) -> Result<Tunables> {
        let now = tunables::tune(self.tune.as_fd(), tuning)?;
        self.mark_event();
        Ok(now)
    }

    /// Returns the options that it was started with, with the tunables that hold now, for a start that follows.
    ///
    /// # Errors
    /// If the map cannot be read.
    pub fn options(&self) -> Result<Option<Options>> {
        let Some(owner) = self.owner()? else {
            return Ok(None);
        };
        Ok(Some(Options {
            tunables: self.tunables()?,
            timeout: Duration::from_millis(u64::from(owner.timeout_ms)),
            stay: owner.stays,
            refuse_limits: false,
            batch_fifo: owner.batch_fifo,
            priority_fifo: owner.priority_fifo,
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
    let Some(fault) = error.downcast_ref::<pins::PinFault>() else {
        return error;
    };
    match fault {
        pins::PinFault::NotPermitted => Refusal::new(
            Status::NotPermitted,
            "cannot open the scheduler's maps: they belong to root; run this with sudo",
        ),
        pins::PinFault::Foreign(why) => Refusal::new(Status::NotPermitted, why),
        pins::PinFault::NotMounted => Refusal::new(
            Status::NotRunning,
            "the scheduler's pins cannot be seen from here: no BPF file system is mounted at /sys/fs/bpf; run this where it was attached, or end its owner, mount -t bpf bpf /sys/fs/bpf, and attach again",
        ),
        pins::PinFault::NoFolder | pins::PinFault::NoPin(_) => {
            Refusal::new(Status::NotRunning, without_pins(&fault.to_string()))
        }
    }
    .into()
}
