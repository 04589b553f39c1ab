//! The pins: made again where another instance has replaced them, all of them or none.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown, symlink};
use std::path::Path;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::maps;
use crate::support::program::{Running, run, run_ok};
use crate::support::terminal::Terminal;

#[test]
fn x_keeps_stay_after_another_instance_has_run() {
    let mut terminal = Terminal::dashboard(&["--stay"]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    for _ in 0..2 {
        terminal.press(b"x");
        terminal.wait_for_screen("it is handed back", |text| {
            text.contains("x attaches dualq")
        });
        let another = Running::attach(&[]);
        terminal.wait_for_screen("another one runs", |text| text.contains("● dualq"));
        another.terminate();
        terminal.wait_for_screen("it has ended", |text| !text.contains("● dualq"));
        terminal.press(b"x");
        wait_until("it is attached again", PATIENCE, || {
            guest::is_attached() && maps::pin("link").exists()
        });
        terminal.wait_for_screen("it says so", |text| text.contains("dualq is attached."));
    }
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    assert!(guest::is_attached(), "it was asked to stay");
    run_ok(&["detach"]);
    assert!(!std::path::Path::new(maps::PINS).exists(), "pins are left");
}

#[test]
fn a_pin_that_cannot_be_made_leaves_no_other() {
    let in_the_way = maps::pin("newtask_link");
    let mut private = fs::DirBuilder::new();
    private.mode(0o700).recursive(true);
    private.create(&in_the_way).unwrap();
    let refused = run(&["attach", "--stay"]);
    let left: Vec<_> = fs::read_dir(maps::PINS)
        .unwrap()
        .map(|pin| pin.unwrap().file_name())
        .collect();
    fs::remove_dir(&in_the_way).unwrap();
    assert_ne!(refused.status.code(), Some(0), "{refused:?}");
    assert!(
        refused.stderr.contains("cannot pin newtask_link"),
        "{refused:?}"
    );
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert_eq!(left, ["newtask_link"], "what was in the way alone");
    // Once nothing is, it can.
    run_ok(&["attach", "--stay"]);
    run_ok(&["detach"]);
}

/// The kernel's own mount of the BPF file system is open to everybody: another user may be there first,
/// and who owns the folder of the pins can end what they keep.
#[test]
fn a_pin_folder_that_is_not_ours_is_refused_and_left_alone() {
    let elsewhere = Path::new("/sys/fs/bpf/elsewhere");
    // All that is not refused, to name each at the end.
    let mut taken = Vec::new();
    let mut refused = |what: &str, command: &[&str], said: &str| {
        let output = run(command);
        let is_said = output.stderr.contains(said) && output.stderr.contains("/sys/fs/bpf");
        if output.status.code() != Some(4) || !is_said || guest::is_attached() {
            taken.push(format!("{what}: {command:?}: {output:?}"));
            run(&["detach"]);
        }
    };
    for (what, said) in [
        ("another user's", "belongs to user 1000"),
        ("a link", "is a link"),
        ("open to others", "open to others"),
    ] {
        match what {
            "a link" => {
                fs::create_dir(elsewhere).unwrap();
                symlink(elsewhere, maps::PINS).unwrap();
            }
            "open to others" => {
                fs::create_dir(maps::PINS).unwrap();
                fs::set_permissions(maps::PINS, fs::Permissions::from_mode(0o777)).unwrap();
            }
            _ => {
                fs::create_dir(maps::PINS).unwrap();
                fs::set_permissions(maps::PINS, fs::Permissions::from_mode(0o700)).unwrap();
                chown(maps::PINS, Some(1000), Some(1000)).unwrap();
            }
        }
        for command in [&["attach", "--stay"][..], &["doctor"]] {
            refused(what, command, said);
        }
        refused(what, &["demo", "--headless", "--phase", "1"], said);
        // It is left as it was, and empty.
        let removed = if what == "a link" {
            fs::remove_file(maps::PINS).and_then(|()| fs::remove_dir(elsewhere))
        } else {
            fs::remove_dir(maps::PINS)
        };
        if let Err(error) = removed {
            refused(&format!("{what}: {error}"), &["list"], "never said");
            let _ = fs::remove_dir_all(maps::PINS).or_else(|_| fs::remove_file(maps::PINS));
            let _ = fs::remove_dir_all(elsewhere);
        }
    }
    // Anyone who may rename the directory may replace it.
    let usual = fs::metadata("/sys/fs/bpf").unwrap().permissions();
    fs::set_permissions("/sys/fs/bpf", fs::Permissions::from_mode(0o777)).unwrap();
    refused(
        "a mount for everybody",
        &["attach", "--stay"],
        "can be changed by others",
    );
    fs::set_permissions("/sys/fs/bpf", usual).unwrap();
    assert!(taken.is_empty(), "{}", taken.join("\n"));
    assert_eq!(guest::sched_ext_state(), "disabled");
    // Once nobody else's is there, all is as ever.
    run_ok(&["attach", "--stay"]);
    run_ok(&["detach"]);
}

#[test]
fn a_lock_that_is_not_ours_is_refused_and_not_followed() {
    let lock = Path::new("/run/dualq-top.lock");
    let victim = Path::new("/run/victim");
    fs::write(victim, "precious").unwrap();
    fs::set_permissions(victim, fs::Permissions::from_mode(0o644)).unwrap();
    for what in ["link", "hard link", "user 1000"] {
        let _ = fs::remove_file(lock);
        match what {
            "link" => symlink(victim, lock).unwrap(),
            "hard link" => fs::hard_link(victim, lock).unwrap(),
            _ => {
                fs::write(lock, "").unwrap();
                chown(lock, Some(1000), Some(1000)).unwrap();
            }
        }
        let refused = run(&["attach"]);
        fs::remove_file(lock).unwrap();
        assert_eq!(refused.status.code(), Some(4), "{what}: {refused:?}");
        assert!(refused.stderr.contains(what), "{what}: {refused:?}");
        assert_eq!(guest::sched_ext_state(), "disabled");
    }
    let mode = fs::metadata(victim).unwrap().permissions().mode();
    fs::remove_file(victim).unwrap();
    assert_eq!(mode & 0o777, 0o644, "what it led to is as it was");
}

/// A scheduler that runs cannot be reached: what is to be seen of the cause is said.
#[test]
fn why_pins_cannot_be_reached_is_said_as_it_is() {
    let list = || run(&["list"]);
    let scheduler = Running::attach(&[]);
    let moved = Path::new("/sys/fs/bpf/moved");
    fs::rename(maps::PINS, moved).unwrap();
    let removed = list();
    fs::create_dir(maps::PINS).unwrap();
    chown(maps::PINS, Some(1000), Some(1000)).unwrap();
    let foreign = list();
    let detach = run(&["detach"]);
    fs::remove_dir(maps::PINS).unwrap();
    fs::rename(moved, maps::PINS).unwrap();
    fs::rename(maps::pin("owner"), maps::pin("kept")).unwrap();
    let without_one = list();
    fs::rename(maps::pin("kept"), maps::pin("owner")).unwrap();
    let hidden =
        Running::from_script("unshare -m sh -c 'umount /sys/fs/bpf && exec $DUALQ_TOP list'");
    let hidden = hidden.wait(PATIENCE);
    run_ok(&["list"]);
    scheduler.terminate();
    for (what, output, status, said) in [
        ("no folder", removed, 6, "there is no /sys/fs/bpf/dualq"),
        ("another user's", foreign, 4, "belongs to user 1000"),
        ("another user's", detach, 4, "belongs to user 1000"),
        ("no pin", without_one, 6, "/sys/fs/bpf/dualq lacks owner"),
        ("not mounted", hidden, 6, "no BPF file system is mounted"),
    ] {
        assert_eq!(output.status.code(), Some(status), "{what}: {output:?}");
        assert!(output.stderr.contains(said), "{what}: {output:?}");
        assert_eq!(output.stderr.lines().count(), 1, "{what}: {output:?}");
    }
}
