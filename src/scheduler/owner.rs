//! Owning a scheduler: load it, attach it, see that it really runs, pin it, give the machine back.

use std::{
    mem::MaybeUninit,
    os::fd::AsFd,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use libbpf_rs::{Link, OpenObject};

use super::{
    handle::Handle,
    load,
    lock::StartLock,
    options::{Options, WaitsOption},
    owner_record::{OwnerRecord, start_ticks_of},
    pins, preflight,
    restart::Restarts,
    sysfs::{self, wait_until, wait_until_detached},
    unowned::{beside_another, detach_pinned, detach_unowned},
};
use crate::log;
use crate::model::{Exit, Ruler};
use crate::refusal::{Refusal, Status};
use crate::skeletons::dualq::DualqSkel;
use crate::waits::{Instrument, Transition};

/// A loaded scheduler of ours, attached or not. Dropping it detaches it and removes its pins.
pub struct Scheduler<'obj> {
    skel: DualqSkel<'obj>,
    options: Options,
    handle: Handle,
    /// The scheduler's link; the kernel detaches when its last descriptor closes.
    link: Option<Link>,
    /// The programs beside it: the end of a membership with its process, the birth of members'
    /// children, CPUs that go off, and on newer kernels the arrival of real-time tasks.
    links: Vec<Link>,
    restarts: Restarts,
    /// Measures on while the kernel's own scheduler runs; without it, the rest works all the same.
    waits: Result<Instrument, String>,
}

/// What has become of an attached scheduler since the last look.
#[derive(Debug)]
pub enum News {
    /// Nothing: it runs, or was not attached.
    None,
    /// The kernel ended it, asked for a restart, and has got it.
    Restarted(Exit),
    /// It has ended: with the kernel's reason, or detached from outside.
    Ended(Option<Exit>),
}

impl<'obj> Scheduler<'obj> {
    /// Looks whether it can, loads, attaches, waits until the kernel says that it runs, and pins.
    ///
    /// The members of the scheduler that it `follows`, whose [`super::Heir`] the caller is, go on in this one.
    /// So do those of one that was asked to stay and whose owner has gone: that one is taken over, under
    /// these options.
    ///
    /// # Errors
    /// A [`Refusal`] for everything that a person can remedy; whatever scheduled before goes on then.
    pub fn start(
        storage: &'obj mut MaybeUninit<OpenObject>,
        options: Options,
        follows: Option<&Handle>,
    ) -> Result<Self> {
        preflight::check()?;
        if options.stay && !pins::mounted() {
            bail!(Refusal::new(
                Status::KernelCannot,
                "to stay, the scheduler needs a BPF file system: mount -t bpf bpf /sys/fs/bpf",
            ));
        }
        let turn = StartLock::take()?;
        let left_behind = beside_another()?;
        let skel = load::load(storage, options)?;
        let waits = load::instrument(&skel, options).map_err(|error| format!("{error:#}"));
        if let (Err(why), false) = (&waits, options.waits == WaitsOption::Never) {
            log::line(&format!("wait times cannot be measured: {why}"));
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
        // In its turn, and after the programs that notice births and ends: what changes meanwhile is here too.
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
        // Only now, when nothing but the attaching is left that could fail.
        let begun = match left_behind {
            Some(left_behind) => scheduler.take_over(&left_behind),
            None => Ok(()),
        }
        .and_then(|()| scheduler.begin());
        // Where it failed, the drop takes a turn of its own to clean up.
        drop(turn);
        begun?;
        Ok(scheduler)
    }

    /// Ends one that was left behind, and goes on with its members as they are then: what could be refused
    /// has been copied.
    fn take_over(&self, left_behind: &Handle) -> Result<()> {
        // Its programs that notice births and ends go on until the members are ours.
        let _noticing: Vec<Link> = pins::SIDE_LINKS
            .iter()
            .filter_map(|name| pins::link(name).ok())
            .collect();
        detach_pinned()?;
        // From now on no command reaches it.
        if let Err(error) = self.handle.members.follow(&left_behind.members) {
            log::line(&format!("not all members were taken over: {error:#}"));
        }
        Ok(())
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
        if beside_another()?.is_some() {
            bail!(Refusal::new(
                Status::AnotherSchedulerRuns,
                "another dualq was attached meanwhile, to stay: `dualq-top detach` ends it",
            ));
        }
        self.begin()
    }

    /// Pins first: who sees the scheduler attached finds its maps.
    fn begin(&mut self) -> Result<()> {
        self.handle.set_owner(self.owner_record())?;
        // Another instance may have come and gone since this one was attached last.
        if pins::mounted() && !pins_are_ours() {
            // Half of them would be nobody's: links among them would run on after this process.
            self.pin().inspect_err(|_| pins::remove_all())?;
        }
        self.handle.reset_exit()?;
        let _transition = self.transition();
        let link = self
            .skel
            .maps
            .dualq
            .attach_struct_ops()
            .context("the kernel refused the scheduler (its log, `dmesg`, may say why)")?;
        wait_until(|| {
            sysfs::ruler() == Ruler::Dualq || self.handle.exit().is_ok_and(|exit| exit.is_some())
        });
        if let Some(exit) = self.handle.exit()? {
            log::exit(&exit);
            bail!(
                "the kernel ended the scheduler at once: {exit}. More is in {}",
                log::PATH
            );
        }
        if sysfs::ruler() != Ruler::Dualq {
            bail!(
                "the kernel attached the scheduler but does not run it (state: {})",
                sysfs::state()
            );
        }
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
            guarantee_percent: u32::from(self.options.guarantee_percent),
            timeout_ms: milliseconds(self.options.timeout),
            stays: self.options.stay,
            batch_fifo: self.options.batch_fifo,
            priority_slice_ms: milliseconds(self.options.priority_slice),
            batch_slice_ms: milliseconds(self.options.batch_slice),
        }
    }

    /// Gives the machine back to the kernel's scheduler and waits until it has it. Members are
    /// kept for the next attach. Where this one is not attached but another dualq is, that one is
    /// meant: see [`detach_unowned`].
    ///
    /// # Errors
    /// Where the kernel still runs ours after ten seconds, or the other one has a living owner.
    pub fn detach(&mut self) -> Result<()> {
        let Some(link) = self.link.take() else {
            return match sysfs::ruler() {
                Ruler::Dualq => detach_unowned(),
                _ => Ok(()),
            };
        };
        if pins_are_ours() {
            pins::remove(&[pins::LINK]);
        }
        let _transition = self.transition();
        drop(link);
        wait_until_detached()
    }

    /// Begins or ends to measure how long tasks wait, whoever rules.
    ///
    /// # Errors
    /// Where the instrument could not be loaded, or cannot be attached.
    pub fn measure_waits(&mut self, on: bool) -> Result<()> {
        match &mut self.waits {
            Ok(instrument) => {
                instrument.measure(on)?;
                // Another instance may have replaced them since: then they keep that one measuring.
                if self.options.stay && pins_are_ours() {
                    if on {
                        instrument.pin_links()?;
                    } else {
                        pins::remove(&pins::WAIT_LINKS);
                    }
                }
                Ok(())
            }
            Err(why) => bail!("wait times cannot be measured: {why}"),
        }
    }

    /// While it is held, a change of schedulers is under way.
    fn transition(&self) -> Option<Transition> {
        self.waits.as_ref().ok()?.transition().ok()
    }

    /// A hold for another thread.
    ///
    /// # Errors
    /// Where the kernel gives no more descriptors.
    pub fn handle(&self) -> Result<Handle> {
        self.handle.try_clone()
    }

    /// Looks whether the kernel has ended it, and attaches it again where the kernel asks for that.
    /// Of an end there is news once; the reason and the kernel's dump are in the log from then on.
    pub fn news(&mut self) -> News {
        // Not while the kernel is still at it: the reason is written last.
        let ended = || !matches!(sysfs::ruler(), Ruler::Dualq | Ruler::Transition);
        if self.link.is_none() || !ended() {
            return News::None;
        }
        let exit = self.handle.exit().ok().flatten();
        // Detaching from outside removes the pin; an end by the kernel leaves it, with a dead link.
        if pins_are_ours() {
            pins::remove(&[pins::LINK]);
        }
        self.link = None;
        let Some(exit) = exit else {
            return News::Ended(None);
        };
        log::exit(&exit);
        if exit.asks_restart && self.restarts.allow(Instant::now()) {
            match self.attach() {
                Ok(()) => return News::Restarted(exit),
                Err(error) => log::line(&format!("not restarted: {error:#}")),
            }
        }
        News::Ended(Some(exit))
    }

    /// Only maps and programs are pinned, so that nothing outlives this process but their memory;
    /// links too where the scheduler is to stay. Pins left by a process that was killed are
    /// replaced here.
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
        // Last: who can open this one finds the others in place.
        pins::pin(maps.owner.as_fd(), pins::OWNER)
    }
}

/// Are the pins those of this process, not of one that came after it?
fn pins_are_ours() -> bool {
    Handle::pinned_owner().is_some_and(|owner| owner.pid == std::process::id() && owner.lives())
}

impl Drop for Scheduler<'_> {
    fn drop(&mut self) {
        if self.options.stay && self.link.is_some() {
            return;
        }
        // Closing the link is what detaches; the wait only lets the caller report the truth. Without
        // one there is nothing to detach, and what another has attached is not for this one to end.
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
