//! Processes that no queue can serve are not moved, and a sentence says why.

use std::process::Command;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};
use crate::support::shares::{settles, share};
use crate::support::shell::Shell;

fn set_policy(pid: u32, policy: i32, priority: i32) {
    let parameter = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: the structure lives for the call.
    let error =
        unsafe { libc::sched_setscheduler(pid.cast_signed(), policy, &raw const parameter) };
    assert_eq!(error, 0, "it is root");
}

#[test]
fn real_time_processes_and_zombies_are_refused_in_a_sentence() {
    let _scheduler = Running::attach(&[]);
    let mut shell = Shell::start();
    let [fifo, usual] = [shell.child(), shell.child()];
    set_policy(fifo, libc::SCHED_FIFO, 1);
    let mut zombie = Command::new("/bin/true").spawn().unwrap();
    wait_until("it has ended", PATIENCE, || !guest::is_alive(zombie.id()));
    let own = std::process::id().to_string();
    for (pid, status, said) in [
        (
            fifo,
            2,
            "its policy is SCHED_FIFO, which neither queue serves".to_owned(),
        ),
        (
            zombie.id(),
            7,
            format!("it has ended; its parent, process {own}, has yet"),
        ),
    ] {
        for arguments in [&["add"][..], &["add", "--children"]] {
            let refused = run(&[arguments, &[&pid.to_string()]].concat());
            assert_eq!(refused.status.code(), Some(status), "{refused:?}");
            assert!(refused.stderr.contains(&said), "{refused:?}");
        }
    }
    assert!(maps::members().is_empty());
    // Of those that a pattern matches, it is left out and named.
    let named = run(&["add", "--name", "^sleep$"]);
    assert!(
        named.status.success() && named.stderr.contains("SCHED_FIFO"),
        "{named:?}"
    );
    assert!(maps::members().contains(&usual) && !maps::members().contains(&fifo));
    zombie.wait().unwrap();
}

#[test]
fn policy_idle_has_the_smallest_weight_in_batch_alone() {
    let _scheduler = Running::attach(&[]);
    let [idle, usual] = [(); 2].map(|()| Load::hog().on_cpu(1).start());
    set_policy(idle.pid(), libc::SCHED_IDLE, 0);
    settles("its share in BATCH", &[&idle, &usual], 1.0, 4.0, |got| {
        vec![share(got[0], got[1])]
    });
    let said = run_ok(&["add", &idle.pid().to_string()]);
    assert!(
        said.contains("→ PRIORITY; its policy SCHED_IDLE counts in BATCH alone"),
        "{said}"
    );
    settles(
        "its share in PRIORITY",
        &[&idle, &usual],
        90.0,
        4.0,
        |got| vec![share(got[0], got[1])],
    );
}
