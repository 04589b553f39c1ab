//! Threads of one process that take turns: by yielding, by waking each other, or at the end of their slices. Each kind
//! prints what it has seen, and then waits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};

use super::{cpu_time, ready, ready_and_stopped};

/// Three threads that do nothing but yield. Says after how many of so many yields the first one found
/// that both others had run.
pub fn yielders(count: usize) -> ! {
    let turns = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    for own in turns.clone() {
        thread::spawn(move || {
            loop {
                own.fetch_add(1, Ordering::Relaxed);
                thread::yield_now();
            }
        });
    }
    let seen = || turns.each_ref().map(|own| own.load(Ordering::Relaxed));
    while seen().contains(&0) {
        thread::yield_now();
    }
    ready();
    let taken = (0..count).filter(|_| {
        let [one, two] = seen();
        thread::yield_now();
        let [one_now, two_now] = seen();
        one_now != one && two_now != two
    });
    println!("{}", taken.count());
    loop {
        thread::park();
    }
}

/// Two threads that are woken at the same moment, so many times, and then work for 7 ms of CPU time and for a
/// moment. Stops before they begin, until it is sent SIGCONT. Says how often the second had begun before the first was
/// done.
pub fn woken_together(rounds: usize) -> ! {
    ready_and_stopped();
    let (woken, done) = (Arc::new(Barrier::new(3)), Arc::new(Barrier::new(3)));
    let (begun, in_time) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (wakes, ends) = (Arc::clone(&woken), Arc::clone(&done));
    let (others, counted) = (Arc::clone(&begun), Arc::clone(&in_time));
    thread::spawn(move || {
        loop {
            wakes.wait();
            let until = cpu_time() + Duration::from_millis(7);
            while cpu_time() < until {}
            counted.fetch_add(others.load(Ordering::SeqCst), Ordering::SeqCst);
            ends.wait();
        }
    });
    let (wakes, ends) = (Arc::clone(&woken), Arc::clone(&done));
    let begins = Arc::clone(&begun);
    thread::spawn(move || {
        loop {
            wakes.wait();
            begins.store(1, Ordering::SeqCst);
            ends.wait();
        }
    });
    for _ in 0..rounds {
        begun.store(0, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(30));
        woken.wait();
        done.wait();
    }
    println!("{}", in_time.load(Ordering::SeqCst));
    loop {
        thread::park();
    }
}

/// Three threads that never sleep. Says how often one of them went on after another until each had so much
/// CPU time. Stops before they begin, until it is sent SIGCONT.
pub fn turns(time: Duration) -> ! {
    ready_and_stopped();
    let last = Arc::new(AtomicUsize::new(0));
    let threads = [1, 2, 3].map(|me| {
        let last = Arc::clone(&last);
        thread::spawn(move || {
            let mut turns = 0;
            while cpu_time() < time {
                turns += usize::from(last.swap(me, Ordering::Relaxed) != me);
            }
            turns
        })
    });
    let turns = threads.map(|thread| thread.join().expect("no panic"));
    println!("{}", turns.iter().sum::<usize>());
    loop {
        thread::park();
    }
}

/// Two threads, one of which runs at any time: each wakes the other, by a pipe, and waits for it.
pub fn ping_pong() -> ! {
    let (from_first, to_second) = rustix::pipe::pipe().expect("a pipe");
    let (from_second, to_first) = rustix::pipe::pipe().expect("a pipe");
    let pass_on = |from, to| {
        let mut byte = [0];
        loop {
            rustix::io::read(&from, &mut byte).expect("a byte comes");
            rustix::io::write(&to, &byte).expect("a byte goes");
        }
    };
    rustix::io::write(&to_first, &[0]).expect("a byte goes");
    thread::spawn(move || pass_on(from_first, to_first));
    ready();
    pass_on(from_second, to_second)
}

/// One thread never leaves CPU 1, and wakes another in passing, by a pipe, that may run anywhere and was
/// there last. Prints the median delay of that one's wake-ups, of so many, in microseconds. Stops before it
/// begins, until it is sent SIGCONT.
pub fn late_after_sync(count: usize) -> ! {
    let only = |cpus: &[usize]| {
        let mut set = CpuSet::new();
        cpus.iter().for_each(|&cpu| set.set(cpu));
        sched_setaffinity(None, &set).expect("the CPUs are online");
    };
    let (from, to) = rustix::pipe::pipe().expect("a pipe");
    ready_and_stopped();
    let begun = Instant::now();
    let reads = Arc::new(AtomicBool::new(false));
    let about_to_read = Arc::clone(&reads);
    thread::spawn(move || {
        only(&[1]);
        loop {
            // What is sent before the other sleeps would count its wait for this CPU as well.
            while !about_to_read.swap(false, Ordering::Relaxed) {}
            let moment = Instant::now();
            while moment.elapsed() < Duration::from_millis(10) {}
            let sent = begun.elapsed().as_nanos() as u64;
            rustix::io::write(&to, &sent.to_ne_bytes()).expect("the pipe is open");
        }
    });
    let mut late: Vec<u64> = (0..count)
        .map(|_| {
            only(&[1]);
            only(&[0, 1]);
            let mut sent = [0; 8];
            reads.store(true, Ordering::Relaxed);
            rustix::io::read(&from, &mut sent).expect("the pipe is open");
            begun.elapsed().as_nanos() as u64 - u64::from_ne_bytes(sent)
        })
        .collect();
    late.sort_unstable();
    println!("{}", late[count / 2] / 1000);
    loop {
        thread::park();
    }
}
