//! `run`: a command that is a member from its first instruction to its end.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::maps;
use crate::support::program::{Output, Running, run, run_ok};
use crate::support::terminal::Terminal;

/// Runs a shell's command by `run` with these options before it.
fn run_shell(options: &[&str], script: &str) -> Output {
    run(&[&["run"], options, &["--", "sh", "-c", script]].concat())
}

/// The line `member` or `batch`, as the command itself sees it.
const WHERE_AM_I: &str = r#"$DUALQ_TOP list | grep -q "^ *$$ " && echo member || echo batch"#;

#[test]
fn a_command_is_a_member_from_its_start_and_its_children_too() {
    let _scheduler = Running::attach(&[]);
    // The first thing that this one does is to look.
    let listed = Running::start(&["run", "--", &env("DUALQ_TOP"), "list", "--json"]);
    let pid = listed.pid();
    let output = listed.wait(PATIENCE);
    assert!(
        output.stdout.contains(&format!("{{\"pid\":{pid},")),
        "{output:?}"
    );
    let output = run_shell(&[], &format!("sh -c '{WHERE_AM_I}'"));
    assert_eq!(output.stdout, "member\n", "{output:?}");
    assert!(maps::members().is_empty(), "its membership ends with it");
}

#[test]
fn the_log_names_the_command_and_not_the_one_that_ran_it() {
    let _scheduler = Running::attach(&[]);
    assert!(run(&["run", "--", "/bin/true"]).status.success());
    let log: Value = serde_json::from_str(&run_ok(&["log", "--json"])).unwrap();
    let changes = log["changes"].as_array().unwrap();
    let moved = changes.iter().rfind(|change| change["pid"].is_u64());
    assert_eq!(moved.unwrap()["name"], "true", "{log}");
}

#[test]
fn a_command_runs_in_batch_beside_a_parent_in_priority() {
    let _scheduler = Running::attach(&[]);
    let nested = format!("$DUALQ_TOP run --queue batch -- sh -c '{WHERE_AM_I}'; {WHERE_AM_I}");
    assert_eq!(run_shell(&[], &nested).stdout, "batch\nmember\n");
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap()
}

#[test]
fn exit_status_signals_and_pipes_are_the_commands() {
    let _scheduler = Running::attach(&[]);
    for options in [&[][..], &["--attach"]] {
        assert_eq!(run_shell(options, "exit 42").status.code(), Some(42));
        let output = run_shell(options, "kill -TERM $$");
        assert_eq!(output.status.signal(), Some(15), "{output:?}");
    }
    let piped = Command::new("sh")
        .args([
            "-c",
            "echo through | $DUALQ_TOP run -- cat | $DUALQ_TOP run -- cat",
        ])
        .output()
        .unwrap();
    assert_eq!(piped.stdout, b"through\n");
}

#[test]
fn a_command_that_cannot_run_is_told_by_its_status() {
    let _scheduler = Running::attach(&[]);
    for (command, status, said) in [
        ("/no/such/program", 127, "check its name and PATH"),
        ("/etc/passwd", 126, "check that it is a program"),
    ] {
        fs::set_permissions(
            "/etc/passwd",
            std::os::unix::fs::PermissionsExt::from_mode(0o644),
        )
        .unwrap();
        let output = run(&["run", "--", command]);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert!(output.stderr.contains(said), "{output:?}");
        assert!(output.stderr.contains(command), "{output:?}");
    }
    assert!(maps::members().is_empty());
}

#[test]
fn without_a_scheduler_the_command_is_not_run() {
    let output = run_shell(&[], "echo it ran");
    assert_eq!(output.status.code(), Some(6));
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("--attach"), "{output:?}");
    let output = run_shell(&["--watchdog", "5"], "echo it ran");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn the_scheduler_is_attached_for_as_long_as_the_command_runs() {
    let output = run_shell(
        &["--attach", "--no-waits"],
        &format!("cat /sys/kernel/sched_ext/state; {WHERE_AM_I}; exit 7"),
    );
    assert_eq!(output.stdout, "enabled\nmember\n", "{output:?}");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(guest::sched_ext_state(), "disabled");
    let output = run_shell(&["--attach", "--no-waits"], "kill -KILL $$");
    assert_eq!(output.status.signal(), Some(9), "{output:?}");
    let output = run(&["run", "--attach", "--no-waits", "--", "/no/such/program"]);
    assert_eq!(output.status.code(), Some(127), "{output:?}");
    assert_eq!(guest::sched_ext_state(), "disabled");
}

/// Says each signal, and ends with the first USR2.
const SAYS_SIGNALS: &str = "trap 'echo term' TERM; trap 'echo int' INT; trap 'exit 3' USR2; echo $$; while :; do sleep 0.1; done";

/// Starts it with a scheduler of its own, and waits until it runs.
fn says_signals() -> Running {
    let running = Running::start(&[
        "run",
        "--attach",
        "--no-waits",
        "--",
        "sh",
        "-c",
        SAYS_SIGNALS,
    ]);
    wait_until("it runs", PATIENCE, || running.stdout().contains('\n'));
    running
}

#[test]
fn a_signal_to_the_owner_reaches_the_command_once() {
    let running = says_signals();
    running.signal(Signal::TERM);
    wait_until("it is told", PATIENCE, || running.stdout().contains("term"));
    running.signal(Signal::INT);
    wait_until("it is told", PATIENCE, || running.stdout().contains("int"));
    assert!(guest::is_attached());
    running.signal(Signal::USR2);
    let output = running.wait(PATIENCE);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let count = |word| output.stdout.matches(word).count();
    assert_eq!((count("term"), count("int")), (1, 1), "{output:?}");
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn the_command_goes_on_when_the_owner_is_killed() {
    let running = says_signals();
    let command: u32 = running.stdout().trim().parse().unwrap();
    running.signal(Signal::KILL);
    guest::wait_until_detached();
    assert!(guest::is_alive(command));
    kill_process(Pid::from_raw(command.cast_signed()).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn keys_of_the_terminal_reach_an_attached_command_once() {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-i").env("PS1", "ready> ");
    let mut terminal = Terminal::start(shell, 24, 80);
    terminal.wait_for_screen("the shell asks", |text| text.contains("ready>"));
    let command = "$DUALQ_TOP run --attach --no-waits -- sh -c 'trap \"echo got-int\" INT; trap \"echo went-on\" CONT; trap exit QUIT; \
                   echo goes on; while :; do sleep 0.1; done'\r";
    terminal.press(command.as_bytes());
    // Not in the command as it was typed; the terminal's echo of the key may stand before it.
    let said = |row: &&str, word: &str| row.trim_end().ends_with(word) && !row.contains("trap");
    let line = |text: &str, word: &str| text.lines().filter(|row| said(row, word)).count();
    terminal.wait_for_screen("it runs", |text| line(text, "goes on") == 1);
    terminal.press(b"\x03");
    terminal.wait_for_screen("Ctrl-C reaches it", |text| line(text, "got-int") == 1);
    // Ctrl-Z gives the shell its terminal back; the scheduler goes on.
    terminal.press(b"\x1a");
    terminal.wait_for_screen("it is stopped", |text| text.contains("Stopped"));
    assert!(guest::is_attached());
    terminal.press(b"fg\r");
    // By then the terminal is the command's again.
    terminal.wait_for_screen("it goes on", |text| line(text, "went-on") >= 1);
    terminal.press(b"\x03");
    terminal.wait_for_screen("Ctrl-C again", |text| line(text, "got-int") >= 2);
    // One that came twice would come now.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        line(&terminal.screen(), "got-int"),
        2,
        "{}",
        terminal.screen()
    );
    terminal.press(b"\x1c");
    terminal.wait_for_screen("the scheduler ends with it", |_| {
        guest::sched_ext_state() == "disabled"
    });
}

#[test]
fn the_command_is_told_when_its_scheduler_ends() {
    let running = says_signals();
    guest::sysrq_s();
    wait_until("it is said", PATIENCE, || {
        running
            .stderr()
            .contains("goes on under the kernel's scheduler")
    });
    running.signal(Signal::USR2);
    assert_eq!(running.wait(PATIENCE).status.code(), Some(3));
}
