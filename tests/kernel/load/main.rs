//! Makes the guest busy for the kernel tests. Each kind prints `ready` once it is at work and runs
//! until it is killed. LOAD_NAME sets the name that /proc shows.

#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libbpf_rs::{Iter, MapCore, MapMut, ObjectBuilder};
use rustix::process::{Signal, getpid, kill_process};
use rustix::thread::futex;

mod crowd;
mod turns;

const USAGE: &str = "load hog | threads N | brief-threads | waker MICROSECONDS | worker MICROSECONDS MICROSECONDS | probe COUNT | sleeper | sleeping-threads N | real-time-hog | deadline PERCENT | yielders N | woken-together N | turns MILLISECONDS | ping-pong | late-after-sync N | parent \
    | fork-storm | thread-storm | exec-from-thread | leader-exits | as-pid PID \
    | other-scheduler OBJECT | rcu-reader OBJECT | tasks N MILLISECONDS | hold-memory MB | mergeable-memory MB | churn-memory MB";

fn main() {
    if let Ok(name) = std::env::var("LOAD_NAME") {
        let name = CString::new(name).expect("no NUL in a name");
        rustix::thread::set_name(&name).expect("a name can be set");
    }
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.into_string().expect("UTF-8"))
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["hog"] => {
            ready();
            spin()
        }
        ["threads", count] => threads(count.parse().expect("a number of threads")),
        ["tasks", count, pause] => crowd::tasks(
            count.parse().expect("a number of tasks"),
            Duration::from_millis(pause.parse().expect("milliseconds")),
        ),
        ["hold-memory", size] => crowd::hold_memory(size.parse().expect("megabytes")),
        ["mergeable-memory", size] => {
            // Ksmd looks through it.
            // SAFETY: a flag of this process; no memory is handed over.
            unsafe { libc::prctl(libc::PR_SET_MEMORY_MERGE, 1, 0, 0, 0) };
            crowd::hold_memory(size.parse().expect("megabytes"))
        }
        ["churn-memory", size] => crowd::churn_memory(size.parse().expect("megabytes")),
        ["brief-threads"] => brief_threads(),
        ["waker", pause] => waker(Duration::from_micros(pause.parse().expect("microseconds"))),
        ["probe", count] => probe(count.parse().expect("a number of wake-ups")),
        ["worker", work, pause] => worker(
            Duration::from_micros(work.parse().expect("microseconds")),
            Duration::from_micros(pause.parse().expect("microseconds")),
        ),
        ["sleeping-threads", count] => {
            sleeping_threads(count.parse().expect("a number of threads"))
        }
        ["sleeper"] => waker(Duration::from_secs(3600)),
        ["real-time-hog"] => real_time_hog(),
        ["deadline", percent] => deadline(percent.parse().expect("of a CPU")),
        ["yielders", count] => turns::yielders(count.parse().expect("a number of yields")),
        ["woken-together", rounds] => {
            turns::woken_together(rounds.parse().expect("a number of rounds"))
        }
        ["turns", time] => turns::turns(Duration::from_millis(time.parse().expect("milliseconds"))),
        ["ping-pong"] => turns::ping_pong(),
        ["late-after-sync", count] => {
            turns::late_after_sync(count.parse().expect("a number of wake-ups"))
        }
        ["parent"] => parent(),
        ["fork-storm"] => fork_storm(),
        ["thread-storm"] => thread_storm(),
        ["exec-from-thread"] => exec_from_thread(),
        ["leader-exits"] => leader_exits(),
        ["as-pid", pid] => as_pid(pid.parse().expect("a process id")),
        ["other-scheduler", object] => other_scheduler(object),
        ["rcu-reader", object] => rcu_reader(object),
        ["nothing"] => {}
        _ => {
            eprintln!("usage: {USAGE}");
            std::process::exit(2);
        }
    }
}

/// Attaches the smallest scheduler there is (tests/kernel/other.bpf.c): what sched_ext itself takes.
fn other_scheduler(object: &str) {
    let mut builder = ObjectBuilder::default();
    let mut object = builder.open_file(object).unwrap().load().unwrap();
    let mut maps = object.maps_mut();
    let mut ops: MapMut<'_> = maps.find(|map| map.name() == "other").unwrap();
    let _link = ops.attach_struct_ops().unwrap();
    ready();
    loop {
        thread::park();
    }
}

/// Reads under RCU nearly all the time: a BPF iterator that takes long (tests/kernel/other.bpf.c).
fn rcu_reader(object: &str) {
    let mut builder = ObjectBuilder::default();
    let object = builder.open_file(object).unwrap().load().unwrap();
    let mut programs = object.progs_mut();
    let program = programs.find(|program| program.name() == "read_long");
    let link = program.unwrap().attach().unwrap();
    ready();
    loop {
        let mut tasks = Iter::new(&link).unwrap();
        io::copy(&mut tasks, &mut io::sink()).unwrap();
        // Now and then it may leave its CPU.
        thread::sleep(Duration::from_millis(1));
    }
}

fn ready() {
    println!("ready");
}

/// The process is ready, and stops until it is sent SIGCONT.
fn ready_and_stopped() {
    ready();
    kill_process(getpid(), Signal::STOP).expect("it stops itself");
}

/// Without the hint of a spinning loop: an emulated CPU takes it as leave to stop, a thousand times
/// as often as a tick.
fn spin() -> ! {
    loop {
        std::hint::black_box(());
    }
}

/// A process of `count` threads, none of which ever sleeps once all are there. Says `all ran` when
/// each of them has had a CPU since.
fn threads(count: usize) {
    let begun = Arc::new(AtomicU32::new(0));
    let there = Arc::new(AtomicUsize::new(1));
    let ran = Arc::new(AtomicUsize::new(0));
    let run = move |begun: &AtomicU32, ran: &AtomicUsize| -> ! {
        while begun.load(Ordering::Relaxed) == 0 {
            let _ = futex::wait(begun, futex::Flags::PRIVATE, 0, None);
        }
        if ran.fetch_add(1, Ordering::Relaxed) + 1 == count {
            println!("all ran");
        }
        spin()
    };
    // Otherwise thousands of tasks that are awake delay the one that wakes the rest.
    set_policy(libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, 1);
    for _ in 1..count {
        let (begun, ran) = (Arc::clone(&begun), Arc::clone(&ran));
        let there = Arc::clone(&there);
        // Small, since there may be thousands.
        let thread = thread::Builder::new().stack_size(64 << 10);
        thread
            .spawn(move || {
                there.fetch_add(1, Ordering::Relaxed);
                run(&begun, &ran)
            })
            .expect("a thread starts");
    }
    // A thread allocates memory as it starts: one that waits for its turn among thousands, with the
    // allocator's lock in its hand, would hold up each that is not there yet.
    while there.load(Ordering::Relaxed) < count {
        thread::sleep(Duration::from_millis(1));
    }
    ready();
    begun.store(1, Ordering::Relaxed);
    futex::wake(&begun, futex::Flags::PRIVATE, i32::MAX as u32).expect("they can be woken");
    set_policy(libc::SCHED_OTHER, 0);
    run(&begun, &ran)
}

/// Of the calling thread.
fn set_policy(policy: libc::c_int, sched_priority: libc::c_int) {
    let priority = libc::sched_param { sched_priority };
    // SAFETY: the structure lives for the call.
    let error = unsafe { libc::sched_setscheduler(0, policy, &priority) };
    assert_eq!(error, 0, "policy {policy} can be had");
}

/// Threads that work for a moment and end, one after another.
fn brief_threads() -> ! {
    ready();
    loop {
        let thread = thread::spawn(|| {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(5) {}
        });
        thread.join().expect("spinning does not panic");
    }
}

/// Sleeps and wakes, over and over: the kind of process that waits for a CPU most often.
fn waker(pause: Duration) {
    ready();
    loop {
        thread::sleep(pause);
    }
}

fn sleeping_threads(count: usize) -> ! {
    for _ in 1..count {
        // Small, since there may be tens of thousands.
        let thread = thread::Builder::new().stack_size(16 << 10);
        thread.spawn(thread::park).expect("a thread starts");
    }
    ready();
    loop {
        thread::park();
    }
}

/// Returns the CPU time of this thread.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}

/// Works for so much CPU time, sleeps, and so on.
fn worker(work: Duration, pause: Duration) {
    ready();
    loop {
        let end = cpu_time() + work;
        while cpu_time() < end {}
        thread::sleep(pause);
    }
}

/// Measures its own lateness, from the moment at which it wanted to be woken to the one at which it
/// runs again, and prints all of it in nanoseconds, the least first. Sleeps 1 to 3 ms: a fixed time
/// would lock to the kernel's tick. Stops before it begins, until it is sent SIGCONT.
fn probe(count: usize) {
    use rustix::time::{ClockId, Timespec, clock_gettime};
    let nanoseconds = |time: Timespec| time.tv_sec * 1_000_000_000 + time.tv_nsec;
    let now = || nanoseconds(clock_gettime(ClockId::Monotonic));
    // SAFETY: no pointer is passed.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
    ready_and_stopped();
    let mut random = 1_u64;
    let mut late: Vec<i64> = (0..count)
        .map(|_| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let deadline = now() + 1_000_000 + (random >> 33) as i64 % 2_000_000;
            let until = Timespec {
                tv_sec: deadline / 1_000_000_000,
                tv_nsec: deadline % 1_000_000_000,
            };
            let slept = rustix::thread::clock_nanosleep_absolute(ClockId::Monotonic, &until);
            slept.expect("no signal comes");
            now() - deadline
        })
        .collect();
    late.sort_unstable();
    let late: Vec<String> = late.iter().map(i64::to_string).collect();
    println!("{}", late.join(" "));
    thread::sleep(Duration::from_secs(3600));
}

/// Never sleeps once it has woken up, and goes before every task that is not real-time: what runs on
/// its CPU by then has to give way.
fn real_time_hog() {
    set_policy(libc::SCHED_FIFO, 1);
    thread::sleep(Duration::from_millis(100));
    ready();
    spin()
}

/// Sleeps, with so much of a CPU reserved for it (SCHED_DEADLINE).
fn deadline(percent: u64) {
    let period: u64 = 100_000_000;
    // struct sched_attr, include/uapi/linux/sched/types.h: size and policy, flags, nice and priority, then
    // runtime, deadline and period in nanoseconds.
    let reserved = period * percent / 100;
    let attributes = [
        48 | (libc::SCHED_DEADLINE as u64) << 32,
        0,
        0,
        reserved,
        period,
        period,
    ];
    // SAFETY: the attributes live for the call, and say how long they are.
    let error = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, attributes.as_ptr(), 0) };
    assert_eq!(error, 0, "{percent} % of a CPU can be had");
    waker(Duration::from_secs(3600))
}

/// Stops, and once it is sent SIGCONT has a child that never sleeps; `child PID` tells its id. It ends
/// with its parent.
fn parent() {
    ready_and_stopped();
    // SAFETY: this process has one thread, so the child may go on as any process.
    match unsafe { libc::fork() } {
        0 => {
            end_with_parent();
            spin()
        }
        child => println!("child {child}"),
    }
    loop {
        thread::park();
    }
}

/// A child with this very process id, which must be free; it never sleeps, and ends with its parent.
fn as_pid(pid: libc::pid_t) {
    // struct clone_args, include/uapi/linux/sched.h
    let mut arguments = [0u64; 11];
    arguments[4] = libc::SIGCHLD as u64;
    arguments[8] = (&raw const pid) as u64;
    arguments[9] = 1;
    // SAFETY: without flags it is a fork; this process has one thread.
    let child = unsafe {
        let size = size_of_val(&arguments);
        libc::syscall(libc::SYS_clone3, arguments.as_mut_ptr(), size)
    };
    match child {
        0 => {
            end_with_parent();
            ready();
            spin()
        }
        child => assert_eq!(child, i64::from(pid), "{}", std::io::Error::last_os_error()),
    }
    loop {
        thread::park();
    }
}

fn end_with_parent() {
    // SAFETY: sets an attribute of this process.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// Children that end at once, one after another.
fn fork_storm() {
    let me = std::env::current_exe().expect("/proc is mounted");
    ready();
    loop {
        let status = Command::new(&me).arg("nothing").status();
        assert!(status.expect("a child starts").success());
    }
}

/// Threads that end at once, one after another, while the first one never sleeps.
fn thread_storm() {
    thread::spawn(|| {
        loop {
            thread::spawn(|| {}).join().expect("it ends");
        }
    });
    ready();
    spin()
}

/// Runs another program from a second thread: the process id stays, the first thread ends.
fn exec_from_thread() {
    let me = std::env::current_exe().expect("/proc is mounted");
    thread::spawn(move || {
        let error = Command::new(me).arg("hog").exec();
        panic!("exec: {error}");
    });
    spin()
}

/// The first thread ends, the second goes on: the process lives as long as it does.
fn leader_exits() {
    thread::spawn(|| {
        let leader = format!("/proc/self/task/{}/stat", std::process::id());
        while !fs::read_to_string(&leader).is_ok_and(|stat| stat.contains(") Z ")) {
            thread::sleep(Duration::from_millis(1));
        }
        ready();
        spin()
    });
    // SAFETY: ends this thread alone; nothing on its stack is borrowed by the other one.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}
