//! The guest has what the other tests stand on.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::program;
use crate::support::terminal::Terminal;

#[test]
fn the_kernel_has_sched_ext_and_its_types() {
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert_eq!(guest::sched_ext_ops(), None);
    assert!(Path::new("/sys/kernel/btf/vmlinux").exists());
}

#[test]
fn a_map_can_be_pinned() {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    assert!(mounts.contains(" /sys/fs/bpf bpf rw"), "{mounts}");
}

#[test]
fn the_program_runs() {
    assert!(program::run(&["--help"]).status.success());
}

#[test]
fn a_hog_is_busy_on_its_cpu_and_gone_afterwards() {
    let hog = Load::hog().on_cpu(1).nice(5).named("ffmpeg").start();
    let pid = hog.pid();
    wait_until("the hog has used CPU time", PATIENCE, || {
        guest::cpu_time(pid) > Duration::from_millis(200)
    });
    assert_eq!(guest::last_cpu(pid), 1);
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    assert_eq!(name, "ffmpeg\n");
    drop(hog);
    assert!(!guest::is_alive(pid));
}

#[test]
fn every_kind_of_load_starts() {
    for load in [
        &["threads", "4"][..],
        &["waker", "1000"],
        &["sleeper"],
        &["real-time-hog"],
        &["parent"],
        &["fork-storm"],
        &["thread-storm"],
        &["exec-from-thread"],
        &["leader-exits"],
    ] {
        Load::new(load).start();
    }
}

#[test]
fn a_cpu_goes_and_comes_back() {
    let before = guest::online_cpus();
    let offline = guest::OfflineCpu::new(1);
    assert_ne!(guest::online_cpus(), before);
    drop(offline);
    assert_eq!(guest::online_cpus(), before);
}

#[test]
fn a_terminal_shows_what_is_typed() {
    let mut terminal = Terminal::start(Command::new("/bin/cat"), 24, 80);
    terminal.press(b"hello\r");
    terminal.wait_for_screen("the line, echoed and repeated", |text| {
        text.matches("hello").count() == 2
    });
    terminal.press(b"\x04");
    assert!(terminal.wait(PATIENCE).success());
}
