//! The invariants of every scenario: checked repeatedly while it runs, and again after its load has ended.

use std::cell::Cell;
use std::fmt::Write;
use std::time::{Duration, Instant};

use dualq_top::scheduler::{Counter, Counters, Handle};

use super::kernel_log::{self, KernelLog};
use crate::support::guest::{self, PATIENCE, holds_within};
use crate::support::held::{descriptors, held, resident_kib, wait_until_no_more_than};
use crate::support::maps;
use crate::support::program::Running;

/// Half of the kernel's watchdog's limit. A quarter is promised; the host may take the CPUs away.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The least of BATCH's share of the time where both queues are full: 10 % are promised, and some
/// goes to kernel threads and the emulation.
const GUARANTEE_PERCENT: f64 = 8.0;

/// The tolerance for the owner's memory, for what it caches.
const OWNER_SLACK_KIB: u64 = 2048;

/// The tolerance for the kernel's caches: stacks, partial slabs, per-CPU lists.
const KERNEL_SLACK_KIB: u64 = 32 << 10;

/// A scheduler under stress.
pub struct Watch {
    name: &'static str,
    pub tasks: usize,
    begun: Instant,
    scheduler: Option<Running>,
    handle: Option<Handle>,
    log: KernelLog,
    kernel: KernelSide,
    owner: OwnerSide,
    last: Counters,
    /// While both queues are full: the time of each since then.
    full: Option<Counters>,
    oldest_wait: Duration,
    figures: String,
    said: Cell<bool>,
}

/// The kernel's memory without our scheduler.
struct KernelSide {
    bpf: [usize; 3],
    available_kib: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct OwnerSide {
    descriptors: usize,
    resident_kib: u64,
    /// Number of attached schedulers, and of tasks that the kernel refused them.
    attached: Option<String>,
    rejected: Option<String>,
}

impl OwnerSide {
    fn of(pid: u32) -> Self {
        Self {
            descriptors: descriptors(pid),
            resident_kib: resident_kib(pid),
            attached: guest::sched_ext("enable_seq"),
            rejected: guest::sched_ext("nr_rejected"),
        }
    }
}

pub fn available_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

/// Returns the available memory after the kernel has dropped its caches: page cache and free slab objects, of which
/// five thousand processes leave more than the tolerance.
fn available_without_caches_kib() -> u64 {
    std::fs::write("/proc/sys/vm/drop_caches", "3").unwrap();
    for slab in std::fs::read_dir("/sys/kernel/slab").into_iter().flatten() {
        // One that is gone by now has nothing to give.
        let _ = std::fs::write(slab.unwrap().path().join("shrink"), "1");
    }
    available_kib()
}

impl Watch {
    /// Attaches, with these options beside the defaults.
    pub fn begin(name: &'static str, tasks: usize, options: &[&str]) -> Self {
        let kernel = KernelSide {
            bpf: held(),
            available_kib: available_without_caches_kib(),
        };
        let mut arguments = options.to_vec();
        let more = std::env::var("STRESS_ATTACH").unwrap_or_default();
        arguments.extend(more.split_whitespace());
        let scheduler = Running::attach_measuring(&arguments);
        // Registers this process as one of the program's own: it is served first, and can look.
        let handle = Handle::open().expect("the scheduler runs");
        let owner = OwnerSide::of(scheduler.pid());
        let last = handle.counters().unwrap();
        Self {
            name,
            tasks,
            begun: Instant::now(),
            scheduler: Some(scheduler),
            handle: Some(handle),
            log: KernelLog::from_now(),
            kernel,
            owner,
            last,
            full: None,
            oldest_wait: Duration::ZERO,
            figures: String::new(),
            said: Cell::new(false),
        }
    }

    pub fn handle(&self) -> &Handle {
        self.handle.as_ref().expect("until its end")
    }

    /// A figure for the table.
    pub fn note(&mut self, what: &str) {
        let separator = if self.figures.is_empty() { "" } else { ", " };
        write!(self.figures, "{separator}{what}").unwrap();
    }

    /// Does all hold that must hold at any moment? `members` is who has been made one, in any order.
    pub fn look(&mut self, members: &[u32]) {
        let complaints = self.log.complaints();
        assert!(complaints.is_empty(), "the kernel: {complaints:#?}");
        let scheduler = self.scheduler.as_mut().expect("until its end");
        assert!(!scheduler.has_ended(), "ended: {}", scheduler.stderr());
        assert!(guest::is_attached(), "{}", guest::sched_ext_state());
        let mut members = members.to_vec();
        members.sort_unstable();
        assert_eq!(maps::members(), members, "the map against who was chosen");

        // Dispatched is read first: what is enqueued in between makes the difference only larger.
        let dispatched = [
            maps::Counter::PriorityDispatched,
            maps::Counter::BatchDispatched,
        ]
        .map(maps::counter);
        let now = self.handle().counters().unwrap();
        let enqueued = now.total(Counter::PriorityEnq) + now.total(Counter::BatchEnq);
        let dispatched: u64 = dispatched.iter().sum();
        assert!(
            dispatched <= enqueued,
            "{dispatched} dispatched, {enqueued} enqueued"
        );
        for cpu in 0..now.possible_cpus() {
            for counter in Counter::ALL {
                let (was, is) = (self.last.of(cpu, counter), now.of(cpu, counter));
                assert!(was <= is, "{counter:?} of CPU {cpu}: {was}, then {is}");
            }
        }
        self.last = now;
        let waited = self.handle().oldest_wait().unwrap();
        assert!(
            waited < LONGEST_WAIT,
            "one in BATCH has waited for {waited:?}"
        );
        self.oldest_wait = self.oldest_wait.max(waited);
    }

    /// Looks once a second until `time` is over.
    pub fn look_for(&mut self, time: Duration, members: &[u32]) {
        let start = Instant::now();
        while start.elapsed() < time {
            let left = time.saturating_sub(start.elapsed());
            std::thread::sleep(left.min(Duration::from_secs(1)));
            self.look(members);
        }
    }

    /// From now on both queues are full.
    pub fn both_are_full(&mut self) {
        self.full = Some(self.handle().counters().unwrap());
    }

    /// Until now both queues were full. BATCH's part of the time, in percent.
    pub fn no_longer_full(&mut self) -> f64 {
        let then = self.full.take().expect("both were full");
        let now = self.handle().counters().unwrap();
        let since = |counter| now.total(counter) - then.total(counter);
        #[allow(clippy::cast_precision_loss)]
        let percent = |priority, batch| {
            let (priority, batch) = (since(priority) as f64, since(batch) as f64);
            100.0 * batch / (priority + batch)
        };
        let time = percent(Counter::PriorityNs, Counter::BatchNs);
        let dispatches = percent(Counter::PriorityDis, Counter::BatchDis);
        let rescues = since(Counter::Rescues);
        self.note(&format!(
            "BATCH {time:.1} % of time, {dispatches:.1} % of dispatches, {rescues} rescues"
        ));
        assert!(
            time >= GUARANTEE_PERCENT,
            "BATCH had {time:.1} % of the time"
        );
        time
    }

    /// The load has gone. What it enqueued was dispatched, and all is where it was before.
    pub fn end(mut self) {
        self.look(&[]);
        let took = self.begun.elapsed();
        self.all_enqueued_was_dispatched();
        let owner = self.scheduler.as_ref().expect("until its end").pid();
        let after = OwnerSide::of(owner);
        let before = self.owner.clone();
        assert!(
            after.resident_kib < before.resident_kib + OWNER_SLACK_KIB,
            "the owner: {before:?}, then {after:?}"
        );
        let as_before = OwnerSide {
            resident_kib: before.resident_kib,
            ..after.clone()
        };
        assert_eq!(as_before, before);

        self.handle = None;
        let ended = self.scheduler.take().expect("until its end").terminate();
        assert_eq!(guest::sched_ext_state(), "disabled", "{ended:?}");
        wait_until_no_more_than(self.kernel.bpf);
        let enough = self.kernel.available_kib.saturating_sub(KERNEL_SLACK_KIB);
        let back = holds_within(PATIENCE, || available_without_caches_kib() >= enough);
        let available = (self.kernel.available_kib, available_without_caches_kib());
        assert!(
            back,
            "{} KiB available before, {} after",
            available.0, available.1
        );

        let dispatched = self.last.total(Counter::PriorityDis) + self.last.total(Counter::BatchDis);
        let summary = format!(
            "{dispatched} dispatches, oldest wait {:.1} s, owner {} → {} KiB, {} descriptors, available {} → {} MiB",
            self.oldest_wait.as_secs_f64(),
            before.resident_kib,
            after.resident_kib,
            after.descriptors,
            available.0 >> 10,
            available.1 >> 10,
        );
        self.note(&summary);
        self.say("passed", took);
    }

    /// By class as well: a task that waits is moved with its place in the counts.
    fn all_enqueued_was_dispatched(&mut self) {
        let lost = |counters: &Counters| {
            let total = |counter| i128::from(counters.total(counter));
            let moved = total(Counter::MovedToPriority) - total(Counter::MovedToBatch);
            [
                total(Counter::PriorityEnq) + moved - total(Counter::PriorityDis),
                total(Counter::BatchEnq) - moved - total(Counter::BatchDis),
            ]
        };
        // What is left may just wait: a CPU each at most, and the machine has few processes now.
        let mut left = [0; 2];
        let none = holds_within(PATIENCE, || {
            left = lost(&self.handle().counters().unwrap());
            left.iter().all(|left| left.abs() <= 2)
        });
        assert!(
            none,
            "enqueued, but not dispatched (PRIORITY, BATCH): {left:?}"
        );
        self.last = self.handle().counters().unwrap();
    }

    fn say(&self, result: &str, took: Duration) {
        self.said.set(true);
        kernel_log::say(&format!(
            "{} | {} | {:.0} | {result} | {}",
            self.name,
            self.tasks,
            took.as_secs_f64(),
            self.figures
        ));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.said.get() {
            self.say("FAILED", self.begun.elapsed());
        }
    }
}
