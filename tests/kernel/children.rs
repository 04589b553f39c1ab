//! Members' children: those that live, those to come, and how they leave.

use libbpf_rs::{MapCore, MapFlags};
use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};
use crate::support::shell::Shell;
use crate::support::terminal::Terminal;

fn sorted(mut pids: Vec<u32>) -> Vec<u32> {
    pids.sort_unstable();
    pids
}

fn listed() -> Vec<Value> {
    let list: Value = serde_json::from_str(&run_ok(&["list", "--json"])).unwrap();
    list["members"].as_array().unwrap().clone()
}

#[test]
fn children_that_live_and_those_to_come_follow_and_leave() {
    let _scheduler = Running::attach(&[]);
    let mut shell = Shell::start();
    let mut expected = shell.family();
    let pid = shell.pid().to_string();
    assert!(run_ok(&["add", "--children", &pid]).contains("with children"));
    expected.push(shell.pid());
    assert_eq!(maps::members(), sorted(expected.clone()), "those that live");

    expected.push(shell.child());
    expected.extend(shell.family());
    // Another program in the same process is the same process.
    expected.extend(shell.run("sh -c 'exec sleep 1000' & echo $!"));
    wait_until("those to come", PATIENCE, || {
        maps::members() == sorted(expected.clone())
    });
    for member in listed() {
        let chosen = member["pid"] == shell.pid();
        let through = if chosen {
            Value::Null
        } else {
            shell.pid().into()
        };
        assert_eq!(member["through"], through, "{member}");
        assert_eq!(member["children"], true);
    }

    run_ok(&["remove", &pid]);
    assert!(maps::members().is_empty(), "{:?}", maps::members());
    shell.child();
    shell.family();
    assert!(maps::members().is_empty(), "born to nobody's member");
}

#[test]
fn without_being_asked_for_children_stay_where_they_are() {
    let _scheduler = Running::attach(&[]);
    let mut shell = Shell::start();
    let before = shell.child();
    run_ok(&["add", &shell.pid().to_string()]);
    shell.family();
    assert_eq!(maps::members(), [shell.pid()]);
    // Asked for later, they come; chosen once more, the parent keeps them.
    run_ok(&["add", "--children", &shell.pid().to_string()]);
    run_ok(&["add", &shell.pid().to_string()]);
    assert_eq!(maps::members().len(), 4);
    assert!(maps::is_member(before));
    let born = shell.child();
    assert!(maps::is_member(born));
}

#[test]
fn chosen_child_stays_with_its_children_when_parent_leaves() {
    let _scheduler = Running::attach(&[]);
    let mut shell = Shell::start();
    let chosen = shell.child();
    let other = shell.family();
    let parent = shell.family();
    let later = shell.family();
    run_ok(&["add", &chosen.to_string()]);
    run_ok(&["add", "--children", &parent[0].to_string()]);
    run_ok(&["add", "--children", &shell.pid().to_string()]);
    assert!(maps::is_member(other[0]) && maps::is_member(other[1]));
    // Its child has come through the shell.
    run_ok(&["add", "--children", &later[0].to_string()]);
    run_ok(&["remove", &shell.pid().to_string()]);
    let chosen = [vec![chosen], parent].concat();
    assert_eq!(
        maps::members(),
        sorted([chosen.clone(), later.clone()].concat())
    );
    run_ok(&["remove", &later[0].to_string()]);
    assert_eq!(maps::members(), sorted(chosen));
}

#[test]
fn a_child_that_leaves_takes_its_own_children_and_no_others() {
    let _scheduler = Running::attach(&[]);
    let mut shell = Shell::start();
    run_ok(&["add", "--children", &shell.pid().to_string()]);
    let family = shell.family();
    let other = shell.child();
    run_ok(&["remove", &family[0].to_string()]);
    assert_eq!(maps::members(), sorted(vec![shell.pid(), other]));
}

#[test]
fn a_full_map_fails_no_fork_and_is_counted() {
    let _scheduler = Running::attach(&[]);
    let mut shell = Shell::start();
    let map = maps::open("priority_pids_map").unwrap();
    let value = vec![0; map.value_size() as usize];
    for pid in 1_000_000u32..1_009_999 {
        map.update(&pid.to_ne_bytes(), &value, MapFlags::NO_EXIST)
            .unwrap();
    }
    run_ok(&["add", "--children", &shell.pid().to_string()]);
    // A standby instance tracks it as well.
    let waiting = Running::start(&["attach"]);
    wait_until("it waits", PATIENCE, || {
        waiting.stdout().contains("take over when")
    });
    let child = shell.child();
    assert!(guest::is_alive(child) && !maps::is_member(child));
    let stats: Value = serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap();
    assert_eq!(stats["total"]["children_left_out"], 1);

    // With a living child there is no room for, all or none.
    run_ok(&["remove", &shell.pid().to_string()]);
    let refused = run(&["add", "--children", &shell.pid().to_string()]);
    assert!(refused.stderr.contains("full (10,000)"), "{refused:?}");
    assert!(!maps::is_member(shell.pid()));
}

#[test]
fn a_scheduler_that_stays_goes_on_with_children_to_come() {
    run_ok(&["attach", "--stay"]);
    let mut shell = Shell::start();
    run_ok(&["add", "--children", &shell.pid().to_string()]);
    let child = shell.child();
    assert!(maps::is_member(child), "nobody owns the scheduler now");
    run_ok(&["detach"]);
}

#[test]
fn c_marks_the_chosen_and_those_through_it() {
    let mut shell = Shell::start();
    let child = shell.child();
    let mut terminal = Terminal::dashboard(&[]);
    // The command lines of all processes are known by the second look, not by the first.
    terminal.wait_for_screen("it has looked twice", |text| {
        text.contains("● dualq") && !text.contains("rates follow with the next tick")
    });
    terminal.press(b"/nestmother\rc");
    wait_until("both are members", PATIENCE, || {
        maps::members() == sorted(vec![shell.pid(), child])
    });
    terminal.wait_for_screen("the parent is marked as chosen", |text| text.contains("★"));
    terminal.press(b"/sleep 1000\r");
    terminal.wait_for_screen("the child as through it", |text| text.contains("☆"));
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}
