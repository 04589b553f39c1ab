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
        let path = PathBuf::from(ROOT).join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join(file), value).unwrap();
        Self(path)
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

    let quota = Cgroup::new("a.service", "cpu.max", "20000 100000");
    let _weight = Cgroup::new("b.slice", "cpu.weight", "200");
    let _idle = Cgroup::new("c.slice", "cpu.idle", "1");
    let _usual = Cgroup::new("d.slice", "cpu.weight", "100");
    let all = "a.service (cpu.max), b.slice (cpu.weight), c.slice (cpu.idle)";
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
