//! The dashboard as a command: finds out what it may do, starts the threads, runs the loop and cleans up.
//! It may import: `cli`, `demo`, `kernel`, `model`, `observe`, `record`, `refusal`, `scheduler`, `sys`,
//! `trace`, `tui`.
//! It must never know: another command, the rules.

mod executor;
mod scheduler_thread;
mod trace;

use std::{
    cell::RefCell,
    io::{IsTerminal, stdin, stdout},
    path::Path,
    rc::Rc,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGTSTP};

use crate::cli::{Look, ThemeName};
use crate::demo::Plan;
use crate::model::ActiveScheduler;
use crate::observe::{self, Observer, SamplerRequest};
use crate::record::{self, Past, Recorder};
use crate::refusal::{Refusal, Status};
use crate::scheduler::{CurrentScheduler, Handle, Options, preflight, sysfs};
use crate::sys::capabilities;
use crate::sys::failpoint;
use crate::sys::faults;
use crate::sys::signals;
use crate::tui::app::preferences::Preferences;
use crate::tui::app::{App, Command, Event, Outcome};
use crate::tui::effects::{Effects, Happened};
use crate::tui::event_queue::{self, EventReceiver, EventSender};
use crate::tui::input;
use crate::tui::run::Dashboard;
use crate::tui::terminal::{self, Tui};
use crate::tui::ui::theme::{Depth, Theme};
use executor::Executor;
use scheduler_thread::{Outlets, Request, SchedulerThread};

/// The scheduler's side of this run of the dashboard.
struct Kernel {
    /// The reason for view mode.
    view: Option<String>,
    scheduler: CurrentScheduler,
    /// `None` if this process may not attach one.
    thread: Option<SchedulerThread>,
}

/// The way in which the dashboard starts.
pub enum Start {
    Usual,
    /// In view mode (`--view`).
    View,
    /// With a demonstration load from the start.
    Demo(Plan),
}

impl Start {
    pub fn usual(view: bool) -> Self {
        if view { Self::View } else { Self::Usual }
    }
}

pub fn run(
    options: Options,
    look: Look,
    preferences: Preferences,
    start: Start,
    record: Option<&Path>,
) -> Result<()> {
    if !(stdin().is_terminal() && stdout().is_terminal()) {
        bail!(Refusal::new(
            Status::BadArgument,
            "stdout is not a terminal: the dashboard needs one; for scripts there are `attach`, `list` and `stats`",
        ));
    }
    fix_path();

    let (events, received) = event_queue::channel();
    let recording = record.map(|path| record::start(path, events.clone()));
    let (recorder, recorded) = recording.transpose()?.unzip();
    if let Some(recorder) = recorder.clone() {
        // Also while the screen is paused.
        events.on_unseen(move |event| recorder.note(Happened::Event(event)));
    }
    let (sampler, heard) = mpsc::channel();
    let connected = match start {
        Start::View => Ok(only_look()),
        _ => connect(options, &events, &sampler),
    };
    if let (Err(_), Some(recorded)) = (&connected, &recorded) {
        recorded.discard();
    }
    let kernel = connected?;
    let Kernel {
        view,
        scheduler,
        thread,
    } = kernel;
    let past = Past::new().ok().map(|past| Rc::new(RefCell::new(past)));
    let executor = Executor {
        scheduler,
        past: past.clone(),
        requests: thread.as_ref().map(|thread| thread.requests.clone()),
        sampler,
        events: events.clone(),
        supervisor: None,
        plan: match start {
            Start::Demo(plan) => Some(plan),
            _ => None,
        },
    };
    let app = App::with(preferences);
    let note = |happened: Happened<'_>| {
        if let Some(past) = &past {
            past.borrow_mut().note(happened);
        }
        recorder.as_ref()?.note(happened)
    };
    let dashboard = Dashboard::new(app).theme(theme(look)).on_happened(note);
    let outcome = show(
        view,
        executor,
        recorder.clone(),
        dashboard,
        &events,
        &received,
        heard,
    );
    let ended = thread.is_none_or(|mut thread| thread.end());
    // A panic while the dashboard ran has been reported already.
    if !ended && !matches!(outcome, Ok(Outcome::Panicked(_))) {
        bail!("the scheduler's thread panicked; the kernel's scheduler is back");
    }
    if let (Some(recorder), Some(recorded)) = (&recorder, recorded) {
        recorder.end();
        recorded.wait();
    }
    conclude(outcome?)
}

/// Sets a safe PATH: crossterm may run `tput`, and as root the caller must not choose the program.
#[allow(unsafe_code)]
fn fix_path() {
    // SAFETY: no other thread exists yet.
    unsafe { std::env::set_var("PATH", "/usr/sbin:/usr/bin:/sbin:/bin") };
}

/// Returns the exit status for the dashboard's outcome.
pub(super) fn conclude(outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Quit => Ok(()),
        Outcome::Signal(signal) => signals::end_by(signal),
        Outcome::TerminalGone => std::process::exit(128 + SIGHUP),
        Outcome::Panicked(message) => bail!("internal error: {message}"),
    }
}

/// View mode. Shows a running dualq scheduler if its maps can be read.
fn only_look() -> Kernel {
    Kernel {
        view: Some("requested with --view, nothing is attached or moved".to_owned()),
        scheduler: Handle::open()
            .map(CurrentScheduler::other)
            .unwrap_or_default(),
        thread: None,
    }
}

/// Attaches the scheduler if possible, joins a running dualq if there is one, and otherwise uses view mode.
fn connect(
    options: Options,
    events: &EventSender,
    sampler: &Sender<SamplerRequest>,
) -> Result<Kernel> {
    let outlets = |scheduler: &CurrentScheduler| Outlets {
        events: events.clone(),
        sampler: sampler.clone(),
        scheduler: scheduler.clone(),
    };
    let waits = |scheduler: CurrentScheduler| -> Result<Kernel> {
        Ok(Kernel {
            view: None,
            thread: Some(scheduler_thread::stand_by(options, outlets(&scheduler))?),
            scheduler,
        })
    };
    let refusal = if sysfs::active_scheduler() == ActiveScheduler::Dualq {
        match join() {
            Ok(handle) => return waits(CurrentScheduler::other(handle)),
            Err(error) => error.downcast::<Refusal>()?,
        }
    } else {
        let scheduler = CurrentScheduler::default();
        match scheduler_thread::own(options, outlets(&scheduler)) {
            Ok(thread) => {
                return Ok(Kernel {
                    view: None,
                    scheduler,
                    thread: Some(thread),
                });
            }
            Err(error) => error.downcast::<Refusal>()?,
        }
    };
    match refusal.status {
        // The other scheduler may end later; then `x` attaches dualq.
        Status::AnotherSchedulerRuns => waits(CurrentScheduler::default()),
        Status::NotPermitted => Ok(Kernel {
            view: Some(refusal.sentence),
            scheduler: CurrentScheduler::default(),
            thread: None,
        }),
        _ => bail!(refusal),
    }
}

fn join() -> Result<Handle> {
    let handle = Handle::open()?;
    preflight::in_first_pid_namespace()?;
    Ok(handle)
}

/// Returns the theme of the command line, or of the environment if none is given.
pub(super) fn theme(look: Look) -> Theme {
    let theme = match look.theme {
        Some(ThemeName::Dark) => Theme::dark_in(Depth::of_environment()),
        Some(ThemeName::Light) => Theme::light_in(Depth::of_environment()),
        Some(ThemeName::Mono) => Theme::plain(),
        None if Theme::colours_unwanted() => Theme::plain(),
        None => Theme::dark_in(Depth::of_environment()),
    };
    if look.ascii { theme.in_ascii() } else { theme }
}

fn show(
    view: Option<String>,
    mut executor: Executor,
    recorder: Option<Recorder>,
    dashboard: Dashboard<'_>,
    events: &EventSender,
    received: &EventReceiver,
    heard: Receiver<SamplerRequest>,
) -> Result<Outcome> {
    listen_to_signals(events.clone(), executor.requests.clone(), recorder)?;

    let mut tui = Tui::new()?;
    terminal::report_panics(events.clone());
    let scheduler = executor.scheduler.clone();
    let interval = dashboard.app().interval();
    let snapshots = events.clone();
    thread::Builder::new()
        .name("observe".to_owned())
        .spawn(move || {
            // The observer loads its own BPF program.
            let observer = Observer::new("/proc".into(), view, scheduler);
            let _ = capabilities::drop_unneeded();
            observe::run(observer, interval, &heard, &snapshots);
        })?;
    // The demonstration's processes inherit the remaining capabilities.
    capabilities::drop_unneeded()?;
    input::spawn(events.clone()).context("cannot read the terminal")?;

    if executor.plan.is_some()
        && let Some(event) = executor.perform(Command::Demo(true))
    {
        let _ = events.send(event);
    }
    dashboard
        .on_suspend(terminal::suspend)
        .on_resume(terminal::resume)
        .run(tui.screen(), received, &mut executor)
}

/// Detaches at once on a signal that ends the program, even if the drawing thread is blocked, and sees to
/// it that the program ends.
pub(super) fn listen_to_signals(
    events: EventSender,
    requests: Option<Sender<Request>>,
    recorder: Option<Recorder>,
) -> Result<()> {
    faults::on_fault(terminal::restore_at_fault).context("cannot handle faults")?;
    let ending = signals::ENDING.into_iter().chain(signals::fatal());
    let mut signals = signals::listen(ending.chain([SIGTSTP, SIGCONT]))?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let _ = capabilities::drop_unneeded();
            for signal in signals.forever() {
                failpoint::here();
                let ends = ![SIGTSTP, SIGCONT].contains(&signal);
                if let Some(requests) = requests.as_ref().filter(|_| ends) {
                    let _ = requests.send(Request::End);
                }
                let _ = events.send(match signal {
                    SIGTSTP => Event::Suspend,
                    SIGCONT => Event::Continued,
                    signal => Event::Terminated(signal),
                });
                if ends {
                    insist(signal, recorder.as_ref());
                }
            }
        })?;
    Ok(())
}

/// The time limit for an orderly end, before unread output is discarded.
const IN_ORDER: Duration = Duration::from_millis(800);
/// The time limit while nobody reads the terminal.
const UNREAD: Duration = Duration::from_millis(1600);
/// The time limit for giving the terminal back in any case.
const AT_ALL: Duration = Duration::from_secs(10);

/// Sees to it that the program ends, though the thread that draws, or one that prints, may be blocked by
/// a terminal that nobody reads. Once the terminal has been given back, the orderly end is under way.
fn insist(signal: i32, recorder: Option<&Recorder>) {
    let begun = Instant::now();
    loop {
        thread::sleep(Duration::from_millis(100));
        let passed = begun.elapsed();
        if passed < IN_ORDER {
            continue;
        }
        if let Some(recorder) = recorder {
            recorder.end();
        }
        let unread = terminal::discard_unread();
        let stuck = terminal::is_taken() && passed >= AT_ALL;
        if (unread && passed >= UNREAD) || stuck {
            terminal::abandon();
            signal_hook::low_level::exit(128 + signal);
        }
    }
}
