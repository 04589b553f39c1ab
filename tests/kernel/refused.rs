//! A refusal changes nothing: who was a member stays one as it was, and nobody else becomes one.

use serde_json::Value;

use crate::support::program::{Running, run, run_ok};
use crate::support::shell::Shell;

/// All that there is to know of the members: through whom they came, and whether their children come.
fn members() -> Value {
    let list: Value = serde_json::from_str(&run_ok(&["list", "--json"])).unwrap();
    list["members"].clone()
}

/// Runs `add` with these arguments, which is to be refused in these words.
fn refused(arguments: &[&str], words: &str) {
    let before = members();
    let refused = run(&[&["add"], arguments].concat());
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains(words), "{refused:?}");
    assert_eq!(members(), before, "{arguments:?}");
}

#[test]
fn member_stays_alone_if_its_children_do_not_fit() {
    let _scheduler = Running::attach(&["--max-members", "2"]);
    let mut shell = Shell::start();
    shell.child();
    shell.child();
    let pid = shell.pid().to_string();
    // No member at all stays none.
    refused(&["--children", &pid], "full (2)");
    run_ok(&["add", &pid]);
    let before = members();
    refused(&["--children", &pid], "full (2)");
    shell.child();
    assert_eq!(members(), before, "its children still do not come");
}

#[test]
fn a_member_whose_children_come_already_keeps_those_it_has() {
    let _scheduler = Running::attach(&["--max-members", "3"]);
    let mut shell = Shell::start();
    let before = shell.child();
    shell.child();
    let pid = shell.pid().to_string();
    // Of the two that live, one is taken out, and another is born in its place.
    run_ok(&["add", "--children", &pid]);
    run_ok(&["remove", &before.to_string()]);
    shell.child();
    refused(&["--children", &pid], "full (3)");
    // One that came through its parent stays what it was too.
    let mut family = shell.family();
    run_ok(&["remove", &pid]);
    run_ok(&["add", "--children", &family[0].to_string()]);
    family.extend(shell.run("sh -c 'sleep 1000 & a=$!; sleep 1000 & echo $$ $a $!; wait' &"));
    refused(
        &["--children", &family[1].to_string(), &family[2].to_string()],
        "full (3)",
    );
}

#[test]
fn of_several_that_are_refused_together_each_stays_what_it_was() {
    let scheduler = Running::attach(&[]);
    let mut shells = [(); 3].map(|()| Shell::start());
    let children: Vec<u32> = shells.iter_mut().map(Shell::child).collect();
    let [none, chosen, with_children] = shells.each_ref().map(|shell| shell.pid().to_string());
    run_ok(&["add", &chosen]);
    run_ok(&["add", "--children", &with_children]);
    // The last of them only the kernel's side refuses, when the others are members.
    let owner = scheduler.pid().to_string();
    let through = children[2].to_string();
    let several = [none.as_str(), &chosen, &with_children, &through, &owner];
    refused(&several, "part of dualq-top");
    refused(
        &[&["--children"], several.as_slice()].concat(),
        "part of dualq-top",
    );
    let before = members();
    shells[0].child();
    shells[1].child();
    assert_eq!(members(), before, "whose children come is as it was");
    shells[2].child();
    assert_ne!(members(), before, "and here they do");
}
