//! Events of the whole machine while the scheduler runs: CPU hotplug, suspend.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, be_served_first, run_ok};
use crate::support::shares::{settles, share};

#[test]
fn moves_and_counters_go_on_after_a_cpu_went_off_and_came_back() {
    let _scheduler = Running::attach(&[]);
    let before = maps::counter_by_cpu(Counter::BatchDispatched);
    let offline = guest::OfflineCpu::new(1);
    let other = Load::hog().start();
    let gone = maps::counter_by_cpu(Counter::BatchDispatched)[1];
    assert!(gone >= before[1], "counters went back");
    // One CPU is left, and both want it.
    let member = Load::hog().start();
    run_ok(&["add", &member.pid().to_string()]);
    settles("PRIORITY's share", &[&member, &other], 90.0, 4.0, |got| {
        vec![share(got[0], got[1])]
    });
    let stats: Value = serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap();
    assert_eq!(stats["cpus"][1]["online"], false);
    assert_eq!(maps::counter_by_cpu(Counter::BatchDispatched)[1], gone);
    drop((offline, other, member));

    let back = [(); 2].map(|()| Load::hog().on_cpu(1).start());
    run_ok(&["add", &back[0].pid().to_string()]);
    settles("its share", &[&back[0], &back[1]], 90.0, 4.0, |got| {
        vec![share(got[0], got[1])]
    });
    assert!(maps::counter_by_cpu(Counter::BatchDispatched)[1] > gone);
}

#[test]
fn a_cpu_goes_off_beside_a_crowd_that_may_run_anywhere() {
    let _scheduler = Running::attach(&[]);
    be_served_first();
    let _crowd = Load::new(&["threads", "100"]).start();
    for _ in 0..3 {
        drop(goes_off(1));
        assert!(guest::is_attached());
    }
}

/// In a thread: where the CPU stays on, the kernel never answers.
fn goes_off(cpu: usize) -> guest::OfflineCpu {
    let (sender, gone) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(guest::OfflineCpu::new(cpu)));
    let gone = gone.recv_timeout(PATIENCE).expect("the CPU goes off");
    assert_eq!(guest::online_cpus(), "0");
    gone
}

/// The kernel waits for all who read under RCU before it says that the CPU goes off.
#[test]
fn cpu_goes_offline_with_pinned_tasks_preempted_under_rcu() {
    let object = std::env::var("DUALQ_OTHER").expect("DUALQ_OTHER names the tests' BPF object");
    let _scheduler = Running::attach(&[]);
    be_served_first();
    for member in [false, true] {
        let readers = [(); 4].map(|()| Load::new(&["rcu-reader", &object]).on_cpu(1).start());
        for reader in readers.iter().filter(|_| member) {
            run_ok(&["add", &reader.pid().to_string()]);
        }
        drop(goes_off(1));
        assert!(guest::is_attached());
    }
}

#[test]
fn a_cpu_that_may_not_go_off_is_shared_as_before() {
    let _scheduler = Running::attach(&[]);
    // More than one CPU alone could give them.
    let _reserved = [(); 2].map(|()| Load::new(&["deadline", "60"]).start());
    let refused = guest::set_online(1, "0").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ResourceBusy);
    let [member, other] = [(); 2].map(|()| Load::hog().on_cpu(1).start());
    run_ok(&["add", &member.pid().to_string()]);
    settles("PRIORITY's share", &[&member, &other], 90.0, 4.0, |got| {
        vec![share(got[0], got[1])]
    });
}

/// Suspends to memory. Kernels that can rehearse it (CONFIG_PM_DEBUG) do; the others really go, and
/// are woken by the machine's clock.
fn suspend_and_resume() {
    if Path::new("/sys/power/pm_test").exists() {
        fs::write("/sys/module/suspend/parameters/pm_test_delay", "1").unwrap();
        fs::write("/sys/power/pm_test", "processors").unwrap();
    } else {
        fs::write("/sys/class/rtc/rtc0/wakealarm", "0").unwrap();
        fs::write("/sys/class/rtc/rtc0/wakealarm", "+2").unwrap();
    }
    fs::write("/sys/power/state", "mem").unwrap();
}

#[test]
fn a_suspend_leaves_the_scheduler_attached_with_its_members() {
    let _scheduler = Running::attach(&[]);
    let hogs = [(); 3].map(|()| Load::hog().start());
    run_ok(&["add", &hogs[0].pid().to_string()]);
    suspend_and_resume();
    assert_eq!(guest::online_cpus(), "0-1");
    assert!(guest::is_attached());
    // Its start is told by a clock that counted the suspend, and so is that of a new process.
    let new = Load::hog().start();
    run_ok(&["add", &new.pid().to_string()]);
    assert_eq!(maps::members(), [hogs[0].pid(), new.pid()]);
    let before = maps::counter_by_cpu(Counter::PriorityDispatched);
    wait_until("both CPUs serve members", PATIENCE, || {
        let now = maps::counter_by_cpu(Counter::PriorityDispatched);
        (0..2).all(|cpu| now[cpu] > before[cpu])
    });
}
