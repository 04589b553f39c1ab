//! On a machine of 64 CPUs on two NUMA nodes. As emulated it is too slow for anything but what is
//! counted, and for `make test`: `vm/bench-many` boots it.

use std::time::{Duration, Instant};

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, run_ok};

const LONG: Duration = PATIENCE.saturating_mul(20);

fn move_on(counter: Counter, cpus: &[usize]) {
    let before = maps::counter_by_cpu(counter);
    wait_until("every CPU dispatches", LONG, || {
        let now = maps::counter_by_cpu(counter);
        cpus.iter().all(|&cpu| now[cpu] > before[cpu] + 2)
    });
}

#[test]
#[ignore = "needs a machine of 64 CPUs on two nodes: vm/bench-many"]
fn each_of_64_cpus_on_two_nodes_is_served_and_counted() {
    let cpus = std::thread::available_parallelism().unwrap().get();
    assert_eq!(cpus, 64);
    assert_eq!(
        std::fs::read_to_string("/sys/devices/system/node/online")
            .unwrap()
            .trim(),
        "0-1"
    );
    let scheduler = Running::attach(&[]);
    let attached = Instant::now();
    // Few that are busy: 64 CPUs take turns on one of the host's, and those that sleep let the others.
    let each = |kind: &[&str], cpus: &[usize]| -> Vec<Hog> {
        cpus.iter()
            .map(|&cpu| Load::new(kind).on_cpu(cpu).start())
            .collect()
    };
    let all: Vec<usize> = (0..cpus).collect();
    // One on each node, wanted by both queues.
    let full = [5, cpus - 1];
    let mut members = each(&["waker", "200000"], &all);
    let mut others = each(&["waker", "200000"], &all);
    move_on(Counter::BatchDispatched, &all);
    members.extend(each(&["hog"], &full));
    others.extend(each(&["hog"], &full));
    let pids: Vec<String> = members.iter().map(|hog| hog.pid().to_string()).collect();
    let mut add = vec!["add"];
    add.extend(pids.iter().map(String::as_str));
    run_ok(&add);
    move_on(Counter::PriorityDispatched, &all);
    // The guarantee is each CPU's own.
    move_on(Counter::BatchDispatched, &full);

    // Dispatched is read first: what is enqueued in between makes the difference only larger.
    let dispatched = [Counter::PriorityDispatched, Counter::BatchDispatched].map(maps::counter);
    let enqueued = [Counter::PriorityEnqueued, Counter::BatchEnqueued].map(maps::counter);
    let moved = [Counter::MovedToPriority, Counter::MovedToBatch].map(maps::counter);
    assert!(
        dispatched[0] <= enqueued[0] + moved[0],
        "{dispatched:?} {enqueued:?} {moved:?}"
    );
    assert!(
        dispatched[1] <= enqueued[1] + moved[1],
        "{dispatched:?} {enqueued:?} {moved:?}"
    );
    let mut expected: Vec<u32> = members.iter().map(Hog::pid).collect();
    expected.sort_unstable();
    assert_eq!(maps::members(), expected);
    assert!(guest::is_attached());
    println!(
        "attached for {:?}: enqueued {enqueued:?}, dispatched {dispatched:?} (PRIORITY, BATCH)",
        attached.elapsed()
    );
    drop((members, others));
    wait_until("the members have left the map", LONG, || {
        maps::members().is_empty()
    });
    scheduler.terminate();
    assert_eq!(guest::sched_ext_state(), "disabled");
}
