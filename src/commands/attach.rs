//! `attach`: the scheduler without a dashboard, until a signal ends it or the kernel does.

use std::{mem::MaybeUninit, sync::mpsc, thread, time::Duration};

use anyhow::{Context, Result, bail};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
};

use super::members::write;
use crate::scheduler::{Options, Scheduler};

/// How often the kernel is asked whether it still runs the scheduler: it tells no one.
const LOOK: Duration = Duration::from_millis(500);

pub fn run(options: Options) -> Result<()> {
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]).context("cannot wait for signals")?;
    let (sender, received) = mpsc::channel();
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = sender.send(signal);
        }
    });
    let mut storage = MaybeUninit::uninit();
    let mut scheduler = Scheduler::start(&mut storage, options)?;
    if options.stay {
        return write("dualq attached; `dualq-top detach` ends it\n").map(drop);
    }
    write("dualq attached; Ctrl-C gives the machine back to the kernel's scheduler\n")?;
    loop {
        match received.recv_timeout(LOOK) {
            Ok(signal) => {
                scheduler.detach()?;
                drop(scheduler);
                write("kernel default\n")?;
                std::process::exit(128 + signal);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                bail!("no signal can be received any more")
            }
            Err(mpsc::RecvTimeoutError::Timeout) if !scheduler.has_ended() => {}
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let exit = scheduler.handle()?.exit()?;
                let why = exit.map_or_else(
                    || "something detached it from outside".to_owned(),
                    |exit| format!("{}. {} {}", exit.kind, exit.reason, exit.message),
                );
                bail!("the kernel's scheduler is back: {why}");
            }
        }
    }
}
