//! The owner's side of a scheduler: loads it, attaches it, verifies that it runs, pins it and detaches it.

use std::{
    os::fd::AsFd,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use libbpf_rs::Link;
use tracing::{debug, warn};

use super::{
    handle::Handle,
    limits,
    load::{self, Loaded, Storage},
    lock::StartLock,
    options::{Options, WaitsOption},
    orphan::{beside_another, detach_orphan, detach_pinned},
    owner_record::{OwnerRecord, start_ticks_of},
    pins, preflight,
    restart::Restarts,
    sysfs::{self, wait_until, wait_until_detached},
};
use crate::kernel::skeletons::dualq::DualqSkel;
use crate::model::{ActiveScheduler, Exit};
use crate::refusal::{Refusal, Status};
use crate::sys::log;
use crate::waits::{Instrument, Transition};

/// A loaded scheduler of ours, attached or not. Dropping it detaches it and removes its pins.
pub struct Scheduler<'obj> {
    skel: DualqSkel<'obj>,
    options: Options,
    handle: Handle,
    /// The scheduler's link; the kernel detaches when its last descriptor closes.
    link: Option<Link>,
    /// The tracing programs: for the end of members, new children of members, CPUs that go offline, and on newer
    /// kernels the arrival of real-time tasks.
    links: Vec<Link>,
    restarts: Restarts,
    /// The wait instrument, which keeps measuring under the kernel's own scheduler. Optional.
    waits: Result<Instrument, String>,
}

/// The change of an attached scheduler since the last check.
#[derive(Debug)]
pub enum SchedulerEvent {
    /// No change: it runs, or was not attached.
    None,
    /// The kernel ended it and asked for a restart, which has been done.
    Restarted(Exit),
    /// It has ended: with the kernel's reason, or detached by another process.
    Ended(Option<Exit>),
}

impl<'obj> Scheduler<'obj> {
    /// Checks the preconditions, loads, attaches, waits until the kernel runs the scheduler, and pins it.
    ///
    /// The members of the scheduler that it `follows`, which the caller tracks as [`super::Standby`], continue in this one.
    /// So do the members of an orphan, which is taken over with these options.
    ///
    /// # Errors
    /// A [`Refusal`] for every error that a user can remedy. The scheduler that was active before stays active.
    pub fn start(
        storage: &'obj mut Storage,
        options: Options,
        follows: Option<&Handle>,
    ) -> Result<Self> {
        preflight::check()?;
        if options.stay
            && let Some(obstacle) = pins::obstacle()
        {
            bail!(Refusal::new(
                Status::KernelCannot,
                format!(
                    "--stay needs a BPF file system ({obstacle}): run `{}`",
                    obstacle.remedy()
                ),
            ));
        }
        if options.refuse_limits {
            limits::refuse()?;
        }
        let turn = StartLock::take()?;
        let left_behind = beside_another()?;
        let begun = Instant::now();
        let Loaded { skel, waits } = load::load(storage, options)?;
        debug!("loaded the scheduler in {:?}", begun.elapsed());
        if let (Err(why), false) = (&waits, options.waits == WaitsOption::Never) {
            warn!("cannot measure waits: {why}");
        }
        let handle = Handle::of(&skel, &waits)?;
        handle.members.add_own(std::process::id())?;
        let mut links = vec![
            skel.progs
                .dualq_process_exit
                .attach()
                .context("cannot attach to sched_process_exit")?,
            skel.progs
                .dualq_newtask
                .attach()
                .context("cannot attach to task_newtask")?,
            skel.progs
                .dualq_cpu_leaves
                .attach()
                .context("cannot attach to cpuhp_enter")?,
            skel.progs
                .dualq_cpu_stays
                .attach()
                .context("cannot attach to cpuhp_exit")?,
        ];
        if skel.progs.dualq_sched_switch.autoload() {
            links.push(
                skel.progs
                    .dualq_sched_switch
                    .attach()
                    .context("cannot attach to sched_switch")?,
            );
        }
        // Under the lock, and after the tracking programs, so that changes meanwhile are seen here too.
        if let Some(before) = left_behind.as_ref().or(follows) {
            handle.members.follow(&before.members)?;
        }
        let mut scheduler = Self {
            skel,
            options,
            handle,
            link: None,
            links,
            restarts: Restarts::default(),
            waits,
        };
        // Only now, when nothing except attaching can fail.
        let begun = match left_behind {
            Some(left_behind) => scheduler.take_over(&left_behind),
            None => Ok(()),
        }
        .and_then(|()| scheduler.begin());
        // If it failed, dropping takes the lock again to clean up.
        drop(turn);
        begun?;
        Ok(scheduler)
    }

    /// Ends an orphan, and continues with its members as they are then. Members that could be refused have been copied
    /// before.
    fn take_over(&self, left_behind: &Handle) -> Result<()> {
        // Its tracking programs continue until the members are copied.
        let _noticing: Vec<Link> = pins::SIDE_LINKS
            .iter()
            .filter_map(|name| pins::link(name).ok())
            .collect();
        detach_pinned()?;
        // No command reaches it after this.
        if let Err(error) = self.handle.members.follow(&left_behind.members) {
            warn!("not all members were taken over: {error:#}");
        }
        Ok(())
    }

    /// Attaches a loaded scheduler, and waits until the kernel runs it: attaching can fail after it returned without an
    /// error.
    ///
    /// # Errors
    /// A [`Refusal`] if another scheduler is active, otherwise the kernel's reason.
    pub fn attach(&mut self) -> Result<()> {
        if self.options.refuse_limits {
            limits::refuse()?;
        }
        let _turn = StartLock::take()?;
        // A link that the kernel ended still occupies the place: EBUSY, although `state` is disabled.
        self.link = None;
        if beside_another()?.is_some() {
            bail!(Refusal::new(
                Status::AnotherSchedulerRuns,
                "another dualq was attached with --stay meanwhile: end it with `dualq-top detach`",
            ));
        }
        self.begin()
    }

    /// Pins before attaching, so that an instance which sees the scheduler finds its maps.
    fn begin(&mut self) -> Result<()> {
        self.handle.set_owner(self.owner_record())?;
        // Another instance may have run since this one was last attached.
        if pins::obstacle().is_none() && !pins_are_ours() {
            // Otherwise pinned links would outlive this process without an owner.
            self.pin().inspect_err(|_| pins::remove_all())?;
        }
        self.handle.reset_exit()?;
        let _transition = self.transition();
        let begun = Instant::now();
        let link = self
            .skel
            .maps
            .dualq
            .attach_struct_ops()
            .context("cannot attach the scheduler: the kernel refused it (see `dmesg`)")?;
        wait_until(|| {
            sysfs::active_scheduler() == ActiveScheduler::Dualq
                || self.handle.exit().is_ok_and(|exit| exit.is_some())
        });
        if let Some(exit) = self.handle.exit()? {
            log::exit(&exit);
            bail!(
                "the kernel ended the scheduler at once: {exit}; details are in {}",
                log::PATH
            );
        }
        if sysfs::active_scheduler() != ActiveScheduler::Dualq {
            bail!(
                "the kernel attached the scheduler but does not run it (state: {})",
                sysfs::state()
            );
        }
        debug!("attached the scheduler in {:?}", begun.elapsed());
        if self.options.stay {
            pins::pin(link.as_fd(), pins::LINK)?;
        }
        self.link = Some(link);
        self.handle.set_owner(self.owner_record())
    }

    fn owner_record(&self) -> OwnerRecord {
        OwnerRecord {
            pid: std::process::id(),
            start_ticks: start_ticks_of(std::process::id()).unwrap_or(0),
            attached_at_ns: monotonic_ns(),
            timeout_ms: milliseconds(self.options.timeout),
            stays: self.options.stay,
            batch_fifo: self.options.batch_fifo,
            priority_fifo: self.options.priority_fifo,
        }
    }

    /// Detaches and waits until the kernel's scheduler is active. Members are kept for the next attach. If another
    /// dualq is attached instead of this one, that one is detached: see [`detach_orphan`].
    ///
    /// # Errors
    /// If the kernel still runs dualq after ten seconds, or if the other one has a living owner.
    pub fn detach(&mut self) -> Result<()> {
        let Some(link) = self.link.take() else {
            return match sysfs::active_scheduler() {
                ActiveScheduler::Dualq => detach_orphan(),
                _ => Ok(()),
            };
        };
        if pins_are_ours() {
            pins::remove(&[pins::LINK]);
        }
        let _transition = self.transition();
        let begun = Instant::now();
        drop(link);
        wait_until_detached()?;
        debug!("detached the scheduler in {:?}", begun.elapsed());
        Ok(())
    }

    /// Starts or stops measuring how long tasks wait, under any scheduler.
    ///
    /// # Errors
    /// If the instrument could not be loaded, or cannot be attached.
    pub fn measure_waits(&mut self, on: bool) -> Result<()> {
        match &mut self.waits {
            Ok(instrument) => {
                instrument.measure(on)?;
                // If another instance has replaced the pins since, they belong to that one.
                if self.options.stay && pins_are_ours() {
                    if on {
                        instrument.pin_links()?;
                    } else {
                        pins::remove(&pins::WAIT_LINKS);
                    }
                }
                Ok(())
            }
            Err(why) => bail!("cannot measure waits: {why}"),
        }
    }

    /// Marks a change of schedulers in progress, until the result is dropped.
    fn transition(&self) -> Option<Transition> {
        self.waits.as_ref().ok()?.transition().ok()
    }

    /// Returns a handle for another thread.
    ///
    /// # Errors
    /// If there are no free descriptors.
    pub fn handle(&self) -> Result<Handle> {
        self.handle.try_clone()
    }

    /// Checks whether the kernel has ended the scheduler, and attaches it again if the kernel asks for it. An end is
    /// reported once; the log keeps the reason and the kernel's dump.
    pub fn poll(&mut self) -> SchedulerEvent {
        // Not during the transition, because the kernel writes the reason last.
        let ended = || {
            !matches!(
                sysfs::active_scheduler(),
                ActiveScheduler::Dualq | ActiveScheduler::Transition
            )
        };
        if self.link.is_none() || !ended() {
            return SchedulerEvent::None;
        }
        let exit = self.handle.exit().ok().flatten();
        // Another process that detaches removes the pin. The kernel leaves it, with a dead link.
        if pins_are_ours() {
            pins::remove(&[pins::LINK]);
        }
        self.link = None;
        let Some(exit) = exit else {
            return SchedulerEvent::Ended(None);
        };
        log::exit(&exit);
        if exit.asks_restart && self.restarts.allow(Instant::now()) {
            match self.attach() {
                Ok(()) => return SchedulerEvent::Restarted(exit),
                Err(error) => warn!("the scheduler was not attached again: {error:#}"),
            }
        }
        SchedulerEvent::Ended(Some(exit))
    }

    /// Pins maps and programs, so that only their memory outlives this process, and with `--stay` also the links. Pins
    /// of a killed process are replaced.
    fn pin(&self) -> Result<()> {
        pins::remove_all();
        pins::create_dir().context("cannot pin the scheduler")?;
        let maps = &self.skel.maps;
        pins::pin(maps.priority_pids_map.as_fd(), pins::MEMBERS)?;
        pins::pin(maps.queue_stats.as_fd(), pins::COUNTERS)?;
        pins::pin(maps.own_pids.as_fd(), pins::OWN)?;
        pins::pin(maps.exit_record.as_fd(), pins::EXIT)?;
        pins::pin(maps.overdue_timer.as_fd(), pins::TIMER)?;
        let progs = &self.skel.progs;
        pins::pin(progs.dualq_change.as_fd(), pins::CHANGE)?;
        pins::pin(progs.dualq_reclassify.as_fd(), pins::RECLASSIFY)?;
        pins::pin(progs.dualq_tune.as_fd(), pins::TUNE)?;
        pins::pin(maps.trace_rings.as_fd(), pins::TRACE_RINGS)?;
        pins::pin(progs.dualq_trace.as_fd(), pins::TRACE)?;
        let noticing = [&progs.dualq_process_exit, &progs.dualq_newtask];
        for (program, name) in noticing.into_iter().zip(pins::NOTICING) {
            pins::pin(program.as_fd(), name)?;
        }
        if let Ok(instrument) = &self.waits {
            instrument.pin()?;
            if self.options.stay {
                instrument.pin_links()?;
            }
        }
        if self.options.stay {
            for (link, name) in self.links.iter().zip(pins::SIDE_LINKS) {
                pins::pin(link.as_fd(), name)?;
            }
        }
        // Last, so that an instance which can open this pin finds the others.
        pins::pin(maps.owner.as_fd(), pins::OWNER)
    }
}

/// Returns true if the pins belong to this process and not to a later one.
fn pins_are_ours() -> bool {
    Handle::pinned_owner().is_some_and(|owner| owner.pid == std::process::id() && owner.lives())
}

impl Drop for Scheduler<'_> {
    fn drop(&mut self) {
        if self.options.stay && self.link.is_some() {
            return;
        }
        // Closing the link detaches; waiting lets the caller report the result. Without a link there is nothing to
        // detach, and another process's scheduler is left alone.
        if self.link.is_some() {
            let _ = self.detach();
        }
        let _turn = StartLock::take_at_end();
        if pins_are_ours() {
            pins::remove_all();
        }
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}
