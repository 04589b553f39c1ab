//! `attach`: runs the scheduler without the dashboard, until a signal or the kernel ends it. If another
//! instance has attached it, this one waits and takes over.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use anyhow::{Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::following::Following;
use super::metrics::Metrics;
use crate::cli::AttachOptions;
use crate::model::ActiveScheduler;
use crate::scheduler::{
    Handle, Inherited, Options, Scheduler, SchedulerEvent, Standby, Storage, WaitsOption, limits,
    pins, sysfs,
};
use crate::service::{Level, responder};
use crate::sys::capabilities;
use crate::sys::log;
use crate::sys::signals;

/// Interval for checking that the kernel still runs the scheduler. There is no event for it.
const LOOK: Duration = Duration::from_millis(500);
/// The time for the last words to be read.
const LAST_WORDS: Duration = Duration::from_millis(500);

pub fn run(asked: &AttachOptions, options: Options) -> Result<()> {
    let mut following = Following::read(asked)?;
    let result = attach(asked, options, &mut following);
    // What nobody reads by then is lost.
    let _ = following.is_read_within(LAST_WORDS);
    result
}

fn attach(asked: &AttachOptions, mut options: Options, following: &mut Following) -> Result<()> {
    if options.waits == WaitsOption::Later {
        // There is no key here to turn it on later.
        options.waits = WaitsOption::Never;
    }
    let metrics = asked.metrics.map(Metrics::listen).transpose()?;
    let signals = signals::receive(asked.service)?;
    // `--stay` applies to a start, and there is none beside a living owner: `start` refuses.
    let before = match living_owner() {
        Some((handle, owner)) if !options.stay => {
            let standby = Standby::of(&handle)?;
            if let Some(signal) = wait_for(&handle, owner, &signals, following)? {
                return end_in_order(signal);
            }
            Some((handle, standby))
        }
        _ => None,
    };
    let follows = before.as_ref().map(|(handle, _)| handle);
    let mut storage = Storage::default();
    let mut scheduler = Scheduler::start(&mut storage, options, follows)?;
    // Keeps the maps of the scheduler before, and the programs that track new processes there.
    drop(before);
    following.load()?;
    capabilities::drop_unneeded()?;
    let taken_over = match scheduler.handle()?.members.entries()?.len() {
        0 => String::new(),
        1 => ", with 1 member taken over".to_owned(),
        many => format!(", with {many} members taken over"),
    };
    if let Some(obstacle) = pins::obstacle() {
        following.say(
            Level::Warning,
            &format!("{obstacle}, so other commands cannot reach this scheduler; run `{}` and attach again", obstacle.remedy()),
        );
    }
    if let Some(sentence) = limits::lifted() {
        following.say(
            Level::Warning,
            &format!("{sentence}; --refuse-limits does not attach beside any"),
        );
    }
    if options.stay {
        let sentence = format!("dualq attached{taken_over}; `dualq-top detach` ends it");
        let mut said = false;
        loop {
            // A signal came during the start, or while nobody reads the sentence.
            if let Ok(signal) = signals.try_recv() {
                give_back(scheduler, following)?;
                // It was asked to stay, and does not.
                signals::end_by(signal);
            }
            if !said {
                following.say(Level::Info, &sentence);
                said = true;
            }
            if following.is_read_within(LOOK) {
                return Ok(());
            }
        }
    }
    let end = if asked.service { "SIGTERM" } else { "Ctrl-C" };
    following.say(
        Level::Info,
        &format!(
            "dualq attached{taken_over}; {end} gives the machine back to the kernel's scheduler"
        ),
    );
    following.begin(scheduler.handle()?)?;
    if let Some((metrics, address)) = &metrics {
        metrics.begin(scheduler.handle()?);
        let path = responder::PATH;
        following.say(Level::Info, &format!("metrics: http://{address}{path}"));
    }
    following.ready("attached");
    following.note_scheduler("attached");
    let members = scheduler.handle()?.members;
    let mut inherited = Inherited::since_now(&members);
    loop {
        inherited.look(&members);
        following.tell_changes();
        match heard(&signals)? {
            Some(signal) if following.is_for_the_rules(signal) => {}
            Some(signal) => {
                following.stopping();
                give_back(scheduler, following)?;
                return end_in_order(signal);
            }
            None => {}
        }
        match scheduler.poll() {
            SchedulerEvent::None => {}
            SchedulerEvent::Restarted(exit) => {
                let line =
                    format!("the kernel asked for a restart ({exit}): dualq was attached again");
                following.say(Level::Warning, &line);
            }
            SchedulerEvent::Ended(Some(exit)) => bail!(
                "the kernel's scheduler is back: {exit}. `dualq-top attach` starts dualq again; details are in {}",
                log::PATH
            ),
            SchedulerEvent::Ended(None) => {
                bail!("the kernel's scheduler is back: another process detached dualq")
            }
        }
    }
}

/// Detaches, so that the kernel's own scheduler runs again.
fn give_back(mut scheduler: Scheduler<'_>, following: &Following) -> Result<()> {
    scheduler.detach()?;
    drop(scheduler);
    following.note_scheduler("detached");
    following.say(Level::Info, "kernel default");
    let _ = following.is_read_within(LAST_WORDS);
    Ok(())
}

/// Ends the program in order. These two are how a service manager and a user end what has done its
/// work: another status would be a failure to them.
fn end_in_order(signal: i32) -> Result<()> {
    match signal {
        SIGINT | SIGTERM => Ok(()),
        _ => signals::end_by(signal),
    }
}

/// Returns a signal if one comes before the next check of the kernel.
fn heard(signals: &Receiver<i32>) -> Result<Option<i32>> {
    match signals.recv_timeout(LOOK) {
        Ok(signal) => Ok(Some(signal)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => bail!("cannot receive signals any more"),
    }
}

/// Returns the running scheduler and its owner, if there is one.
fn living_owner() -> Option<(Handle, u32)> {
    if sysfs::active_scheduler() != ActiveScheduler::Dualq {
        return None;
    }
    // `start` reports why it cannot be opened.
    let handle = Handle::open().ok()?;
    let owner = handle.living_owner().ok()??;
    Some((handle, owner))
}

/// Waits until the owner has ended, so that its members can be taken over, or until a signal comes.
fn wait_for(
    handle: &Handle,
    owner: u32,
    signals: &Receiver<i32>,
    following: &mut Following,
) -> Result<Option<i32>> {
    following.say(
        Level::Info,
        &format!(
            "dualq is already attached by process {owner}: waiting to take over when it ends; Ctrl-C stops waiting"
        ),
    );
    following.ready("standby: takes over when the owner ends");
    while handle.living_owner()?.is_some() {
        if let Some(signal) = heard(signals)?
            && !following.is_for_the_rules(signal)
        {
            return Ok(Some(signal));
        }
    }
    Ok(None)
}
