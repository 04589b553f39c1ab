//! Attaches, kills and moves many times: `SOAK` times, by default twenty. In several tests, so that passed ones need
//! not be repeated if the emulator crashes (`vm/test`).

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::dice::{self, Dice};
use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::held::{descriptors, held, resident_kib, wait_until_no_more_than};
use crate::support::hog::{Hog, Load};
use crate::support::maps;
use crate::support::program::{Running, run_ok};
use crate::support::terminal::Terminal;

/// The kernel's own scheduler is back within this time after the owner's end.
const BACK: Duration = Duration::from_secs(1);

/// The part of one of `tests` that share the rounds.
fn rounds(tests: usize) -> usize {
    let all: usize = std::env::var("SOAK").map_or(20, |words| words.parse().expect("a number"));
    all.div_ceil(tests)
}

/// `make soak` takes an hour: it says how far it is.
fn counted(rounds: usize) -> impl Iterator<Item = usize> {
    (0..rounds).inspect(move |round| {
        if round % 50 == 49 {
            println!("round {} of {rounds}", round + 1);
        }
    })
}

/// A clean start and end: the first one replaces what a killed one has left pinned.
fn once_more() {
    let scheduler = Running::attach(&[]);
    scheduler.terminate();
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(!Path::new(maps::PINS).exists(), "pins are left");
}

#[test]
fn attached_and_detached_over_and_over_nothing_is_left() {
    let before = held();
    for _ in counted(rounds(2)) {
        once_more();
    }
    wait_until_no_more_than(before);
}

#[test]
fn handed_over_and_taken_back_over_and_over_nothing_grows() {
    once_more();
    let before = held();
    let hog = Load::hog().start();
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    run_ok(&["add", &hog.pid().to_string()]);
    let mut first = None;
    for round in counted(rounds(2)) {
        terminal.detach();
        terminal.attach();
        assert_eq!(maps::members(), [hog.pid()], "round {round}");
        let now = (descriptors(terminal.pid()), resident_kib(terminal.pid()));
        // By the third round whatever is kept for later is there.
        if round == 2 {
            first = Some(now);
        }
        if let Some((descriptors, resident)) = first {
            // A look at /proc may be under way, in this round or in that one.
            let what = format!("no more than {descriptors} descriptors in round {round}");
            let pid = terminal.pid();
            wait_until(&what, PATIENCE, || self::descriptors(pid) <= descriptors);
            assert!(
                now.1 < resident + 2048,
                "{resident} KiB, then {} KiB",
                now.1
            );
        }
    }
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    wait_until_no_more_than(before);
}

/// Ends the dashboard in this way at a random moment, half of the times under 8 hogs a CPU.
fn whenever_it_ends_the_machine_is_the_kernels_again(how: fn(&mut Terminal)) {
    let seed = dice::any_seed();
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let before = held();
    once_more();
    let cpus = std::thread::available_parallelism().unwrap().get();
    let mut load: Vec<Hog> = Vec::new();
    let rounds = rounds(4);
    for round in counted(rounds) {
        if round == rounds / 2 {
            load.extend((0..8 * cpus).map(|_| Load::hog().start()));
        }
        let mut terminal = Terminal::dashboard(&[]);
        // From before it has loaded anything to well after it has attached.
        sleep(Duration::from_millis(dice.below(1800)));
        how(&mut terminal);
        wait_until("it has ended", PATIENCE, || terminal.has_ended());
        let ended = Instant::now();
        let back = guest::holds_within(BACK, || guest::sched_ext_state() == "disabled");
        assert!(
            back,
            "round {round}, seed {seed}: {} after {:?}",
            guest::sched_ext_state(),
            ended.elapsed()
        );
        assert!(
            !Path::new(maps::PINS).join("link").exists(),
            "round {round}"
        );
    }
    drop(load);
    once_more();
    wait_until_no_more_than(before);
}

fn send(terminal: &Terminal, signal: Signal) {
    let pid = Pid::from_raw(terminal.pid().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn killed_at_any_moment_restores_kernel_default() {
    whenever_it_ends_the_machine_is_the_kernels_again(|terminal| send(terminal, Signal::KILL));
}

#[test]
fn asked_to_end_at_any_moment_the_machine_is_the_kernels_again() {
    whenever_it_ends_the_machine_is_the_kernels_again(|terminal| send(terminal, Signal::TERM));
}

#[test]
fn hung_up_at_any_moment_the_machine_is_the_kernels_again() {
    whenever_it_ends_the_machine_is_the_kernels_again(|terminal| send(terminal, Signal::HUP));
}

#[test]
fn terminal_closed_at_any_moment_restores_kernel_default() {
    whenever_it_ends_the_machine_is_the_kernels_again(Terminal::hang_up);
}

#[test]
fn members_stay_exact_during_forks_moves_and_hotplug() {
    let scheduler = Running::attach(&[]);
    let steady = [(); 2].map(|()| Load::hog().start());
    let storms = ["fork-storm", "thread-storm"].map(|kind| Load::new(&[kind]).start());
    let family = storms[0].pid().to_string();
    let rounds = rounds(10);
    for round in counted(rounds) {
        let hog = &steady[round % steady.len()];
        run_ok(&["add", &hog.pid().to_string()]);
        assert!(maps::is_member(hog.pid()), "round {round}");
        run_ok(&["add", "--children", &family]);
        if round % 5 == 4 || round + 1 == rounds {
            let _gone = guest::OfflineCpu::new(1);
            assert!(guest::is_attached(), "round {round}");
        }
        run_ok(&["remove", &hog.pid().to_string(), &family]);
        assert!(!maps::is_member(hog.pid()), "round {round}");
    }
    assert!(maps::members().is_empty(), "{:?}", maps::members());
    drop((storms, steady));
    scheduler.terminate();
    assert_eq!(guest::sched_ext_state(), "disabled");
}
