//! A fault in a thread of the dashboard while it owns the scheduler: the machine is the kernel's again.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::maps;
use crate::support::program;
use crate::support::terminal::Terminal;

/// While it is there, what is asked for happens.
const NOW: &str = "/tmp/failpoint";

/// A dashboard that owns the scheduler, in which this happens from now on (src/sys/failpoint.rs).
fn begun(failpoint: &str) -> Terminal {
    let _ = fs::create_dir_all("/tmp");
    let _ = fs::remove_file(NOW);
    let mut command = program::command();
    command.arg("--no-waits").env("RUST_BACKTRACE", "0");
    command.env("DUALQ_TOP_FAILPOINT", format!("{failpoint}:{NOW}"));
    let terminal = Terminal::start(command, 24, 80);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    fs::write(NOW, "").unwrap();
    terminal
}

#[test]
fn panic_of_drawing_or_scheduler_thread_detaches() {
    for (thread, status) in [("scheduler", 1), ("main", 101)] {
        let mut terminal = begun(&format!("panic:{thread}"));
        terminal.press(b"?");
        let ended = terminal.wait(PATIENCE);
        assert_eq!(
            ended.code(),
            Some(status),
            "{thread}: {}",
            terminal.screen()
        );
        wait_until("the kernel default is back", PATIENCE, || {
            guest::sched_ext_state() == "disabled"
        });
        assert!(!Path::new(maps::PINS).exists(), "{thread}");
        terminal.wait_for_screen("a message", |text| {
            text.contains("a failpoint") && text.contains(thread)
        });
    }
    fs::remove_file(NOW).unwrap();
}

/// As when the terminal has stopped taking what is written.
#[test]
fn a_signal_detaches_though_the_thread_that_draws_is_stuck() {
    let mut terminal = begun("hang:main");
    terminal.press(b"?");
    let pid = Pid::from_raw(terminal.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    wait_until("the kernel default is back", PATIENCE, || {
        guest::sched_ext_state() == "disabled"
    });
    assert!(!terminal.has_ended(), "nothing is stuck in it");
    // Then it ends all the same, and gives the terminal back as far as it can.
    assert_eq!(terminal.wait(PATIENCE).code(), Some(128 + 15));
    fs::remove_file(NOW).unwrap();
}
