//! Crowds as a machine has them, for the stress scenarios: some tasks never sleep, some do almost
//! nothing else; and processes that take memory.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::futex;

use super::{ready, ready_and_stopped, set_policy};

/// Between two reports at least: the least that is of use to who reads them.
const REPORT: Duration = Duration::from_millis(200);

/// The state that all tasks of the crowd share.
struct Crowd {
    count: usize,
    there: AtomicUsize,
    /// 0 until they begin, then the number of the round.
    round: AtomicU32,
    /// Number of tasks that have not run in this round.
    left: AtomicUsize,
}

/// `count` threads: half of them want the CPU all the time (one of two yields it now and then), a
/// quarter sleeps for `pause`, a quarter sleeps and works. Stops itself before they begin, until it
/// is sent SIGCONT: several crowds can be made while none of them is in the way yet. From then on it
/// says `all ran` each time that each of them has had a turn since the last time.
pub fn tasks(count: usize, pause: Duration) -> ! {
    // Otherwise it takes minutes beside thousands of busy tasks until all have started.
    set_policy(libc::SCHED_FIFO, 1);
    let crowd = Arc::new(Crowd {
        count,
        there: AtomicUsize::new(1),
        round: AtomicU32::new(0),
        left: AtomicUsize::new(count),
    });
    for number in 1..count {
        let crowd = Arc::clone(&crowd);
        // Small, since there may be thousands.
        let thread = thread::Builder::new().stack_size(64 << 10);
        thread
            .spawn(move || crowd.take_part(number, pause))
            .expect("a thread starts");
    }
    while crowd.there.load(Ordering::Relaxed) < count {
        thread::sleep(Duration::from_millis(1));
    }
    ready_and_stopped();
    crowd.round.store(1, Ordering::Relaxed);
    let everybody = i32::MAX as u32;
    futex::wake(&crowd.round, futex::Flags::PRIVATE, everybody).expect("they can be woken");
    set_policy(libc::SCHED_OTHER, 0);
    crowd.work(0, pause)
}

impl Crowd {
    fn take_part(&self, number: usize, pause: Duration) -> ! {
        self.there.fetch_add(1, Ordering::Relaxed);
        while self.round.load(Ordering::Relaxed) == 0 {
            let _ = futex::wait(&self.round, futex::Flags::PRIVATE, 0, None);
        }
        set_policy(libc::SCHED_OTHER, 0);
        self.work(number, pause)
    }

    fn work(&self, number: usize, pause: Duration) -> ! {
        let mut had = 0;
        // Not all of them at once, or the sleepers would wake in step.
        let mut random = number as u64 + 1;
        loop {
            let round = self.round.load(Ordering::Relaxed);
            if had != round {
                had = round;
                if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    self.report();
                }
            }
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let nap = pause / 2 + pause.mul_f64((random >> 40) as f64 / f64::from(1 << 24));
            match number % 4 {
                0 => spin_for(Duration::from_millis(2)),
                1 => thread::sleep(nap),
                2 => {
                    spin_for(Duration::from_micros(300));
                    thread::sleep(nap);
                }
                _ => {
                    spin_for(Duration::from_millis(1));
                    thread::yield_now();
                }
            }
        }
    }

    /// The last one of the round begins the next.
    fn report(&self) {
        println!("all ran");
        thread::sleep(REPORT);
        self.left.store(self.count, Ordering::Relaxed);
        self.round.fetch_add(1, Ordering::Release);
    }
}

fn spin_for(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {}
}

const PAGE: usize = 4096;

fn take(megabytes: usize) -> Vec<u8> {
    let mut memory = Vec::with_capacity(megabytes << 20);
    for _ in 0..megabytes << 8 {
        memory.extend_from_slice(&[1; PAGE]);
    }
    black_box(memory)
}

/// Takes memory and keeps it.
pub fn hold_memory(megabytes: usize) -> ! {
    let memory = take(megabytes);
    ready();
    loop {
        thread::park();
        black_box(&memory);
    }
}

/// Takes memory and gives it back, over and over.
pub fn churn_memory(megabytes: usize) -> ! {
    ready();
    loop {
        drop(take(megabytes));
    }
}
