//! Kernel threads beside members, crowds and each other: never moved, never starved. Needs two CPUs.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, be_served_first, run_ok};

/// Reading this file has every CPU's own kernel thread do some work, and waits for all of them.
const WORK_ON_EVERY_CPU: &str = "/proc/sys/vm/stat_refresh";

#[test]
fn kernel_threads_run_while_priority_fills_every_cpu() {
    let _scheduler = Running::attach(&["--batch-guarantee", "0", "--watchdog", "10"]);
    // This very process too: in BATCH it would get no turn to look.
    run_ok(&["add", &std::process::id().to_string()]);
    let hogs: Vec<Hog> = (0..guest::cpus())
        .map(|cpu| Load::hog().on_cpu(cpu).start())
        .collect();
    for hog in &hogs {
        run_ok(&["add", &hog.pid().to_string()]);
    }
    for _ in 0..5 {
        let start = Instant::now();
        fs::read(WORK_ON_EVERY_CPU).unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "they waited {:?}",
            start.elapsed()
        );
    }
}

/// PRIORITY fills every CPU, and BATCH has more than it can serve in time.
fn members_and_overdue_tasks() -> [Hog; 2] {
    be_served_first();
    let members = Load::new(&["threads", "300"]).start();
    run_ok(&["add", &members.pid().to_string()]);
    let others = Load::new(&["threads", "1500"]).start();
    wait_until("some are overdue", PATIENCE, || {
        maps::counter(Counter::Overdue) > 0
    });
    [members, others]
}

/// RCU's own thread is one that every CPU may run, and is woken several times for it.
#[test]
fn grace_period_ends_beside_priority_and_overdue_tasks() {
    let _scheduler = Running::attach(&[]);
    let _load = members_and_overdue_tasks();
    for _ in 0..5 {
        let begun = Instant::now();
        // SAFETY: takes numbers.
        let error = unsafe { libc::syscall(libc::SYS_membarrier, 1, 0, 0) };
        assert_eq!(error, 0, "the kernel has MEMBARRIER_CMD_GLOBAL");
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(2), "it took {took:?}");
    }
}

/// Others wait for what it holds, and for the end of what it reads.
#[test]
fn busy_kernel_thread_runs_beside_priority_and_overdue_tasks() {
    let Some(thread) = BusyKernelThread::khugepaged() else {
        // The 6.12 of the tests has no such thread.
        return;
    };
    let _scheduler = Running::attach(&[]);
    let _load = members_and_overdue_tasks();
    let (start, before) = (Instant::now(), thread.has_run().0);
    let some = Duration::from_millis(100);
    wait_until("it has worked", PATIENCE * 2, || {
        thread.has_run().0 >= before + some
    });
    let took = start.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?} for {some:?}");
}

const MEMORY: &str = "/sys/kernel/mm";
const KHUGEPAGED_PAUSE: &str = "transparent_hugepage/khugepaged/scan_sleep_millisecs";
const KSMD_PAUSE: &str = "ksm/sleep_millisecs";

/// A kernel thread that looks through memory all the time, while this lives.
struct BusyKernelThread {
    pid: u32,
    before: Vec<(String, String)>,
    /// It looks through processes that have some.
    _memory: Hog,
}

impl BusyKernelThread {
    /// Nice 19, may run anywhere. None where the kernel is built without it.
    fn khugepaged() -> Option<Self> {
        let settings = [
            (KHUGEPAGED_PAUSE, "0"),
            ("transparent_hugepage/enabled", "always"),
        ];
        Self::start("khugepaged", &settings)
    }

    /// The one that looks for pages that are alike. None where the kernel is built without it.
    fn ksmd() -> Option<Self> {
        let settings = [
            (KSMD_PAUSE, "0"),
            ("ksm/pages_to_scan", "1000"),
            ("ksm/run", "1"),
        ];
        Self::start("ksmd", &settings)
    }

    fn start(name: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let memory = Load::new(&["mergeable-memory", "16"]).start();
        let mut before = Vec::new();
        for (file, value) in settings {
            let path = format!("{MEMORY}/{file}");
            let was = fs::read_to_string(&path).ok()?;
            // One reads as all that may be chosen, the chosen one in brackets.
            let was = was.split(['[', ']']).nth(1).unwrap_or(&was).to_owned();
            before.push((path.clone(), was));
            fs::write(path, value).unwrap();
        }
        let is_it = |pid: &u32| {
            fs::read_to_string(format!("/proc/{pid}/comm"))
                .is_ok_and(|comm| comm.trim_end() == name)
        };
        let pid = (2..10_000).find(is_it).unwrap();
        Some(Self {
            pid,
            before,
            _memory: memory,
        })
    }

    fn may_run_on(&self, cpus: &[usize]) {
        let mut set = CpuSet::new();
        cpus.iter().for_each(|cpu| set.set(*cpu));
        sched_setaffinity(Pid::from_raw(self.pid.cast_signed()), &set).unwrap();
    }

    /// For how long it has run, and how often it was given a CPU.
    fn has_run(&self) -> (Duration, u64) {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.pid)).unwrap();
        let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap());
        let ran = Duration::from_nanos(numbers.next().unwrap());
        (ran, numbers.nth(1).unwrap())
    }
}

impl Drop for BusyKernelThread {
    fn drop(&mut self) {
        for (file, value) in &self.before {
            let _ = fs::write(file, value);
        }
        self.may_run_on(&Vec::from_iter(0..guest::cpus()));
    }
}

/// Of two that never sleep one is always in the CPU's own queue of the kernel's, and of one that never
/// sleeps and one that wakes often as well.
#[test]
fn busy_kernel_threads_of_one_cpu_leave_it_to_others_too() {
    let (Some(first), Some(second)) = (BusyKernelThread::khugepaged(), BusyKernelThread::ksmd())
    else {
        // The 6.12 of the tests has not both.
        return;
    };
    let _scheduler = Running::attach(&[]);
    let hog = Load::hog().on_last_cpu().start();
    // It must not have all the turns that the kernel's leave.
    let _often = Load::new(&["waker", "1000"]).on_last_cpu().start();
    let others = [&first, &second];
    others
        .iter()
        .for_each(|thread| thread.may_run_on(&[guest::cpus() - 1]));
    for pause in ["0", "5"] {
        fs::write(format!("{MEMORY}/{KSMD_PAUSE}"), pause).unwrap();
        let start = others.map(|thread| thread.has_run().0);
        let before = guest::cpu_time(hog.pid());
        let busy = Duration::from_millis(500);
        wait_until("the kernel's have worked", PATIENCE, || {
            others
                .map(|thread| thread.has_run().0)
                .iter()
                .sum::<Duration>()
                > start.iter().sum::<Duration>() + busy
        });
        let had = guest::cpu_time(hog.pid()) - before;
        assert!(
            had > busy / 10,
            "beside them a hog had {had:?} of {busy:?} (pause {pause})"
        );
    }
}

#[test]
fn nice_19_kernel_thread_runs_beside_pinned_hogs() {
    // The 6.12 of the tests has no such thread.
    let Some(thread) = BusyKernelThread::khugepaged() else {
        assert!(!fs::exists(format!("{MEMORY}/{KHUGEPAGED_PAUSE}")).unwrap());
        return;
    };
    let _scheduler = Running::attach(&[]);
    be_served_first();
    let _hogs: Vec<[Hog; 8]> = (0..guest::cpus())
        .map(|cpu| [(); 8].map(|()| Load::hog().on_cpu(cpu).start()))
        .collect();
    let (start, before) = (Instant::now(), thread.has_run());
    // Some 0.8 s each. By its weight alone it would be 3.2 s, which RCU's readers cannot wait for.
    wait_until(
        "it has come round four times",
        Duration::from_secs(8),
        || thread.has_run().1 >= before.1 + 4,
    );
    let (ran, passed) = (thread.has_run().0 - before.0, start.elapsed());
    assert!(ran < passed / 10, "it had {ran:?} of {passed:?}");
}
