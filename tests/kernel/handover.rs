//! Changes of members while the next scheduler is loaded reach that one too.

use rustix::process::Signal;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};
use crate::support::shell::Shell;
use crate::support::terminal::Terminal;

fn sorted(mut pids: Vec<u32>) -> Vec<u32> {
    pids.sort_unstable();
    pids
}

/// It has attached, and says with how many members.
fn has_taken_over(next: &Running) -> bool {
    next.stdout().contains("taken over;") || next.stdout().contains("taken over\n")
}

#[test]
fn member_changes_during_load_reach_the_next_scheduler() {
    run_ok(&["attach", "--stay", "--no-waits"]);
    let mut family = Shell::start();
    let mut strangers = Shell::start();
    let mut expected = vec![family.pid()];
    run_ok(&["add", "--children", &family.pid().to_string()]);
    // Added and removed in turn; each is what the last answer says.
    let toggled: Vec<u32> = (0..6).map(|_| strangers.child()).collect();
    let mut is_member = [false; 6];
    for at in 0..3 {
        run_ok(&["add", &toggled[at].to_string()]);
        is_member[at] = true;
    }
    let mut next = Running::start(&["attach"]);
    let mut answers = 0;
    while !has_taken_over(&next) {
        assert!(!next.has_ended(), "{}", next.stderr());
        let at = answers % toggled.len();
        let verb = if is_member[at] { "remove" } else { "add" };
        // While neither runs, it is refused.
        if run(&[verb, &toggled[at].to_string()]).status.success() {
            is_member[at] = !is_member[at];
            answers += 1;
        }
        expected.push(family.child());
    }
    expected.extend((0..6).filter(|&at| is_member[at]).map(|at| toggled[at]));
    assert!(answers > 2, "{answers}: nothing was changed meanwhile");
    assert_eq!(maps::members(), sorted(expected), "after {answers} answers");
    next.terminate();
}

/// Its parent, the shell's child, has ended.
fn orphan(shell: &mut Shell) -> u32 {
    shell.run("sh -c 'sleep 1000 & echo $!'; :")[0]
}

#[test]
fn children_after_owners_death_follow_into_the_standby() {
    let first = Running::attach(&[]);
    let mut shell = Shell::start();
    run_ok(&["add", "--children", &shell.pid().to_string()]);
    let removed = shell.child();
    run_ok(&["remove", &removed.to_string()]);
    let second = Running::start(&["attach", "--no-waits"]);
    wait_until("it waits", PATIENCE, || {
        second.stdout().contains("take over when")
    });
    let mut expected = vec![shell.pid()];
    first.signal(Signal::KILL);
    guest::wait_until_detached();
    while !has_taken_over(&second) {
        expected.push(shell.child());
        expected.extend(shell.family());
        expected.push(orphan(&mut shell));
        // A machine full of them would take for ever to load it.
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(maps::members(), sorted(expected));
    second.terminate();
}

#[test]
fn children_after_owners_death_follow_when_x_attaches() {
    let first = Running::attach(&[]);
    let mut shell = Shell::start();
    run_ok(&["add", "--children", &shell.pid().to_string()]);
    let removed = shell.child();
    run_ok(&["remove", &removed.to_string()]);
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("it has joined", |text| text.contains("joined: process"));
    first.signal(Signal::KILL);
    terminal.wait_for_screen("it says that the owner has gone", |text| {
        text.contains("the owner of the scheduler has ended")
    });
    let mut expected = vec![shell.pid(), shell.child()];
    expected.extend(shell.family());
    expected.push(orphan(&mut shell));
    terminal.press(b"x");
    terminal.wait_for_screen("it says so", |text| text.contains("dualq is attached."));
    assert_eq!(maps::members(), sorted(expected));
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}

#[test]
fn a_member_whose_first_thread_has_ended_goes_along() {
    run_ok(&["attach", "--stay", "--no-waits"]);
    let load = Load::new(&["leader-exits"]).start();
    wait_until("the leader has gone", PATIENCE, || {
        !guest::is_alive(load.pid())
    });
    run_ok(&["add", &load.pid().to_string()]);
    let next = Running::attach(&[]);
    assert_eq!(maps::members(), [load.pid()]);
    next.terminate();
}
