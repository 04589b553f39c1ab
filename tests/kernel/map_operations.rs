//! The ten operations on the scheduler's maps, one by one. The tenth, capacity, is in membership.rs.

use libbpf_rs::{MapCore, MapFlags};
use serde_json::Value;

use crate::support::guest::{PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, run, run_ok};
use crate::support::sleepers::{change, pids, sleepers};

fn listed() -> Vec<u32> {
    let list: Value = serde_json::from_str(&run_ok(&["list", "--json"])).unwrap();
    let members = list["members"].as_array().unwrap();
    let pid = |member: &Value| u32::try_from(member["pid"].as_u64().unwrap()).unwrap();
    members.iter().map(pid).collect()
}

#[test]
fn add_stamps_the_entry_with_the_start_of_the_process() {
    let _scheduler = Running::attach(&[]);
    let sleeper = Load::new(&["sleeper"]).start();
    run_ok(&["add", &sleeper.pid().to_string()]);
    let map = maps::open("priority_pids_map").unwrap();
    let value = map.lookup(&sleeper.pid().to_ne_bytes(), MapFlags::ANY);
    let value = value.unwrap().expect("the entry is there");
    let start_ns = u64::from_ne_bytes(value[..8].try_into().unwrap());
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", sleeper.pid())).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let start_ticks: u64 = fields.split(' ').nth(19).unwrap().parse().unwrap();
    assert_eq!(start_ns / 10_000_000, start_ticks);
}

#[test]
fn adding_twice_makes_one_entry() {
    let _scheduler = Running::attach(&[]);
    let sleepers = sleepers(2);
    change("add", &sleepers);
    change("add", &sleepers[..1]);
    let pid = sleepers[0].pid().to_string();
    run_ok(&["add", &pid, &pid]);
    assert_eq!(maps::members(), pids(&sleepers));
}

#[test]
fn remove_takes_out_what_it_names_and_nothing_else() {
    let _scheduler = Running::attach(&[]);
    let sleepers = sleepers(3);
    change("add", &sleepers);
    change("remove", &sleepers[..1]);
    assert_eq!(maps::members(), pids(&sleepers[1..]));
    assert!(change("remove", &sleepers[..1]).contains("was already in BATCH"));
    assert_eq!(maps::members(), pids(&sleepers[1..]));
}

#[test]
fn list_shows_what_other_tools_wrote_as_well() {
    let _scheduler = Running::attach(&[]);
    let sleepers = sleepers(2);
    change("add", &sleepers[..1]);
    // As `bpftool map update` does: no start, which means the process that lives now.
    let map = maps::open("priority_pids_map").unwrap();
    let value = vec![0; map.value_size() as usize];
    let pid = sleepers[1].pid().to_ne_bytes();
    map.update(&pid, &value, MapFlags::ANY).unwrap();
    assert_eq!(listed(), pids(&sleepers));
    map.delete(&pid).unwrap();
    assert_eq!(listed(), [sleepers[0].pid()]);
}

#[test]
fn lookup_of_absent_process_id_creates_nothing() {
    let _scheduler = Running::attach(&[]);
    let sleepers = sleepers(2);
    change("add", &sleepers[..1]);
    let absent = sleepers[1].pid();
    assert!(!maps::is_member(absent));
    run_ok(&["remove", &absent.to_string()]);
    let gone = run(&["remove", "4000000"]);
    assert_eq!(gone.status.code(), Some(7), "{gone:?}");
    assert!(!maps::is_member(absent));
    assert_eq!(maps::members(), pids(&sleepers[..1]));
}

#[test]
fn iteration_meets_each_of_thousands_of_members_once() {
    let _scheduler = Running::attach(&[]);
    let map = maps::open("priority_pids_map").unwrap();
    let value = vec![1; map.value_size() as usize];
    let all: Vec<u32> = (1_000_000..1_009_000).collect();
    for pid in &all {
        map.update(&pid.to_ne_bytes(), &value, MapFlags::NO_EXIST)
            .unwrap();
    }
    let mut listed = listed();
    listed.sort_unstable();
    assert_eq!(listed, all);
}

#[test]
fn members_that_all_end_leave_an_empty_map() {
    let _scheduler = Running::attach(&[]);
    let sleepers = sleepers(40);
    change("add", &sleepers);
    assert_eq!(maps::members(), pids(&sleepers));
    drop(sleepers);
    wait_until("the map is empty", PATIENCE, || maps::members().is_empty());
    assert_eq!(maps::counter(Counter::MemberExits), 40);
}
