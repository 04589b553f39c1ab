//! Processes that no queue can serve are not moved, and a sentence says why.

use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};
use crate::support::shares::{settles, share};
use crate::support::shell::Shell;
use crate::support::terminal::Terminal;

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

fn attached() -> Terminal {
    let terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    terminal
}

/// Puts the cursor on a process.
fn go_to(terminal: &mut Terminal, pid: u32, name: &str) {
    terminal.press(format!("/{name}\r").as_bytes());
    wait_until("the cursor is on it", PATIENCE, || {
        has_word(terminal, &pid.to_string())
    });
}

/// Whether the row under the cursor has this word.
fn has_word(terminal: &Terminal, word: &str) -> bool {
    let row = terminal.under_cursor();
    row.split_whitespace().any(|shown| shown == word)
}

#[test]
fn dashboard_names_the_policy_that_neither_queue_serves() {
    let usual = Load::new(&["sleeper"]).named("promoted").start();
    let deadline = Load::new(&["deadline", "5"]).named("punctual").start();
    let mut terminal = attached();
    let refused = |terminal: &mut Terminal, word: &str| {
        wait_until("QUEUE shows the policy", PATIENCE, || {
            has_word(terminal, word)
        });
        terminal.press(b" ");
        terminal.wait_for_screen("why it is not moved", |text| {
            text.contains(&format!("is SCHED_{word}, which neither queue serves"))
        });
        assert!(maps::members().is_empty(), "{word}");
    };
    go_to(&mut terminal, deadline.pid(), "punctual");
    refused(&mut terminal, "DEADLINE");
    go_to(&mut terminal, usual.pid(), "promoted");
    for (policy, word) in [(libc::SCHED_FIFO, "FIFO"), (libc::SCHED_RR, "RR")] {
        set_policy(usual.pid(), policy, 1);
        refused(&mut terminal, word);
    }
    // Back among the usual ones, it is moved as ever.
    set_policy(usual.pid(), libc::SCHED_OTHER, 0);
    wait_until("QUEUE shows its queue", PATIENCE, || {
        has_word(&terminal, "BATCH")
    });
    terminal.press(b" ");
    wait_until("it is a member", PATIENCE, || {
        maps::members() == [usual.pid()]
    });
}

#[test]
fn a_zombie_in_view_has_ended_and_is_not_moved() {
    let load = Load::new(&["sleeper"]).named("undead").start();
    let pid = load.pid();
    let mut terminal = attached();
    go_to(&mut terminal, pid, "undead");
    let killed = Pid::from_raw(pid.cast_signed()).unwrap();
    kill_process(killed, Signal::KILL).unwrap();
    wait_until("it has ended", PATIENCE, || !guest::is_alive(pid));
    // Until the dashboard has seen it, a move is refused by the kernel's side, in other words.
    let own = std::process::id();
    let said = format!("undead ({pid}) has ended: its parent, process {own}");
    wait_until("that it has ended", PATIENCE, || {
        terminal.press(b" ");
        terminal.screen().contains(&said)
    });
    assert!(has_word(&terminal, &pid.to_string()), "it is in view");
    assert!(maps::members().is_empty());
}
