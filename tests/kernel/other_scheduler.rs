//! Beside another sched_ext scheduler: named, never evicted.

use libbpf_rs::{MapCore, MapMut, ObjectBuilder};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::program::run;
use crate::support::terminal::Terminal;

/// Its name, in tests/kernel/other.bpf.c.
const NAME: &str = "someone_elses";

/// Runs `test` while another scheduler is attached.
fn beside_another(test: impl FnOnce()) {
    let path = std::env::var_os("DUALQ_OTHER").expect("DUALQ_OTHER names the other scheduler");
    let mut builder = ObjectBuilder::default();
    let mut object = builder.open_file(path).unwrap().load().unwrap();
    let mut maps = object.maps_mut();
    let mut ops: MapMut<'_> = maps.find(|map| map.name() == "other").unwrap();
    let link = ops.attach_struct_ops().unwrap();
    wait_until("the other one runs", PATIENCE, || {
        guest::sched_ext_ops().as_deref() == Some(NAME)
    });
    test();
    assert_eq!(guest::sched_ext_ops().as_deref(), Some(NAME), "evicted");
    drop(link);
    guest::wait_until_detached();
}

#[test]
fn every_command_names_the_other_scheduler_and_leaves_it() {
    beside_another(|| {
        for arguments in [
            &["attach"][..],
            &["attach", "--stay"],
            &["detach"],
            &["doctor"],
            &["list"],
            &["stats"],
            &["add", "1"],
        ] {
            let refused = run(arguments);
            assert_eq!(refused.status.code(), Some(5), "{arguments:?}: {refused:?}");
            assert!(refused.stderr.contains(NAME), "{arguments:?}: {refused:?}");
        }
    });
}

#[test]
fn the_dashboard_beside_another_scheduler_only_looks() {
    beside_another(|| {
        let mut terminal = Terminal::dashboard(&[]);
        terminal.wait_for_screen("it names the other one", |text| text.contains(NAME));
        // The row of some process shows that it does look.
        terminal.wait_for_screen("processes are listed", |text| text.contains("PID"));
        terminal.press(b"x");
        terminal.press(b"q");
        assert!(terminal.wait(PATIENCE).success());
    });
}
