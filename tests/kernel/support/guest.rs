//! The machine that the tests run on: sched_ext's own report, processes, CPUs, the kernel's log.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Time limit for a condition on an emulated CPU before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Gives all threads of this process real-time priority, so that they see an event at once even on a busy CPU.
pub fn be_on_time() {
    let priority = libc::sched_param { sched_priority: 1 };
    // What they start is ordinary.
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    for thread in fs::read_dir("/proc/self/task").expect("/proc is mounted") {
        let thread = thread.expect("a thread's folder").file_name();
        let thread = thread.to_str().and_then(|name| name.parse().ok());
        // SAFETY: the structure lives for the call.
        let error = unsafe {
            libc::sched_setscheduler(thread.expect("an id"), policy, &raw const priority)
        };
        assert_eq!(error, 0, "it is root");
    }
}

/// Waits until `condition` holds; fails the test, naming `what`, when it does not within `limit`.
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    assert!(
        holds_within(limit, &mut condition),
        "not within {limit:?}: {what}"
    );
}

/// Polls `condition` until it holds or `limit` is over; says which.
pub fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// One of the files in which the kernel speaks of sched_ext.
pub fn sched_ext(file: &str) -> Option<String> {
    let path = Path::new("/sys/kernel/sched_ext").join(file);
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// `disabled`, `enabling`, `enabled` or `disabling`.
pub fn sched_ext_state() -> String {
    sched_ext("state").expect("this kernel has sched_ext")
}

/// The name of the attached scheduler. There is none while the kernel's own runs.
pub fn sched_ext_ops() -> Option<String> {
    sched_ext("root/ops")
}

/// SysRq-S: the key with which a person gets the kernel's scheduler back.
pub fn sysrq_s() {
    std::fs::write("/proc/sysrq-trigger", "S").unwrap();
}

/// Whether our scheduler runs, by the kernel's word.
pub fn is_attached() -> bool {
    sched_ext_state() == "enabled" && sched_ext_ops().is_some_and(|name| name.starts_with("dualq"))
}

/// Returns true if the kernel reserves a part of each CPU for sched_ext beside real-time tasks.
pub fn reserves_time_against_real_time() -> bool {
    Path::new("/sys/kernel/debug/sched/ext_server").exists()
}

/// A CPU of which the kernel reserves no part for sched_ext, until this is dropped: what waits there behind a real-time
/// task gets nothing.
pub struct WithoutReserve {
    file: String,
    before: String,
}

impl WithoutReserve {
    pub fn on(cpu: usize) -> Self {
        let file = format!("/sys/kernel/debug/sched/ext_server/cpu{cpu}/runtime");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(&file, "0").expect("the kernel gives up the reserve");
        Self { file, before }
    }
}

impl Drop for WithoutReserve {
    fn drop(&mut self) {
        let result = fs::write(&self.file, self.before.trim());
        if !std::thread::panicking() {
            result.expect("the reserve comes back");
        }
    }
}

/// Waits until the kernel's own scheduler runs everything again.
pub fn wait_until_detached() {
    wait_until("state is disabled", PATIENCE, || {
        sched_ext_state() == "disabled"
    });
}

/// The fields of `/proc/PID/stat` after the name, which may itself hold spaces and parentheses.
/// The first is the state, field 3 in proc(5).
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// The CPU time of all threads of a process, those that have ended included.
pub fn cpu_time(pid: u32) -> Duration {
    let stat = stat(pid).expect("the process lives");
    let ticks: u64 = [11, 12]
        .iter()
        .map(|&field: &usize| stat[field].parse::<u64>().expect("a number of ticks"))
        .sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

/// Returns the CPU time of the process's first thread to the nanosecond, as of the last tick.
pub fn run_time(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("the process lives");
    let first = text.split(' ').next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(first.expect("nanoseconds"))
}

/// Whether the process has neither ended nor become a zombie.
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| stat[0] != "Z" && stat[0] != "X")
}

/// Whether a signal has stopped the process.
pub fn is_stopped(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| stat[0] == "T")
}

/// Whether the process has set a handler for this signal.
pub fn catches(pid: u32, signal: rustix::process::Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    caught.expect("a set of signals") & 1 << (signal.as_raw() - 1) != 0
}

/// The CPU on which the process's first thread ran last.
pub fn last_cpu(pid: u32) -> usize {
    stat(pid).expect("the process lives")[36]
        .parse()
        .expect("a CPU number")
}

/// Returns how often the process's first thread was preempted.
pub fn forced_switches(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
    line.and_then(|number| number.trim().parse().ok())
        .expect("a number of switches")
}

/// Lets a process (its first thread) run on one CPU only.
pub fn pin_to_cpu(pid: u32, cpu: usize) {
    use rustix::process::Pid;
    use rustix::thread::{CpuSet, sched_setaffinity};
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    let pid = Pid::from_raw(pid.try_into().expect("a process id")).expect("not 0");
    sched_setaffinity(Some(pid), &cpus).expect("the CPU is online");
}

/// Returns the number of CPUs while none is offline. The tests of some modules run on one (`vm/test-all`).
pub fn cpus() -> usize {
    std::thread::available_parallelism().unwrap().get()
}

/// The CPUs that are online, as the kernel lists them (`0-1`).
pub fn online_cpus() -> String {
    let text = fs::read_to_string("/sys/devices/system/cpu/online").expect("sysfs is mounted");
    text.trim().to_owned()
}

/// A CPU taken offline, and brought back on drop. CPU 0 cannot go.
pub struct OfflineCpu(usize);

impl OfflineCpu {
    /// Returns when the kernel has moved everything off the CPU.
    pub fn new(cpu: usize) -> Self {
        set_online(cpu, "0").expect("the CPU can go offline");
        Self(cpu)
    }
}

impl Drop for OfflineCpu {
    fn drop(&mut self) {
        let result = set_online(self.0, "1");
        if !std::thread::panicking() {
            result.expect("the CPU comes back");
        }
    }
}

/// Takes it offline, or brings it back, if the kernel will.
pub fn set_online(cpu: usize, value: &str) -> std::io::Result<()> {
    fs::write(format!("/sys/devices/system/cpu/cpu{cpu}/online"), value)
}
