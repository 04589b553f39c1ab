//! `attach`: the scheduler without a dashboard, until a signal ends it or the kernel does. Where
//! another instance has attached it, this one waits to take its place.

use std::{
    mem::MaybeUninit,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::following::Following;
use super::members::write;
use crate::cli::AttachOptions;
use crate::log;
use crate::model::Ruler;
use crate::rights;
use crate::scheduler::{Handle, Heir, News, Options, Scheduler, WaitsOption, pins, sysfs};
use crate::service::Level;
use crate::signal;

/// How often the kernel is asked whether it still runs the scheduler: it tells no one.
const LOOK: Duration = Duration::from_millis(500);

pub fn run(asked: &AttachOptions, mut options: Options) -> Result<()> {
    if options.waits == WaitsOption::Later {
        // There is no key here that would switch it on.
        options.waits = WaitsOption::Never;
    }
    let mut following = Following::read(asked)?;
    let signals = signals()?;
    // To stay is asked of a start, and there is none beside a living owner: `start` refuses.
    let before = match living_owner() {
        Some((handle, owner)) if !options.stay => {
            let heir = Heir::of(&handle)?;
            wait_for(&handle, owner, &signals, &mut following)?;
            Some((handle, heir))
        }
        _ => None,
    };
    let follows = before.as_ref().map(|(handle, _)| handle);
    let mut storage = MaybeUninit::uninit();
    let mut scheduler = Scheduler::start(&mut storage, options, follows)?;
    // With the maps of the one before, and what noticed births there.
    drop(before);
    following.load()?;
    rights::give_up()?;
    let members = scheduler.handle()?.members.entries()?.len();
    let taken_over = match members {
        0 => String::new(),
        1 => ", with 1 member taken over".to_owned(),
        many => format!(", with {many} members taken over"),
    };
    if !pins::mounted() {
        following.say(
            Level::Warning,
            "no BPF file system is mounted: `list`, `add` and the like cannot reach this scheduler; mount -t bpf bpf /sys/fs/bpf, then attach again",
        );
    }
    if options.stay {
        // While it was starting.
        if let Ok(signal) = signals.try_recv() {
            return give_back(scheduler, signal);
        }
        write(&format!(
            "dualq attached{taken_over}; `dualq-top detach` ends it\n"
        ))?;
        return Ok(());
    }
    let end = if asked.service { "SIGTERM" } else { "Ctrl-C" };
    following.say(
        Level::Info,
        &format!(
            "dualq attached{taken_over}; {end} gives the machine back to the kernel's scheduler"
        ),
    );
    following.begin(scheduler.handle()?)?;
    following.ready("attached");
    loop {
        match heard(&signals)? {
            Some(signal) if following.is_for_the_rules(signal) => {}
            Some(signal) => {
                following.stopping();
                return give_back(scheduler, signal);
            }
            None => {}
        }
        match scheduler.news() {
            News::None => {}
            News::Restarted(exit) => {
                let line =
                    format!("the kernel asked for a restart ({exit}): dualq is attached again");
                following.say(Level::Warning, &line);
            }
            News::Ended(Some(exit)) => bail!(
                "the kernel's scheduler is back: {exit}. `dualq-top attach` starts ours again; more is in {}",
                log::PATH
            ),
            News::Ended(None) => {
                bail!("the kernel's scheduler is back: something detached ours from outside")
            }
        }
    }
}

/// The kernel's own scheduler runs again, and the program ends as this signal asks.
fn give_back(mut scheduler: Scheduler<'_>, signal: i32) -> Result<()> {
    scheduler.detach()?;
    drop(scheduler);
    write("kernel default\n")?;
    std::process::exit(128 + signal);
}

/// Signals go to a thread, so that one that comes while attaching is not lost.
fn signals() -> Result<Receiver<i32>> {
    let mut signals = signal::listen(&[SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let (sender, received) = mpsc::channel();
    thread::spawn(move || {
        let _ = rights::give_up();
        for signal in signals.forever() {
            if sender.send(signal).is_err() {
                return;
            }
        }
    });
    Ok(received)
}

/// A signal, if one comes before it is time to look at the kernel again.
fn heard(signals: &Receiver<i32>) -> Result<Option<i32>> {
    match signals.recv_timeout(LOOK) {
        Ok(signal) => Ok(Some(signal)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => bail!("no signal can be received any more"),
    }
}

/// The scheduler that runs and the process that answers for it, if there is one.
fn living_owner() -> Option<(Handle, u32)> {
    if sysfs::ruler() != Ruler::Dualq {
        return None;
    }
    // What keeps it from being opened, `start` says.
    let handle = Handle::open().ok()?;
    let owner = handle.living_owner().ok()??;
    Some((handle, owner))
}

/// Until the owner has gone; then its members are for the taking.
fn wait_for(
    handle: &Handle,
    owner: u32,
    signals: &Receiver<i32>,
    following: &mut Following,
) -> Result<()> {
    following.say(
        Level::Info,
        &format!(
            "process {owner} has attached dualq already: this one takes over when that one ends; Ctrl-C leaves it alone"
        ),
    );
    following.ready("standby: takes over when the owner ends");
    while handle.living_owner()?.is_some() {
        if let Some(signal) = heard(signals)?
            && !following.is_for_the_rules(signal)
        {
            std::process::exit(128 + signal);
        }
    }
    Ok(())
}
