//! The dashboard as a command: finds out what it may do here, starts the threads, runs the loop,
//! and puts everything back.

use std::{
    io::{IsTerminal, stdin, stdout},
    mem::MaybeUninit,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP},
    iterator::Signals,
};

use crate::app::{App, Event, Outcome};
use crate::cli::{Look, ThemeName};
use crate::dashboard::{Control, Dashboard};
use crate::input;
use crate::model::{ProcessId, Queue, Ruler};
use crate::observe::{self, Observer, Standing, Word};
use crate::refusal::{Refusal, Status};
use crate::scheduler::{Handle, Options, Scheduler, preflight, sysfs};
use crate::signal;
use crate::terminal::{self, Tui};
use crate::ui::theme::Theme;

/// Between two snapshots.
const INTERVAL: Duration = Duration::from_secs(1);
/// After a move, the next snapshot comes this soon: the effect is to be seen within a second.
const AFTER_A_MOVE: Duration = Duration::from_millis(250);

/// What the thread that owns the scheduler is asked.
#[derive(Debug, Clone, Copy)]
enum Order {
    Attach,
    Detach,
    MeasureWaits(bool),
    End,
}

/// The scheduler's side of this run of the dashboard.
struct Kernel {
    standing: Standing,
    handle: Option<Handle>,
    /// The thread that owns the scheduler, where this process does.
    owner: Option<(Sender<Order>, JoinHandle<()>)>,
}

pub fn run(options: Options, look: Look) -> Result<()> {
    if !(stdin().is_terminal() && stdout().is_terminal()) {
        bail!(Refusal::new(
            Status::BadArgument,
            "the dashboard needs a terminal; for scripts there are `attach`, `list` and `stats`",
        ));
    }
    // crossterm may run `tput` by this path; as root, it is not the caller's to choose.
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var("PATH", "/usr/sbin:/usr/bin:/sbin:/bin") };
    libbpf_rs::set_print(None);

    let (events, received) = mpsc::channel();
    let (words, heard) = mpsc::channel();
    let kernel = connect(options, &events, &words)?;
    let outcome = show(&kernel, theme(look), &events, &received, words, heard);
    if let Some((orders, thread)) = kernel.owner {
        let _ = orders.send(Order::End);
        if thread.join().is_err() {
            bail!("the scheduler's thread panicked; the kernel's scheduler is back");
        }
    }
    match outcome? {
        Outcome::Quit => Ok(()),
        Outcome::Signal(signal) => std::process::exit(128 + signal),
        Outcome::TerminalGone => std::process::exit(128 + SIGHUP),
        Outcome::Panicked(message) => bail!("a fault in dualq-top: {message}"),
    }
}

/// Owns the scheduler if it can, joins the one that runs if there is one, and else only looks.
fn connect(options: Options, events: &Sender<Event>, words: &Sender<Word>) -> Result<Kernel> {
    let view = |refusal: &Refusal| Kernel {
        standing: Standing::View(refusal.sentence.clone()),
        handle: None,
        owner: None,
    };
    if sysfs::ruler() == Ruler::Dualq {
        return match join() {
            Ok(handle) => Ok(Kernel {
                standing: Standing::Joined,
                handle: Some(handle),
                owner: None,
            }),
            Err(error) => error.downcast_ref().map(view).ok_or(error),
        };
    }
    match own(options, events.clone(), words.clone()) {
        Ok((handle, orders, thread)) => Ok(Kernel {
            standing: Standing::Owner,
            handle: Some(handle),
            owner: Some((orders, thread)),
        }),
        Err(error) => match error.downcast_ref::<Refusal>() {
            Some(refusal)
                if matches!(
                    refusal.status,
                    Status::NotPermitted | Status::AnotherSchedulerRuns
                ) =>
            {
                Ok(view(refusal))
            }
            _ => Err(error),
        },
    }
}

fn join() -> Result<Handle> {
    let handle = Handle::open()?;
    preflight::in_first_pid_namespace()?;
    handle.members.add_own(std::process::id())?;
    Ok(handle)
}

/// Attach and detach block for 0.2 s, and a stalled terminal must not hold up a detach: the
/// scheduler has a thread of its own, which the signals reach directly.
fn own(
    options: Options,
    events: Sender<Event>,
    words: Sender<Word>,
) -> Result<(Handle, Sender<Order>, JoinHandle<()>)> {
    let (orders, taken) = mpsc::channel();
    let (started, answer) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("scheduler".to_owned())
        .spawn(move || {
            let mut storage = MaybeUninit::uninit();
            let begun = Scheduler::start(&mut storage, options)
                .and_then(|scheduler| Ok((scheduler.handle()?, scheduler)));
            match begun {
                Err(error) => {
                    let _ = started.send(Err(error));
                }
                Ok((handle, scheduler)) => {
                    if started.send(Ok(handle)).is_ok() {
                        keep(scheduler, &taken, &events, &words);
                    }
                }
            }
        })?;
    let handle = answer.recv().context("the scheduler's thread ended")??;
    Ok((handle, orders, thread))
}

/// Carries out orders until the last; dropping the scheduler detaches it.
fn keep(
    mut scheduler: Scheduler<'_>,
    orders: &Receiver<Order>,
    events: &Sender<Event>,
    words: &Sender<Word>,
) {
    while let Ok(order) = orders.recv() {
        let result = match order {
            Order::Attach => scheduler.attach(),
            Order::Detach => scheduler.detach(),
            Order::MeasureWaits(on) => {
                let result = scheduler.measure_waits(on).map(|()| on);
                let _ = events.send(Event::Waits(result.map_err(|error| format!("{error:#}"))));
                let _ = words.send(Word::Sooner(Duration::ZERO));
                continue;
            }
            Order::End => return,
        };
        let _ = events.send(Event::Scheduler(
            result.map_err(|error| format!("{error:#}")),
        ));
        // What follows from it is to be seen at once: where the waits begin, and the first of them.
        let _ = words.send(Word::Sooner(Duration::ZERO));
        let _ = words.send(Word::Sooner(AFTER_A_MOVE));
    }
}

/// What the command line asks for, else what the environment does.
fn theme(look: Look) -> Theme {
    let theme = match look.theme {
        Some(ThemeName::Dark) => Theme::colour(),
        Some(ThemeName::Light) => Theme::light(),
        Some(ThemeName::Mono) => Theme::plain(),
        None if Theme::colours_unwanted() => Theme::plain(),
        None => Theme::colour(),
    };
    if look.ascii { theme.in_ascii() } else { theme }
}

fn show(
    kernel: &Kernel,
    theme: Theme,
    events: &Sender<Event>,
    received: &Receiver<Event>,
    words: Sender<Word>,
    heard: Receiver<Word>,
) -> Result<Outcome> {
    let orders = kernel.owner.as_ref().map(|(orders, _)| orders.clone());
    listen_to_signals(events.clone(), orders.clone())?;

    let mut tui = Tui::new()?;
    terminal::report_panics(events.clone());
    input::spawn(events.clone()).context("cannot read the terminal")?;

    let handle = kernel.handle.as_ref().map(Handle::try_clone).transpose()?;
    let observer = Observer::new("/proc".into(), kernel.standing.clone(), handle);
    let snapshots = events.clone();
    thread::Builder::new()
        .name("observe".to_owned())
        .spawn(move || observe::run(observer, INTERVAL, &heard, &snapshots))?;

    let mut hands = Hands {
        handle: kernel.handle.as_ref(),
        orders,
        words,
        events: events.clone(),
    };
    Dashboard::new(App::new())
        .theme(theme)
        .on_suspend(terminal::suspend)
        .run(tui.screen(), received, &mut hands)
}

/// A signal that ends the program detaches at once, whatever the thread that draws is doing.
fn listen_to_signals(events: Sender<Event>, orders: Option<Sender<Order>>) -> Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT])
        .context("cannot wait for signals")?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                if ![SIGTSTP, SIGCONT].contains(&signal)
                    && let Some(orders) = &orders
                {
                    let _ = orders.send(Order::End);
                }
                if events.send(Event::Signal(signal)).is_err() {
                    return;
                }
            }
        })?;
    Ok(())
}

/// What the dashboard can do to the world outside.
struct Hands<'a> {
    handle: Option<&'a Handle>,
    orders: Option<Sender<Order>>,
    words: Sender<Word>,
    events: Sender<Event>,
}

impl Hands<'_> {
    fn order(&self, order: Order) {
        let sent = self
            .orders
            .as_ref()
            .is_some_and(|orders| orders.send(order).is_ok());
        if !sent {
            let sentence =
                "this dashboard does not own the scheduler: its owner attaches and detaches it"
                    .to_owned();
            let _ = self.events.send(Event::Scheduler(Err(sentence)));
        }
    }
}

impl Control for Hands<'_> {
    fn move_process(&mut self, id: ProcessId, to: Queue) -> Result<Queue> {
        let handle = self
            .handle
            .context("nothing can be moved here: run dualq-top with sudo")?;
        match to {
            Queue::Priority => handle.members.add(id.pid, Some(id.start_ticks))?,
            Queue::Batch => handle.members.remove(id.pid)?,
        }
        handle.mark_event();
        // The first is where the waits after the move begin.
        let _ = self.words.send(Word::Sooner(Duration::ZERO));
        let _ = self.words.send(Word::Sooner(AFTER_A_MOVE));
        Ok(if handle.members.contains(id)? {
            Queue::Priority
        } else {
            Queue::Batch
        })
    }

    fn attach(&mut self) {
        self.order(Order::Attach);
    }

    fn detach(&mut self) {
        self.order(Order::Detach);
    }

    fn signal(&mut self, id: ProcessId, signal: i32) -> Result<()> {
        signal::send(id, signal)
    }

    fn measure_waits(&mut self, on: bool) {
        self.order(Order::MeasureWaits(on));
    }

    fn watch(&mut self, id: Option<ProcessId>) {
        let _ = self.words.send(Word::Watch(id));
    }

    fn interval(&mut self, interval: Duration) {
        let _ = self.words.send(Word::Interval(interval));
    }
}
