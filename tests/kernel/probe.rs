//! The wait instrument against a probe that measures its own lateness in user space. Only in
//! deterministic virtual time do the two see the same: elsewhere the host's noise is in between.
//! Runs in a machine of its own: `DUALQ_ACCEL=icount vm/test probe --ignored`.

use std::time::Duration;

use crate::support::guest;
use crate::support::hog::Load;
use crate::support::program::Running;
use crate::support::terminal::Terminal;
use crate::support::waits::{self, Waits};

/// Enough for a p99 that does not hang on one wait.
const WAKE_UPS: &str = "300";

/// As the instrument counts: eight an octave.
fn bucket(ns: f64) -> f64 {
    let octave = ns.log2().floor();
    8.0 * octave + ((ns / octave.exp2() - 1.0) * 8.0).floor()
}

/// What the probe sees and the instrument does not: the timer's interrupt before the wake-up, and the
/// way back to user space after the switch.
const WAY_NS: f64 = 10_000.0;

/// What the probe says of itself and what the instrument says of it, beside busy hogs.
fn same_percentiles() {
    let _hogs = [(); 2].map(|()| Load::hog().start());
    let probe = Load::new(&["probe", WAKE_UPS]).start();
    waits::look_at(probe.pid());
    let line = probe.next_line();
    let seen = Waits::of_process(probe.pid());
    let own: Vec<f64> = line.split(' ').map(|ns| ns.parse().unwrap()).collect();
    assert!(seen.total() > 270, "{} waits", seen.total());
    for (percent, own) in [(50, own[0]), (99, own[1])] {
        let seen = seen.percentile_us(percent) * 1000.0;
        println!("p{percent}: the probe {own} ns, the instrument from {seen} ns");
        assert!(
            (bucket(own) - bucket(seen)).abs() <= 1.0 || (0.0..WAY_NS).contains(&(own - seen)),
            "p{percent}: the probe says {own} ns, the instrument {seen} ns"
        );
    }
}

#[test]
#[ignore = "needs a machine in deterministic virtual time"]
fn the_instrument_sees_what_a_probe_sees_under_our_scheduler() {
    let scheduler = Running::attach_measuring(&["--batch-order", "fifo"]);
    same_percentiles();
    scheduler.terminate();
}

#[test]
#[ignore = "needs a machine in deterministic virtual time"]
fn the_instrument_sees_what_a_probe_sees_under_the_kernel_default() {
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    terminal.press(b"x");
    guest::wait_until_detached();
    same_percentiles();
    terminal.press(b"q");
    assert!(terminal.wait(Duration::from_secs(60)).success());
}
