//! View mode: requested, or because capabilities are missing.

use std::os::unix::process::CommandExt;

use crate::support::guest::{self, PATIENCE};
use crate::support::hog::Load;
use crate::support::program::{self, Running, run_ok};
use crate::support::terminal::Terminal;

#[test]
fn view_attaches_nothing_and_moves_nothing() {
    let hog = Load::hog().named("encoder").start();
    let mut terminal = Terminal::dashboard(&["--view"]);
    terminal.wait_for_screen("the hog is listed", |text| text.contains("load hog"));
    terminal.wait_for_screen("it says so", |text| {
        text.contains("view mode: requested with --view")
    });
    assert_eq!(guest::sched_ext_state(), "disabled");
    terminal.press(b"/encoder\r ");
    terminal.wait_for_screen("a move is refused", |text| text.contains("in view mode: "));
    terminal.press(b"x");
    terminal.wait_for_screen("attaching is refused", |text| {
        text.contains("Cannot change the scheduler in view mode")
    });
    assert_eq!(guest::sched_ext_state(), "disabled");

    let scheduler = Running::attach(&[]);
    run_ok(&["add", &hog.pid().to_string()]);
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    let mut terminal = Terminal::dashboard(&["--view"]);
    terminal.wait_for_screen("what runs is shown", |text| {
        text.contains("● dualq") && text.contains("1 member")
    });
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert!(guest::is_attached());
    scheduler.terminate();
}

/// The dashboard as nobody, on a /proc of its own with this option.
fn as_nobody(option: &'static std::ffi::CStr) -> Terminal {
    let mut command = program::command();
    // SAFETY: system calls only, no allocation: fine between fork and exec.
    unsafe {
        command.pre_exec(move || {
            let done = |result: i32| match result {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            };
            let (proc, root) = (c"proc".as_ptr(), c"/".as_ptr());
            let private = libc::MS_REC | libc::MS_PRIVATE;
            let null = std::ptr::null();
            done(libc::unshare(libc::CLONE_NEWNS))?;
            // The first root file system cannot be made private by every kernel: there it is already.
            libc::mount(null, root, null, private, null.cast());
            done(libc::mount(
                proc,
                c"/proc".as_ptr(),
                proc,
                0,
                option.as_ptr().cast(),
            ))?;
            done(libc::setgroups(0, null.cast()))?;
            done(libc::setgid(65_534))?;
            done(libc::setuid(65_534))
        });
    }
    Terminal::start(command, 24, 80)
}

#[test]
fn hidden_processes_make_the_list_say_that_it_is_partial() {
    let mut terminal = as_nobody(c"hidepid=2");
    terminal.wait_for_screen("it says so", |text| {
        text.contains("view mode: ") && text.contains("the list is partial")
    });
    terminal.wait_for_screen("it sees itself", |text| text.contains("dualq-top"));
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());

    let mut terminal = as_nobody(c"hidepid=0");
    terminal.wait_for_screen("all are seen", |text| {
        text.contains("view mode: ") && text.contains("kthreadd")
    });
    assert!(!terminal.screen().contains("partial"));
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
}
