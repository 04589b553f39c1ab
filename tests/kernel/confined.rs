//! Surroundings that lack something: a pid namespace, no BPF file system, no types, no sched_ext.

use libbpf_rs::MapCore;
use rustix::process::Signal;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{Output, Running, run, run_ok};

/// Runs the program with this hidden under an empty folder.
fn without(path: &str, command: &str) -> Output {
    let script = format!("mount -t tmpfs none {path} && exec $DUALQ_TOP {command}");
    Running::from_script(&format!("unshare -m sh -c '{script}'")).wait(PATIENCE)
}

const IN_A_PID_NAMESPACE: &str = "unshare -m -p -f --mount-proc $DUALQ_TOP";

#[test]
fn in_a_pid_namespace_nothing_is_added_and_nothing_started() {
    for command in ["attach", "doctor"] {
        let refused = Running::from_script(&format!("{IN_A_PID_NAMESPACE} {command}"));
        let refused = refused.wait(PATIENCE);
        assert_eq!(refused.status.code(), Some(4), "{command}: {refused:?}");
        assert!(refused.stderr.contains("container"), "{refused:?}");
    }
    assert_eq!(guest::sched_ext_state(), "disabled");

    let _scheduler = Running::attach(&[]);
    // The id of another process than the one that is meant.
    let add = Running::from_script(&format!("{IN_A_PID_NAMESPACE} add 1")).wait(PATIENCE);
    assert_eq!(add.status.code(), Some(4), "{add:?}");
    assert!(add.stderr.contains("container"), "{add:?}");
    assert!(maps::members().is_empty());
}

#[test]
fn reader_in_pid_namespace_does_not_register_another_process() {
    let scheduler = Running::attach(&[]);
    let watch = Running::from_script(&format!("{IN_A_PID_NAMESPACE} stats --watch 1 --json"));
    wait_until("it reads", PATIENCE, || !watch.stdout().is_empty());
    let own = maps::open("own_pids").unwrap();
    let own: Vec<u32> = own
        .keys()
        .map(|key| u32::from_ne_bytes(key.try_into().unwrap()))
        .collect();
    assert!(own.contains(&scheduler.pid()), "{own:?}");
    assert_eq!(own.len(), 2, "{own:?}");
    for pid in own {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
        assert_eq!(name, "dualq-top\n", "process {pid}");
    }
    scheduler.terminate();
    watch.wait(PATIENCE);
}

#[test]
fn without_a_bpf_file_system_it_runs_and_says_what_that_costs() {
    // Takes away the pins that a scheduler killed by an earlier test has left.
    Running::attach(&[]).terminate();
    let script = "unshare -m sh -c 'umount /sys/fs/bpf && exec $DUALQ_TOP";
    let doctor = Running::from_script(&format!("{script} doctor'")).wait(PATIENCE);
    assert!(doctor.status.success(), "{doctor:?}");
    assert!(doctor.stdout.contains("mount -t bpf"), "{doctor:?}");
    let stay = Running::from_script(&format!("{script} attach --stay'")).wait(PATIENCE);
    assert_eq!(stay.status.code(), Some(3), "{stay:?}");
    assert!(stay.stderr.contains("mount -t bpf"), "{stay:?}");

    let scheduler = Running::from_script(&format!("{script} attach'"));
    wait_until("it is attached", PATIENCE, guest::is_attached);
    let list = run(&["list"]);
    assert_eq!(list.status.code(), Some(6), "{list:?}");
    assert!(list.stderr.contains("without pins"), "{list:?}");
    let _hog = Load::hog().start();
    assert!(guest::is_attached());
    drop(scheduler);
    guest::wait_until_detached();

    // Nor are the pins of one that was killed taken for its own.
    let killed = Running::attach(&[]);
    killed.signal(Signal::KILL);
    guest::wait_until_detached();
    drop(killed);
    assert!(maps::open("priority_pids_map").is_some());
    let scheduler = Running::from_script(&format!("{script} attach'"));
    wait_until("it is attached", PATIENCE, guest::is_attached);
    let list = run(&["list"]);
    assert_eq!(list.status.code(), Some(6), "{list:?}");
    assert!(list.stderr.contains("without pins"), "{list:?}");
    drop(scheduler);
    guest::wait_until_detached();
    // Nothing is left that the next one would stumble over.
    let next = Running::attach(&[]);
    run_ok(&["list"]);
    next.terminate();
}

#[test]
fn a_kernel_without_types_is_refused_before_loading() {
    for command in ["attach", "doctor"] {
        let refused = without("/sys/kernel/btf", command);
        assert_eq!(refused.status.code(), Some(3), "{command}: {refused:?}");
        assert!(
            refused.stderr.contains("CONFIG_DEBUG_INFO_BTF"),
            "{refused:?}"
        );
    }
}
