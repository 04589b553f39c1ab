//! Rules: what they move, when, and what they leave alone.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};

const RULES: &str = "/tmp/rules.toml";
/// A copy of busybox, for a name of its own; its name makes it take its first argument for a command.
const RULED: &str = "/tmp/busybox-ruled";

fn write_rules(text: &str) {
    fs::write(RULES, text).unwrap();
    fs::copy("/bin/busybox", RULED).unwrap_or_default();
}

fn attach() -> Running {
    let running = Running::start(&["attach", "--no-waits", "--service", "--rules", RULES]);
    wait_for_log(&running, "followed");
    running
}

fn wait_for_log(running: &Running, text: &str) {
    wait_until(text, PATIENCE, || running.stderr().contains(text));
}

/// A process, killed on drop.
struct Process(Child);

impl Process {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn sleeping() -> Self {
        Self::start(RULED, &["sleep", "1000"])
    }

    /// A process that waits, and then executes the program again.
    fn waiting() -> Self {
        let script = format!("read line; exec {RULED} sleep 1000");
        Self::start(RULED, &["sh", "-c", &script])
    }

    fn go_on(&mut self) {
        writeln!(self.0.stdin.as_mut().unwrap()).unwrap();
        let sleeps = |pid| {
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
            command.windows(5).any(|word| word == b"sleep") && !command.contains(&b';')
        };
        wait_until("it has run it", PATIENCE, || sleeps(self.pid()));
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn becomes_member(&self) {
        wait_until("a rule moves it", PATIENCE, || maps::is_member(self.pid()));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_rule_moves_what_runs_and_what_is_started() {
    write_rules("[[rule]]\nname = \"^busybox-ruled$\"\n");
    let before = Process::sleeping();
    let other = Process::start("/bin/busybox", &["sleep", "1000"]);
    let scheduler = attach();
    before.becomes_member();
    let after = Process::sleeping();
    after.becomes_member();
    assert!(!maps::is_member(other.pid()));
    let moved = format!("rule {RULES}:1: busybox-ruled ({}) → PRIORITY", after.pid());
    wait_for_log(&scheduler, &moved);
    assert!(
        scheduler.stderr().contains("<7>rule "),
        "{}",
        scheduler.stderr()
    );
    let pid = after.pid();
    drop(after);
    wait_until("it ends with its process", PATIENCE, || {
        !maps::is_member(pid)
    });
    assert!(run_ok(&["list"]).contains("(by rule)"));
    let log = run_ok(&["log", "--json"]);
    let entry = format!("\"cause\":\"rule\",\"rule\":\"{RULES}:1\"");
    assert!(
        log.contains(&entry) && log.contains(&format!("\"pid\":{pid},")),
        "{log}"
    );
    run_ok(&["remove", &before.pid().to_string()]);
    let last = run_ok(&["log"])
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned();
    let expected = format!(
        "busybox-ruled ({}) → BATCH  (command, process ",
        before.pid()
    );
    assert!(last.contains(&expected), "{last}");
}

/// Found through all processes: not every kernel lists children under `/proc`.
fn child_of(parent: u32) -> Option<u32> {
    let wanted = format!("PPid:\t{parent}");
    fs::read_dir("/proc").unwrap().find_map(|entry| {
        let entry = entry.ok()?;
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let is_child = status.lines().any(|line| line == wanted);
        entry
            .file_name()
            .to_str()?
            .parse()
            .ok()
            .filter(|_| is_child)
    })
}

#[test]
fn the_first_rule_that_matches_counts_and_children_come_too() {
    write_rules(&format!(
        "[[rule]]\nexecutable = \"^{RULED}$\"\ncommand = \"sh -c\"\nuser = \"^root$\"\nchildren = true\n\
         [[rule]]\nname = \"^busybox$\"\nqueue = \"batch\"\n\
         [[rule]]\nexecutable = \"^{RULED}$\"\nparent = \"^kernel$\"\ncgroup = \"^/$\"\n\
         [[rule]]\nname = \"^busybox-ruled$\"\nqueue = \"batch\"\n"
    ));
    let _scheduler = attach();
    let family = Process::start(
        RULED,
        &["sh", "-c", "/bin/busybox sleep 1000 >/dev/null 2>&1 & wait"],
    );
    family.becomes_member();
    wait_until(
        "its child is there, out of PRIORITY by its rule",
        PATIENCE,
        || {
            child_of(family.pid())
                .is_some_and(|child| maps::members() == [family.pid()] && !maps::is_member(child))
        },
    );
    // Its parent is the test, a thread of `kernel`.
    let third = Process::sleeping();
    third.becomes_member();
}

#[test]
fn a_rule_leaves_a_process_that_a_person_moved() {
    write_rules("[[rule]]\nname = \"^busybox-ruled$\"\n");
    let scheduler = attach();
    let mut removed = Process::waiting();
    removed.becomes_member();
    run_ok(&["remove", &removed.pid().to_string()]);
    removed.go_on();
    // The events come in order: by then the other's has been seen.
    Process::sleeping().becomes_member();
    assert!(!maps::is_member(removed.pid()));

    write_rules("[[rule]]\nname = \"^busybox-ruled$\"\nqueue = \"batch\"\n");
    let mut added = Process::start(
        "/bin/busybox",
        &["sh", "-c", &format!("read line; exec {RULED} sleep 1000")],
    );
    run_ok(&["add", &added.pid().to_string()]);
    scheduler.signal(Signal::HUP);
    added.go_on();
    wait_until("the rules are read", PATIENCE, || {
        scheduler.stderr().matches("followed").count() == 2
    });
    assert!(maps::is_member(added.pid()));
}

#[test]
fn rules_are_read_again_and_faulty_ones_change_nothing() {
    write_rules("[[rule]]\nname = \"^nobody$\"\n");
    let process = Process::sleeping();
    let scheduler = attach();
    assert!(!maps::is_member(process.pid()));
    write_rules("[[rule]]\nnaem = \"^busybox-ruled$\"\n");
    scheduler.signal(Signal::HUP);
    wait_for_log(&scheduler, "<3>the rules were not read again");
    assert!(
        scheduler
            .stderr()
            .contains("rules.toml:2: unknown name \"naem\""),
        "{}",
        scheduler.stderr()
    );
    write_rules("[[rule]]\nname = \"^busybox-ruled$\"\n");
    scheduler.signal(Signal::HUP);
    process.becomes_member();
    // The rights to load programs are gone by now; a reload needs none.
    assert!(guest::is_attached());
    scheduler.terminate();
}

#[test]
fn faulty_rules_attach_nothing() {
    write_rules("[[rule]]\nname = \".\"\n");
    let output = run(&["attach", "--rules", RULES]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("matches everything"), "{output:?}");
    let init = fs::read_to_string("/proc/1/comm").unwrap();
    write_rules(&format!("[[rule]]\nname = \"^{}$\"\n", init.trim()));
    let output = run(&["rules", "check", "--rules", RULES]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.contains("process 1"), "{output:?}");
    let output = run(&["attach", "--rules", RULES, "--stay"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn no_start_among_thousands_is_missed() {
    write_rules("[[rule]]\nname = \"^busybox-ruled$\"\n");
    let scheduler = attach();
    // Faster than they can be looked at, while the rules' thread is stopped.
    scheduler.signal(Signal::STOP);
    wait_until("it is stopped", PATIENCE, || {
        guest::is_stopped(scheduler.pid())
    });
    let first = Process::sleeping();
    let storm = format!("i=0; while [ $i -lt 6000 ]; do {RULED} true; i=$((i+1)); done");
    let status = Command::new("/bin/sh")
        .args(["-c", &storm])
        .status()
        .unwrap();
    assert!(status.success());
    let last = Process::sleeping();
    assert!(!maps::is_member(last.pid()));
    scheduler.signal(Signal::CONT);
    first.becomes_member();
    last.becomes_member();
}
