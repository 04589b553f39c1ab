//! Owning a scheduler: load it, attach it, see that it really runs, pin it, give the machine back.

use std::{
    fs,
    mem::MaybeUninit,
    os::fd::AsFd,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use libbpf_rs::{
    Link, MapHandle, MapMut, OpenObject,
    btf::{Btf, types::Func},
    skel::{OpenSkel, SkelBuilder},
};

use super::{
    handle::{Handle, OwnerRecord},
    lock::StartLock,
    members::Members,
    pins, preflight,
    skeleton::{DualqSkel, DualqSkelBuilder},
    sysfs,
};
use crate::model::Ruler;
use crate::refusal::{Refusal, Status};

/// What the kernel takes 0.2 s for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the scheduler is to behave; fixed once it is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The share of CPU time that BATCH keeps on a contended CPU, 0 to 50 percent.
    pub guarantee_percent: u8,
    /// The watchdog ejects the scheduler when a runnable task waits longer: 1 to 30 s.
    pub timeout: Duration,
    /// The scheduler outlives this process, by pins, until it is detached on purpose.
    pub stay: bool,
    /// BATCH first come, first served, instead of by weighted virtual time.
    pub batch_fifo: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            guarantee_percent: 10,
            timeout: Duration::from_secs(30),
            stay: false,
            batch_fifo: false,
        }
    }
}

/// A loaded scheduler of ours, attached or not. Dropping it detaches it and removes its pins.
pub struct Scheduler<'obj> {
    skel: DualqSkel<'obj>,
    options: Options,
    handle: Handle,
    /// The scheduler's link; the kernel detaches when its last descriptor closes.
    link: Option<Link>,
    /// The programs beside it: the end of a membership with its process, and on newer kernels the
    /// arrival of real-time tasks.
    links: Vec<Link>,
}

impl<'obj> Scheduler<'obj> {
    /// Looks whether it can, loads, attaches, waits until the kernel says that it runs, and pins.
    ///
    /// # Errors
    /// A [`Refusal`] for everything that a person can remedy; the kernel keeps its scheduler then.
    pub fn start(storage: &'obj mut MaybeUninit<OpenObject>, options: Options) -> Result<Self> {
        preflight::check()?;
        if options.stay && !pins::mounted() {
            bail!(Refusal::new(
                Status::KernelCannot,
                "to stay, the scheduler needs a BPF file system: mount -t bpf bpf /sys/fs/bpf",
            ));
        }
        let turn = StartLock::take()?;
        refuse_beside_another()?;
        let skel = load(storage, options)?;
        let handle = handle(&skel)?;
        handle.members.add_own(std::process::id())?;
        let mut links = vec![
            skel.progs
                .dualq_process_exit
                .attach()
                .context("cannot attach to sched_process_exit")?,
        ];
        if skel.progs.dualq_sched_switch.autoload() {
            links.push(
                skel.progs
                    .dualq_sched_switch
                    .attach()
                    .context("cannot attach to sched_switch")?,
            );
        }
        let mut scheduler = Self {
            skel,
            options,
            handle,
            link: None,
            links,
        };
        let begun = scheduler.begin();
        // Where it failed, the drop takes a turn of its own to clean up.
        drop(turn);
        begun?;
        Ok(scheduler)
    }

    /// Attaches a loaded scheduler, and waits until the kernel says that it runs: an attach that
    /// returned without an error may have failed all the same.
    ///
    /// # Errors
    /// A [`Refusal`] where another scheduler runs, else the kernel's reason.
    pub fn attach(&mut self) -> Result<()> {
        let _turn = StartLock::take()?;
        // A link that the kernel ended still holds the place: EBUSY, though `state` is disabled.
        self.link = None;
        refuse_beside_another()?;
        self.begin()
    }

    /// Pins first: who sees the scheduler attached finds its maps.
    fn begin(&mut self) -> Result<()> {
        self.handle.set_owner(self.owner_record())?;
        // Another instance may have come and gone since this one was attached last.
        if pins::mounted() && !pins_are_ours() {
            self.pin()?;
        }
        self.handle.reset_exit()?;
        let mut link = self
            .skel
            .maps
            .dualq
            .attach_struct_ops()
            .context("the kernel refused the scheduler (its log, `dmesg`, may say why)")?;
        wait_until(|| {
            sysfs::ruler() == Ruler::Dualq || self.handle.exit().is_ok_and(|exit| exit.is_some())
        });
        if let Some(exit) = self.handle.exit()? {
            bail!(
                "the kernel ended the scheduler at once: {}. {} {}",
                exit.kind,
                exit.reason,
                exit.message
            );
        }
        if sysfs::ruler() != Ruler::Dualq {
            bail!(
                "the kernel attached the scheduler but does not run it (state: {})",
                sysfs::state()
            );
        }
        if self.options.stay {
            link.pin(pins::path(pins::LINK))
                .context("cannot pin the scheduler's link")?;
        }
        self.link = Some(link);
        self.handle.set_owner(self.owner_record())
    }

    fn owner_record(&self) -> OwnerRecord {
        OwnerRecord {
            pid: std::process::id(),
            start_ticks: own_start_ticks(),
            attached_at_ns: monotonic_ns(),
            guarantee_percent: u32::from(self.options.guarantee_percent),
            timeout_ms: self.timeout_ms(),
            stays: self.options.stay,
            batch_fifo: self.options.batch_fifo,
        }
    }

    /// Gives the machine back to the kernel's scheduler and waits until it has it. Members are
    /// kept for the next attach.
    ///
    /// # Errors
    /// Where the kernel still runs ours after ten seconds.
    pub fn detach(&mut self) -> Result<()> {
        let Some(link) = self.link.take() else {
            return Ok(());
        };
        if pins_are_ours() {
            let _ = fs::remove_file(pins::path(pins::LINK));
        }
        drop(link);
        wait_until_detached()
    }

    /// A hold for another thread.
    ///
    /// # Errors
    /// Where the kernel gives no more descriptors.
    pub fn handle(&self) -> Result<Handle> {
        self.handle.try_clone()
    }

    /// Has the kernel ended it? False while it is still at it: the reason is written last.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        !matches!(sysfs::ruler(), Ruler::Dualq | Ruler::Transition)
    }

    fn timeout_ms(&self) -> u32 {
        u32::try_from(self.options.timeout.as_millis()).unwrap_or(30_000)
    }

    /// Only maps and programs are pinned, so that nothing outlives this process but their memory;
    /// links too where the scheduler is to stay. Pins left by a process that was killed are
    /// replaced here.
    fn pin(&mut self) -> Result<()> {
        pins::remove_all();
        pins::create_dir().context("cannot make /sys/fs/bpf/dualq")?;
        let maps = &self.skel.maps;
        pin_map(&maps.priority_pids_map, pins::MEMBERS)?;
        pin_map(&maps.queue_stats, pins::COUNTERS)?;
        pin_map(&maps.own_pids, pins::OWN)?;
        pin_map(&maps.exit_record, pins::EXIT)?;
        pin_map(&maps.overdue_timer, pins::TIMER)?;
        let progs = &mut self.skel.progs;
        progs.dualq_change.pin(pins::path(pins::CHANGE))?;
        progs.dualq_reclassify.pin(pins::path(pins::RECLASSIFY))?;
        if self.options.stay {
            for (link, name) in self.links.iter_mut().zip(pins::SIDE_LINKS) {
                link.pin(pins::path(name))
                    .with_context(|| format!("cannot pin {name}"))?;
            }
        }
        // Last: who can open this one finds the others in place.
        pin_map(&self.skel.maps.owner, pins::OWNER)
    }
}

/// Through a handle of its own: libbpf pins a map of an object once only, whatever became of it.
fn pin_map(map: &MapMut<'_>, name: &str) -> Result<()> {
    MapHandle::try_from(map)?
        .pin(pins::path(name))
        .with_context(|| format!("cannot pin {name}"))
}

/// Are the pins those of this process, not of one that came after it?
fn pins_are_ours() -> bool {
    Handle::pinned_owner().is_some_and(|owner| {
        owner.pid == std::process::id() && owner.start_ticks == own_start_ticks()
    })
}

fn refuse_beside_another() -> Result<()> {
    match sysfs::ruler() {
        Ruler::Dualq => bail!(Refusal::new(
            Status::AnotherSchedulerRuns,
            "dualq is attached already: `dualq-top list` and `stats` show it, `add` and `remove` change it",
        )),
        Ruler::Other(name) => bail!(Refusal::new(
            Status::AnotherSchedulerRuns,
            format!("another scheduler runs ({name}): stop it first; dualq-top never evicts one"),
        )),
        _ => Ok(()),
    }
}

impl Drop for Scheduler<'_> {
    fn drop(&mut self) {
        if self.options.stay && self.link.is_some() {
            return;
        }
        // Closing the link is what detaches; the wait only lets the caller report the truth.
        let _ = self.detach();
        let _turn = StartLock::take();
        if pins_are_ours() {
            pins::remove_all();
        }
    }
}

/// Ends a scheduler that was asked to stay: its pinned link is what keeps it.
///
/// # Errors
/// Where the pin cannot be removed, or the kernel has not detached after ten seconds.
pub fn detach_pinned() -> Result<()> {
    let link = pins::path(pins::LINK);
    fs::remove_file(&link).with_context(|| format!("cannot remove {}", link.display()))?;
    // Asynchronous: the kernel ends the link when its last reference has gone.
    wait_until_detached()?;
    pins::remove_all();
    Ok(())
}

fn wait_until_detached() -> Result<()> {
    let rules = || matches!(sysfs::ruler(), Ruler::Dualq | Ruler::Transition);
    wait_until(|| !rules());
    if rules() {
        bail!("the kernel has not detached the scheduler yet");
    }
    Ok(())
}

fn load<'obj>(
    storage: &'obj mut MaybeUninit<OpenObject>,
    options: Options,
) -> Result<DualqSkel<'obj>> {
    let mut open = DualqSkelBuilder::default()
        .open(storage)
        .context("cannot open the BPF object")?;
    let cpus = libbpf_rs::num_possible_cpus().context("cannot count the possible CPUs")?;
    let cpus = u32::try_from(cpus)?;
    let timeout_ns = u64::try_from(options.timeout.as_nanos())?;
    let rodata = open
        .maps
        .rodata_data
        .as_deref_mut()
        .context("the BPF object has no constants")?;
    rodata.nr_possible_cpus = cpus;
    rodata.guarantee_percent = u32::from(options.guarantee_percent);
    rodata.batch_fifo = options.batch_fifo;
    // An eighth, checked every sixteenth: with its own turn a wait stays below a quarter.
    rodata.overdue_ns = timeout_ns / 8;
    rodata.overdue_check_ns = timeout_ns / 16;
    open.maps.cpu_records.set_max_entries(cpus)?;
    open.struct_ops.dualq_mut().timeout_ms = u32::try_from(options.timeout.as_millis())?;
    if reenqueues_from_sched_switch() {
        open.struct_ops.dualq_mut().cpu_release = std::ptr::null_mut();
        open.progs.dualq_cpu_release.set_autoload(false);
    } else {
        open.progs.dualq_sched_switch.set_autoload(false);
    }
    open.load().context("the kernel did not load the scheduler")
}

/// From Linux 6.19 on, tasks in a CPU's local queue are taken back by a tracing program; the op that
/// did so before draws a warning there.
fn reenqueues_from_sched_switch() -> bool {
    Btf::from_vmlinux().is_ok_and(|btf| {
        btf.type_by_name::<Func<'_>>("scx_bpf_reenqueue_local___v2")
            .is_some()
    })
}

fn handle(skel: &DualqSkel<'_>) -> Result<Handle> {
    let maps = &skel.maps;
    let progs = &skel.progs;
    Ok(Handle::new(
        Members::new(
            MapHandle::try_from(&maps.priority_pids_map)?,
            progs.dualq_change.as_fd().try_clone_to_owned()?,
            progs.dualq_reclassify.as_fd().try_clone_to_owned()?,
        ),
        MapHandle::try_from(&maps.queue_stats)?,
        MapHandle::try_from(&maps.exit_record)?,
        MapHandle::try_from(&maps.owner)?,
        MapHandle::try_from(&maps.overdue_timer)?,
    ))
}

fn own_start_ticks() -> u64 {
    procfs::process::Process::myself()
        .and_then(|me| me.stat())
        .map_or(0, |stat| stat.starttime)
}

fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// The kernel offers nothing to wait on: `state` is polled.
fn wait_until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() && begun.elapsed() < PATIENCE {
        sleep(Duration::from_millis(2));
    }
}
