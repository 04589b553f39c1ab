//! Attaching, and above all giving the machine back.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::full_pipe::full_pipe;
use crate::support::guest;
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{self, Running, run, run_ok};
use crate::support::waits;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn attach_is_what_the_kernel_says_runs() {
    let scheduler = Running::attach(&[]);
    assert_eq!(guest::sched_ext_state(), "enabled");
    assert_eq!(guest::sched_ext_ops().as_deref(), Some("dualq"));
    let ended = scheduler.terminate();
    // As a service manager ends it, which would call another status a failure.
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(!std::path::Path::new(maps::PINS).exists(), "pins are left");
}

#[test]
fn each_signal_that_ends_it_detaches_first() {
    for (signal, code, killed) in [
        (Signal::INT, Some(0), None),
        (Signal::QUIT, Some(128 + 3), None),
        (Signal::HUP, Some(128 + 1), None),
        (Signal::USR1, None, Some(10)),
    ] {
        let scheduler = Running::attach(&[]);
        scheduler.signal(signal);
        let ended = scheduler.wait(guest::PATIENCE);
        assert_eq!(ended.status.code(), code, "{ended:?}");
        assert_eq!(ended.status.signal(), killed, "{ended:?}");
        // The kernel detaches after any end; that it was done in order shows in what is said and left.
        assert!(ended.stdout.ends_with("kernel default\n"), "{ended:?}");
        assert_eq!(guest::sched_ext_state(), "disabled");
        assert!(!std::path::Path::new(maps::PINS).exists(), "pins are left");
    }
}

/// As behind a pager that was stopped, or a log that hangs.
#[test]
fn a_signal_detaches_though_nobody_reads_what_is_said() {
    for (options, signal, code) in [
        (&[][..], Signal::TERM, Some(0)),
        (&[], Signal::INT, Some(0)),
        (&["--stay"], Signal::TERM, Some(128 + 15)),
        (&["--verbose"], Signal::TERM, Some(0)),
    ] {
        let (_unread, full) = full_pipe();
        let mut command = program::command();
        command.args(["attach", "--no-waits"]).args(options);
        command.stderr(full.try_clone().unwrap()).stdout(full);
        let mut child = command.spawn().unwrap();
        drop(command);
        let writes = format!("/proc/{}/syscall", child.id());
        let is_stuck = || fs::read_to_string(&writes).is_ok_and(|now| now.starts_with("1 0x2 "));
        guest::wait_until("attached, or stuck before", guest::PATIENCE, || {
            guest::is_attached() || is_stuck()
        });
        let asked = Instant::now();
        kill_process(Pid::from_child(&child), signal).unwrap();
        guest::wait_until("it has ended", guest::PATIENCE, || {
            child.try_wait().unwrap().is_some()
        });
        // Two seconds, and what an emulated machine adds.
        let took = asked.elapsed();
        assert!(took < 8 * SECOND, "{options:?}: {took:?}");
        assert_eq!(child.wait().unwrap().code(), code, "{options:?}");
        assert_eq!(guest::sched_ext_state(), "disabled");
        assert!(!std::path::Path::new(maps::PINS).exists(), "pins are left");
    }
}

#[test]
fn attach_under_nohup_outlives_a_hangup() {
    let mut scheduler =
        Running::from_script("env sh -c 'trap \"\" HUP; exec $DUALQ_TOP attach --no-waits'");
    guest::wait_until("it is attached", guest::PATIENCE, || {
        scheduler.stdout().contains("dualq attached")
    });
    scheduler.signal(Signal::HUP);
    assert!(!guest::holds_within(SECOND, || scheduler.has_ended()));
    assert!(guest::is_attached());
    assert_eq!(scheduler.terminate().status.code(), Some(0));
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn a_killed_owner_leaves_the_kernel_default_within_a_second() {
    let scheduler = Running::attach(&[]);
    scheduler.signal(Signal::KILL);
    guest::wait_until("state is disabled", SECOND, || {
        guest::sched_ext_state() == "disabled"
    });
    drop(scheduler);

    // Its pins are left, and mean nothing: neither to a reader nor to the next start.
    assert!(
        maps::open("priority_pids_map").is_some(),
        "nothing was left to be replaced"
    );
    assert_eq!(run(&["list"]).status.code(), Some(6));
    let hog = Load::hog().start();
    let again = Running::attach(&[]);
    run_ok(&["add", &hog.pid().to_string()]);
    assert_eq!(
        maps::members(),
        [hog.pid()],
        "the pins are the new scheduler's"
    );
    again.terminate();
}

#[test]
fn commands_without_scheduler_name_the_one_that_starts_it() {
    for arguments in [
        &["list"][..],
        &["stats"],
        &["add", "1"],
        &["remove", "1"],
        &["-l"],
        &["-s"],
        &["-a", "1"],
        &["-r", "1"],
    ] {
        let refused = run(arguments);
        assert_eq!(refused.status.code(), Some(6), "{arguments:?}");
        assert!(
            refused.stderr.contains("sudo dualq-top"),
            "{}",
            refused.stderr
        );
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn scheduler_with_stay_outlives_owner_until_detached() {
    let attached = run_ok(&["attach", "--stay"]);
    assert!(attached.contains("dualq-top detach"), "{attached}");
    assert!(guest::is_attached());
    // Its members still end with their processes.
    let mut hog = Load::hog().start();
    run_ok(&["add", &hog.pid().to_string()]);
    assert_eq!(maps::members(), [hog.pid()]);
    hog.kill();
    guest::wait_until("the member has ended", guest::PATIENCE, || {
        maps::members().is_empty()
    });

    run_ok(&["detach"]);
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(!std::path::Path::new(maps::PINS).exists(), "pins are left");
    assert_eq!(run(&["detach"]).status.code(), Some(6));
}

#[test]
fn asked_to_stay_it_does_not_if_a_signal_came_while_it_started() {
    let starting = Running::start(&["attach", "--stay"]);
    guest::wait_until("it listens to signals", guest::PATIENCE, || {
        guest::catches(starting.pid(), Signal::TERM)
    });
    let ended = starting.terminate();
    assert_eq!(ended.status.code(), Some(128 + 15), "{ended:?}");
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(!std::path::Path::new(maps::PINS).exists(), "pins are left");
}

/// By one that is stopped while it starts, say; an ordinary user cannot do it.
#[test]
fn stuck_start_delays_no_end_and_next_start_is_refused() {
    use rustix::fs::{FlockOperation, flock};
    use std::os::unix::fs::PermissionsExt;

    let scheduler = Running::attach(&[]);
    let lock = std::fs::File::open("/run/dualq-top.lock").unwrap();
    let mode = lock.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    scheduler.terminate();
    assert_eq!(guest::sched_ext_state(), "disabled");
    let refused = run(&["attach"]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(refused.stderr.contains("another dualq-top"), "{refused:?}");
    drop(lock);
    Running::attach(&[]).terminate();
}

#[test]
fn killed_dashboard_with_stay_leaves_its_scheduler_running() {
    let terminal = crate::support::terminal::Terminal::dashboard(&["--stay"]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    drop(terminal);
    assert!(guest::is_attached());
    run_ok(&["detach"]);
    guest::wait_until_detached();
}

#[test]
fn detach_leaves_a_scheduler_alone_whose_owner_lives() {
    let owner = Running::attach(&[]);
    let refused = run(&["detach"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(
        refused.stderr.contains(&owner.pid().to_string()),
        "{}",
        refused.stderr
    );
    assert!(guest::is_attached());
}

#[test]
fn removing_the_pin_by_hand_detaches() {
    run_ok(&["attach", "--stay"]);
    std::fs::remove_file(maps::pin("link")).unwrap();
    guest::wait_until_detached();
    assert_eq!(run(&["list"]).status.code(), Some(6));
    // What it left is replaced.
    Running::attach(&[]).terminate();
}

#[test]
fn detached_owner_leaves_the_next_scheduler_alone() {
    let mut first = crate::support::terminal::Terminal::dashboard(&[]);
    first.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    first.press(b"x");
    first.wait_for_screen("it is handed back", |text| {
        text.contains("x attaches dualq")
    });
    // On a screen that stands still `w` is not refused: it does not know of the next one.
    first.press(b"p");
    first.wait_for_screen("it stands still", |text| text.contains("is paused"));
    run_ok(&["attach", "--stay"]);
    first.press(b"w");
    guest::wait_until(
        "its own waits are measured no more",
        guest::PATIENCE,
        || waits::attached_programs() <= 3,
    );
    first.press(b"q");
    assert!(first.wait(guest::PATIENCE).success());
    assert!(guest::is_attached(), "the next one's scheduler has ended");
    assert_eq!(run(&["list"]).status.code(), Some(0), "its pins have gone");
    assert_eq!(waits::attached_programs(), 3, "nor does it measure");
    run_ok(&["detach"]);
}

#[test]
fn a_scheduler_that_stays_goes_on_looking_for_overdue_tasks() {
    run_ok(&["attach", "--stay", "--watchdog", "4"]);
    let _greedy = [(); 2].map(|()| Load::hog().on_last_cpu().nice(-20).start());
    let _meek = Load::hog().on_last_cpu().nice(19).start();
    // Index 11 of queue_stats: BATCH tasks brought forward.
    let overdue = || {
        let stats: serde_json::Value = serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap();
        stats["total"]["overdue"].as_u64().unwrap()
    };
    guest::wait_until("one is brought forward", guest::PATIENCE, || overdue() > 0);
    run_ok(&["detach"]);
}
