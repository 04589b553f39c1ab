//! Limits of cgroups, which a scheduler of sched_ext lifts: they are counted, named, and a start beside
//! them can be refused.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::guest::{self, PATIENCE};
use crate::support::program::{Running, run};
use crate::support::terminal::Terminal;

const ROOT: &str = "/sys/fs/cgroup";

/// A cgroup with this in one of its files; removed on drop.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new(name: &str, file: &str, value: &str) -> Self {
        let cgroup = Self(PathBuf::from(ROOT).join(name));
        fs::create_dir(&cgroup.0).unwrap();
        let path = cgroup.0.join(file);
        fs::write(&path, value).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cgroup
    }

    /// A kernel without quotas has no `cpu.max`: a weight is a limit as well.
    fn with_quota(name: &str) -> (Self, &'static str) {
        let path = PathBuf::from(ROOT).join(name);
        fs::create_dir(&path).unwrap();
        let has_quota = path.join("cpu.max").exists();
        fs::remove_dir(&path).unwrap();
        if has_quota {
            (Self::new(name, "cpu.max", "20000 100000"), "cpu.max")
        } else {
            (Self::new(name, "cpu.weight", "50"), "cpu.weight")
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn cgroup_limits_that_do_not_hold_are_named_and_can_be_refused() {
    fs::write(format!("{ROOT}/cgroup.subtree_control"), "+cpu").unwrap();
    let beside_none = run(&["attach", "--stay", "--refuse-limits", "--no-waits"]);
    assert!(beside_none.status.success(), "{beside_none:?}");
    assert!(!beside_none.stderr.contains("limit"), "{beside_none:?}");
    run(&["detach"]);

    let (quota, file) = Cgroup::with_quota("a.service");
    let _weight = Cgroup::new("b.slice", "cpu.weight", "200");
    let _idle = Cgroup::new("c.slice", "cpu.idle", "1");
    let _usual = Cgroup::new("d.slice", "cpu.weight", "100");
    let all = format!("a.service ({file}), b.slice (cpu.weight), c.slice (cpu.idle)");
    let said =
        format!("3 cgroups have a CPU limit that does not hold while dualq is attached: {all}");
    for command in [
        &["attach", "--refuse-limits"][..],
        &["demo", "--headless", "--refuse-limits"],
    ] {
        let refused = run(command);
        assert_eq!(refused.status.code(), Some(9), "{refused:?}");
        assert!(refused.stderr.contains(&said), "{refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    }
    assert_eq!(guest::sched_ext_state(), "disabled");
    let doctor = run(&["doctor"]);
    assert!(
        doctor.status.success() && doctor.stdout.contains(&said),
        "{doctor:?}"
    );
    let attached = Running::attach(&[]);
    let attached = attached.terminate();
    assert!(attached.stderr.contains(&said), "{attached:?}");

    let mut terminal = Terminal::start(
        {
            let mut command = crate::support::program::command();
            command.arg("--no-waits");
            command
        },
        40,
        200,
    );
    terminal.wait_for_screen("the header names them", |text| {
        text.contains("3 cgroup limits off: a.service, b.slice, c.slice")
    });
    drop(quota);
    terminal.wait_for_screen("one limit has gone", |text| {
        text.contains("2 cgroup limits off: b.slice, c.slice")
    });
    terminal.press(b"q");
    assert!(
        terminal
            .wait(PATIENCE.max(Duration::from_secs(30)))
            .success()
    );
}
