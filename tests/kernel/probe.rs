//! The wait instrument against a probe that measures its own lateness in user space. Only in
//! deterministic virtual time do the two see the same: elsewhere the host's noise is in between.
//! Runs in a machine of its own: `DUALQ_ACCEL=icount vm/test probe --ignored`.
//!
//! The probe counts its way besides, which is no wait for a CPU. One part is from the timer's end to
//! the wake-up (interrupt, the timer's queue). The other is from the switch back to user space,
//! where the kernel default sets the timer of the task's slice (hrtick). Some 6 µs, which a long
//! wait does not show and which are half of a short one. They are measured where there is hardly
//! anything else: on a probe that goes before the hogs.

use std::time::Duration;

use crate::support::guest;
use crate::support::hog::{Hog, Load};
use crate::support::program::{Running, run_ok};
use crate::support::terminal::Terminal;
use crate::support::waits::{self, Waits};

/// Enough for a p99 that does not hang on one wait.
const WAKE_UPS: &str = "300";
/// The maximum of the wake-up path.
const WAY_NS: std::ops::Range<f64> = 2_000.0..8_000.0;

/// As the instrument counts: eight an octave.
fn bucket(ns: f64) -> f64 {
    let octave = ns.log2().floor();
    8.0 * octave + ((ns / octave.exp2() - 1.0) * 8.0).floor()
}

/// A percentile in nanoseconds: what the probe says, from its neighbour below to the one above, and
/// where the bucket begins in which the instrument has it. The instrument counts a wake-up or two
/// more, before the probe's first: where waits leap from microseconds to milliseconds just there, it
/// is on the other side.
#[derive(Debug, Clone, Copy)]
struct Both {
    probe: [f64; 3],
    instrument: f64,
}

/// The wake-ups that the instrument may count besides.
const BESIDES: usize = 2;
/// One in a hundred timers ends while the kernel is at its tick, and comes that much later.
const LATE_TIMER_NS: [f64; 2] = [0.0, 10_000.0];

/// p50 and p99 of a probe, once the way to it is free.
fn measure(probe: Load, prepare: impl FnOnce(&Hog)) -> [Both; 2] {
    let probe = probe.start_stopped();
    prepare(&probe);
    waits::look_at(probe.pid());
    probe.resume();
    let line = probe.next_line();
    let seen = Waits::of_process(probe.pid());
    assert!(seen.total() > 290, "{} waits", seen.total());
    let own: Vec<f64> = line.split(' ').map(|ns| ns.parse().unwrap()).collect();
    [50, 99].map(|percent| {
        let rank = own.len() * percent / 100;
        let above = (rank + BESIDES).min(own.len() - 1);
        Both {
            probe: [own[rank - BESIDES], own[rank], own[above]],
            instrument: seen.percentile_us(percent as u64) * 1000.0,
        }
    })
}

fn probe() -> Load {
    Load::new(&["probe", WAKE_UPS])
}

fn hogs() -> [Hog; 2] {
    [(); 2].map(|()| Load::hog().start())
}

fn add(process: &Hog) {
    run_ok(&["add", &process.pid().to_string()]);
}

/// The excess of a probe that does not have to wait for others.
fn way(what: &str, [p50, _]: [Both; 2]) -> f64 {
    // From the middle of the bucket.
    let way = p50.probe[1] - p50.instrument * (1.0 + 1.0 / 16.0);
    println!("{what}: {p50:?}, the way {way} ns");
    assert!(WAY_NS.contains(&way), "{what}: {p50:?}");
    way
}

fn same(what: &str, way: f64, percentiles: [Both; 2]) {
    for ((name, late), both) in ["p50", "p99"].iter().zip(LATE_TIMER_NS).zip(percentiles) {
        println!("{what}: {name} {both:?}");
        let below = bucket((both.probe[0] - way - late).max(1.0));
        let above = bucket(both.probe[2] - way);
        assert!(
            (below - 1.0..=above + 1.0).contains(&bucket(both.instrument)),
            "{what}: {name} {both:?}, way {way} ns"
        );
    }
}

#[test]
#[ignore = "needs a machine in deterministic virtual time"]
fn the_instrument_sees_what_a_probe_sees_under_our_scheduler() {
    let scheduler = Running::attach_measuring(&["--batch-order", "fifo"]);
    let hogs = hogs();
    let way = way("a member", measure(probe(), add));
    same("in BATCH", way, measure(probe(), |_| ()));
    hogs.iter().for_each(add);
    same("a member among members", way, measure(probe(), add));
    scheduler.terminate();
}

#[test]
#[ignore = "needs a machine in deterministic virtual time"]
fn instrument_agrees_with_probe_under_kernel_default() {
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    terminal.press(b"x");
    guest::wait_until_detached();
    let _hogs = hogs();
    let way = way("nice -20", measure(probe().nice(-20), |_| ()));
    same("nice 0", way, measure(probe(), |_| ()));
    same("nice 19", way, measure(probe().nice(19), |_| ()));
    terminal.press(b"q");
    assert!(terminal.wait(Duration::from_secs(60)).success());
}
