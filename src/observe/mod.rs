//! Takes one [`Snapshot`] per tick: processes (the kernel's list, or `/proc`), the host (sysinfo) and the
//! scheduler (its maps). Runs on its own thread with its own descriptors.
//! It may import: `kernel`, `model`, `scheduler`, `sys`, `tui::app`, `tui::event_queue`.
//! It must never know: the screen, a key, a command.

#![warn(missing_docs)]

mod details;
pub(crate) mod hidden;
pub(crate) mod host;
pub(crate) mod identity;
mod inspect;
mod iterator;
mod limits;
mod names;
mod processes;
mod sample;
pub(crate) mod stat;
mod threads;
mod topology;
mod waits;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tracing::trace;

use crate::model::{
    ActiveScheduler, CgroupLimits, Cpu, Exit, ProcessId, Queue, Role, SchedulerStatus, Snapshot,
    Tunables, Wanted,
};
use crate::scheduler::changes::Watch;
use crate::scheduler::{Counters, CurrentScheduler, Member, OwnerRecord, sysfs};
use crate::sys::failpoint;
use crate::tui::app::Event;
use crate::tui::event_queue::EventSender;
use host::HostReader;
pub use host::online_cpus;
pub use iterator::Iterator;
pub use processes::{Processes, Source};

/// Takes snapshots, and keeps what does not change between ticks.
pub struct Observer {
    host: HostReader,
    processes: Processes,
    /// The root of the process file system.
    proc: PathBuf,
    /// True while threads are shown.
    threads: bool,
    places: Vec<topology::Place>,
    /// The CPUs that were online when the topology was read.
    placed: Vec<(usize, bool)>,
    /// The reason for view mode.
    view: Option<String>,
    scheduler: CurrentScheduler,
    limits: limits::Watch,
    /// The process whose waits are measured besides those of the members.
    watched: Option<ProcessId>,
    /// The values that are read only because the screen shows them.
    wanted: Wanted,
    details: details::Reader,
}

/// The content of the scheduler's maps in one tick.
#[derive(Default)]
struct Kernel {
    counters: Option<Counters>,
    /// The members by process id.
    members: Option<HashMap<u32, Member>>,
    owner: Option<OwnerRecord>,
    tunables: Option<Tunables>,
    exit: Option<Exit>,
    oldest_wait: Option<Duration>,
}

impl Observer {
    /// Creates an observer. `proc` is the root of the process file system: `/proc`, or a fixture.
    #[must_use]
    pub fn new(proc: PathBuf, view: Option<String>, scheduler: CurrentScheduler) -> Self {
        Self {
            host: HostReader::new(),
            processes: Processes::new(proc.clone(), Source::Kernel),
            details: details::Reader::new(&proc),
            wanted: Wanted::default(),
            proc,
            threads: false,
            places: Vec::new(),
            placed: Vec::new(),
            view,
            scheduler,
            limits: limits::Watch::start(),
            watched: None,
        }
    }

    /// Takes one snapshot. What cannot be read is missing in it, never invented.
    pub fn tick(&mut self) -> Snapshot {
        let at = monotonic();
        let active = sysfs::active_scheduler();
        let _ = self.scheduler.follow(&active);
        let kernel = self.kernel(&active);
        let mut processes = self.processes.read();
        trace!("read {} processes", processes.len());
        let own = [
            Some(std::process::id()),
            kernel.owner.map(|owner| owner.pid),
        ];
        for process in &mut processes {
            process.own = own.contains(&Some(process.id.pid));
            let Some(members) = &kernel.members else {
                continue;
            };
            let entry = members.get(&process.id.pid);
            let entry = entry.filter(|entry| entry.is_of(process.id));
            let membership = entry.map(|entry| entry.membership);
            process.level = entry.map(|entry| entry.level);
            process.queue = Some(membership.map_or(Queue::Batch, |_| Queue::Priority));
            process.membership = membership;
        }
        let mut threads_left_out = 0;
        if self.threads {
            let (threads, left_out) = threads::read(&self.proc, &processes);
            processes.extend(threads);
            threads_left_out = left_out;
        }
        self.details.read(&mut processes, self.wanted);
        let inspected = self.wanted.inspected.and_then(|id| {
            let process = processes.iter().find(|process| process.id == id)?;
            inspect::read(&self.proc, process).map(Arc::new)
        });
        let waits = waits::read(
            self.scheduler.handle().as_deref(),
            &processes,
            kernel.members.as_ref(),
            self.watched,
        );
        let (mut host, present) = self.host.read();
        host.processes_hidden = self.processes.are_hidden();
        let placed: Vec<(usize, bool)> =
            present.iter().map(|cpu| (cpu.number, cpu.online)).collect();
        if placed != self.placed {
            topology::read(Path::new("/sys"), &mut self.places);
            self.placed = placed;
        }
        let cpus = present
            .iter()
            .map(|cpu| {
                let place = self.places.get(cpu.number).copied().unwrap_or_default();
                Cpu {
                    number: u32::try_from(cpu.number).unwrap_or(u32::MAX),
                    online: cpu.online,
                    llc: place.llc,
                    node: place.node,
                    busy_percent: cpu.busy,
                    counters: kernel
                        .counters
                        .as_ref()
                        .map(|counters| counters.charted(cpu.number)),
                }
            })
            .collect();
        let limits = self.limits.newest(active == ActiveScheduler::Dualq);
        let scheduler = self.status(at, active, &kernel, limits);
        Snapshot {
            at,
            host,
            scheduler,
            cpus,
            processes,
            threads_left_out,
            waits: waits.map(Arc::new),
            inspected,
        }
    }

    /// Starts measuring this process's waits as well.
    fn watch(&mut self, id: Option<ProcessId>) {
        self.watched = id;
        if let (Some(handle), Some(id)) = (self.scheduler.handle(), id) {
            waits::watch(&handle, id);
        }
    }

    /// Turns the reading of threads on or off.
    pub fn show_threads(&mut self, show: bool) {
        self.threads = show;
    }

    fn kernel(&self, active: &ActiveScheduler) -> Kernel {
        let Some(handle) = self.scheduler.handle() else {
            return Kernel::default();
        };
        let entries = handle.members.entries();
        Kernel {
            counters: handle.counters().ok(),
            members: entries
                .ok()
                .map(|entries| entries.into_iter().map(|e| (e.pid, e)).collect()),
            owner: handle.owner().ok().flatten(),
            tunables: handle.tunables().ok(),
            // It takes 34 KB per tick, and is empty while the scheduler runs.
            exit: (*active != ActiveScheduler::Dualq)
                .then(|| handle.exit().ok().flatten())
                .flatten(),
            oldest_wait: handle.oldest_wait().ok(),
        }
    }

    fn status(
        &self,
        at: Duration,
        active: ActiveScheduler,
        kernel: &Kernel,
        limits: Option<CgroupLimits>,
    ) -> SchedulerStatus {
        let owner = kernel.owner;
        SchedulerStatus {
            role: match (&self.view, self.scheduler.others()) {
                (Some(reason), _) => Role::View {
                    reason: reason.clone(),
                },
                (None, None) => Role::Owner,
                (None, Some(Ok(()))) => Role::Joined {
                    owner: owner.filter(OwnerRecord::lives).map(|owner| owner.pid),
                },
                (None, Some(Err(why))) => Role::View { reason: why },
            },
            attached: owner
                .filter(|_| active == ActiveScheduler::Dualq)
                .map(|owner| at.saturating_sub(Duration::from_nanos(owner.attached_at_ns))),
            guarantee_percent: kernel.tunables.map(|tunables| tunables.guarantee_percent),
            tunables: kernel.tunables,
            watchdog: owner.map(|owner| Duration::from_millis(owner.timeout_ms.into())),
            oldest_wait: kernel
                .oldest_wait
                .filter(|_| active == ActiveScheduler::Dualq),
            limits,
            members: kernel.members.as_ref().map_or(0, HashMap::len),
            exit: kernel.exit.clone(),
            active,
        }
    }
}

/// Returns the time on `CLOCK_MONOTONIC`, which ignores changes of the wall clock.
fn monotonic() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(
        now.tv_sec.cast_unsigned(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// Requests to the thread that takes the snapshots.
pub enum SamplerRequest {
    /// Take the next snapshot this soon.
    Within(Duration),
    /// The scheduler or its members changed: take a snapshot at once, where the waits after the
    /// change begin, and one a moment later, which shows its effect.
    Changed,
    /// Take one this often from now on.
    Interval(Duration),
    /// Read the threads of processes as well, or stop doing so.
    Threads(bool),
    /// Read this as well; a snapshot follows soon.
    Want(Wanted),
    /// Measure this process's waits as well; it takes no snapshot.
    Watch(Option<ProcessId>),
}

/// The effect of a change shows within this time.
const AFTER_A_CHANGE: Duration = Duration::from_millis(250);

/// The values of a new column or panel are read this soon.
const AFTER_A_WISH: Duration = Duration::from_millis(50);

/// The shortest time between two snapshots after a change of the interval.
const SHORTEST: Duration = Duration::from_millis(250);

/// Sends a snapshot at once and then one per `interval`, until the receiver is gone. A request changes
/// when the next one is taken.
pub fn run(
    mut observer: Observer,
    mut interval: Duration,
    requests: &Receiver<SamplerRequest>,
    events: &EventSender,
) {
    let mut later: Option<Instant> = None;
    let mut changed = Watch::default();
    // Rates are known from the second snapshot on, so it follows soon.
    let mut wait = SHORTEST.min(interval);
    loop {
        failpoint::here();
        if events
            .send(Event::Snapshot(Box::new(observer.tick())))
            .is_err()
        {
            return;
        }
        if let Some((changes, _)) = changed.look()
            && events.send(Event::Changes(changes)).is_err()
        {
            return;
        }
        let now = Instant::now();
        later = later.filter(|at| *at > now);
        let mut due = now + wait;
        wait = interval;
        loop {
            let next = later.map_or(due, |later| later.min(due));
            // Command lines that there was no time for are read meanwhile.
            let behind = observer.processes.catch_up() && Instant::now() < next;
            let left = next.saturating_duration_since(Instant::now());
            match requests.recv_timeout(if behind { Duration::ZERO } else { left }) {
                Err(RecvTimeoutError::Timeout) if behind => {}
                Ok(SamplerRequest::Watch(id)) => observer.watch(id),
                Ok(SamplerRequest::Within(Duration::ZERO)) => due = Instant::now(),
                Ok(SamplerRequest::Within(soon)) => later = Some(Instant::now() + soon),
                // Many changes at once need one snapshot.
                Ok(SamplerRequest::Changed) => {
                    due = Instant::now();
                    later = Some(due + AFTER_A_CHANGE);
                }
                Ok(SamplerRequest::Interval(other)) => {
                    (interval, wait) = (other, other);
                    // Rates over the moment since the last snapshot would be noise.
                    due = Instant::now() + SHORTEST;
                }
                Ok(SamplerRequest::Threads(show)) => {
                    observer.show_threads(show);
                    due = Instant::now() + SHORTEST;
                }
                Ok(SamplerRequest::Want(wanted)) => {
                    observer.wanted = wanted;
                    due = due.min(Instant::now() + AFTER_A_WISH);
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_and_host_are_shown_without_privileges() {
        let view = Some("no rights".to_owned());
        let snapshot = Observer::new("/proc".into(), view, CurrentScheduler::default()).tick();
        let me = snapshot
            .processes
            .iter()
            .find(|p| p.id.pid == std::process::id())
            .unwrap();
        assert_eq!(me.queue, None);
        assert!(me.own);
        assert!(snapshot.host.memory_total_bytes > 0);
        assert!(snapshot.cpus.iter().any(|cpu| cpu.online));
        assert!(matches!(snapshot.scheduler.role, Role::View { .. }));
    }
}
