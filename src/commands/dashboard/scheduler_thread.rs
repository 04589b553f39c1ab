//! The thread that owns the scheduler, or may attach it later. Attaching and detaching block for 0.2 s, and a
//! stalled terminal must not delay a detach. So they have their own thread, which signals reach directly.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};

use crate::model::{Cause, Exit};
use crate::observe::SamplerRequest;
use crate::scheduler::{
    CurrentScheduler, Inherited, Options, Scheduler, SchedulerEvent, Standby, Storage, changes,
    detach_orphan, sysfs,
};
use crate::sys::capabilities;
use crate::sys::failpoint;
use crate::sys::signals;
use crate::tui::app::Event;
use crate::tui::event_queue::EventSender;

/// Interval for checking that the kernel still runs the scheduler. There is no event for it.
const LOOK: Duration = Duration::from_millis(500);

/// A request to the thread.
#[derive(Debug, Clone, Copy)]
pub enum Request {
    Attach,
    Detach,
    /// A process was moved. If another process owns the scheduler, a later `Attach` takes over its members, even if
    /// it ends very soon.
    Follow,
    /// Start or stop measuring how long tasks wait.
    MeasureWaits(bool),
    End,
}

/// The channels for the results.
#[derive(Clone)]
pub struct Outlets {
    pub events: EventSender,
    pub sampler: Sender<SamplerRequest>,
    /// Learns of the scheduler that this process attaches.
    pub scheduler: CurrentScheduler,
}

impl Outlets {
    fn answer(&self, result: Result<()>) {
        let _ = self.events.send(Event::Scheduler(
            result.map_err(|error| format!("{error:#}")),
        ));
        let _ = self.sampler.send(SamplerRequest::Changed);
    }

    fn waits_switched(&self, result: Result<bool>) {
        let _ = self
            .events
            .send(Event::Waits(result.map_err(|error| format!("{error:#}"))));
        let _ = self.sampler.send(SamplerRequest::Within(Duration::ZERO));
    }

    fn restarted(&self, exit: &Exit) {
        let _ = self.events.send(Event::Restarted(exit.to_string()));
        let _ = self.sampler.send(SamplerRequest::Within(Duration::ZERO));
    }
}

/// The running thread. It ends with [`Request::End`], or when this is dropped: a panic of the drawing thread must
/// not end the process before the scheduler is detached and its pins are gone.
pub struct SchedulerThread {
    pub requests: Sender<Request>,
    thread: Option<JoinHandle<()>>,
}

impl SchedulerThread {
    /// Ends the scheduler and waits for its end. Returns false if the thread has panicked.
    pub fn end(&mut self) -> bool {
        let _ = self.requests.send(Request::End);
        let thread = self.thread.take();
        thread.is_none_or(|thread| thread.join().is_ok())
    }
}

impl Drop for SchedulerThread {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the scheduler at once, on the new thread.
///
/// # Errors
/// The reason why it could not be started. No thread is left then.
pub fn own(options: Options, outlets: Outlets) -> Result<SchedulerThread> {
    let (requests, taken) = mpsc::channel();
    let (started, answer) = mpsc::channel();
    let thread = Some(spawn(move || {
        let mut storage = Storage::default();
        let begun = Scheduler::start(&mut storage, options, None).and_then(|scheduler| {
            capabilities::drop_unneeded()?;
            outlets.scheduler.own(scheduler.handle()?);
            Ok(scheduler)
        });
        match begun {
            Err(error) => {
                let _ = started.send(Err(error));
            }
            Ok(scheduler) => {
                if started.send(Ok(())).is_ok() {
                    note(Cause::Command, "attached");
                    keep(scheduler, options.stay, &taken, &outlets);
                }
            }
        }
    })?);
    answer.recv().context("the scheduler's thread ended")??;
    Ok(SchedulerThread { requests, thread })
}

/// Starts the thread without a scheduler, because another one is active. If that is a dualq scheduler, a later
/// attach continues with its members and options.
///
/// # Errors
/// If the thread cannot be started.
pub fn stand_by(options: Options, outlets: Outlets) -> Result<SchedulerThread> {
    let (requests, taken) = mpsc::channel();
    let thread = Some(spawn(move || {
        wait(options, &taken, &outlets);
    })?);
    Ok(SchedulerThread { requests, thread })
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = thread::Builder::new().name("scheduler".to_owned());
    // The thread starts before signals are handled.
    signals::with_signals_blocked(|| thread.spawn(run))?.context("cannot start a thread")
}

/// Waits until an attach is requested and succeeds.
fn wait(own: Options, requests: &Receiver<Request>, outlets: &Outlets) {
    let mut standby = Standby::follow(None, outlets.scheduler.handle().as_deref());
    loop {
        let request = match requests.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Disconnected) => return,
            request => request.ok(),
        };
        let joined = outlets.scheduler.follow(&sysfs::active_scheduler());
        let joined = joined.as_deref();
        standby = Standby::follow(standby, joined);
        let Some(request) = request else { continue };
        match request {
            Request::End => return,
            // Done.
            Request::Follow => {}
            Request::Detach => outlets.answer(detach_orphan().inspect(|()| note(Cause::Key, "detached"))),
            Request::MeasureWaits(_) => outlets.waits_switched(Err(anyhow!(
                "cannot turn measuring on or off here: use the dashboard that attached the scheduler"
            ))),
            Request::Attach => {
                let options = joined.and_then(|handle| handle.options().ok().flatten());
                let options = options.unwrap_or(own);
                let mut storage = Storage::default();
                let begun = Scheduler::start(&mut storage, options, joined)
                    .and_then(|scheduler| {
                        capabilities::drop_unneeded()?;
                        outlets.scheduler.own(scheduler.handle()?);
                        Ok(scheduler)
                    });
                match begun {
                    Err(error) => outlets.answer(Err(error)),
                    Ok(scheduler) => {
                        note(Cause::Key, "attached");
                        outlets.answer(Ok(()));
                        // The new scheduler has its own programs.
                        drop(standby);
                        return keep(scheduler, options.stay, requests, outlets);
                    }
                }
            }
        }
    }
}

/// Notes that this process has attached or detached the scheduler, as `attach` does.
fn note(cause: Cause, state: &str) {
    changes::note(&[changes::set(cause, format!("scheduler {state}"))]);
}

/// Carries out requests until the end. Dropping the scheduler detaches it, unless it stays.
fn keep(
    mut scheduler: Scheduler<'_>,
    stays: bool,
    requests: &Receiver<Request>,
    outlets: &Outlets,
) {
    let attached = serve(&mut scheduler, requests, outlets);
    drop(scheduler);
    if attached && !stays {
        note(Cause::Command, "detached");
    }
}

/// Returns whether the scheduler is attached at the end.
fn serve(scheduler: &mut Scheduler<'_>, requests: &Receiver<Request>, outlets: &Outlets) -> bool {
    let members = scheduler.handle().map(|handle| handle.members).ok();
    // From here on, and not from the first pause between two requests.
    let mut inherited = members.as_ref().map(Inherited::since_now);
    let mut attached = true;
    loop {
        failpoint::here();
        match requests.recv_timeout(LOOK) {
            Ok(Request::Attach) => {
                let result = scheduler.attach();
                if result.is_ok() {
                    attached = true;
                    note(Cause::Key, "attached");
                }
                outlets.answer(result);
            }
            Ok(Request::Detach) => {
                let result = scheduler.detach();
                if result.is_ok() {
                    attached = false;
                    note(Cause::Key, "detached");
                }
                outlets.answer(result);
            }
            Ok(Request::MeasureWaits(on)) => {
                outlets.waits_switched(scheduler.measure_waits(on).map(|()| on));
            }
            Ok(Request::Follow) => {}
            Ok(Request::End) | Err(RecvTimeoutError::Disconnected) => return attached,
            // The next snapshot shows the end and its reason.
            Err(RecvTimeoutError::Timeout) => {
                match scheduler.poll() {
                    SchedulerEvent::None => {}
                    SchedulerEvent::Restarted(exit) => outlets.restarted(&exit),
                    SchedulerEvent::Ended(_) => attached = false,
                }
                if let (Some(members), Some(inherited)) = (&members, &mut inherited) {
                    inherited.look(members);
                }
            }
        }
    }
}
