//! The output for scripts: JSON with stable keys.

use serde_json::Value;

use crate::support::guest::{self, PATIENCE};
use crate::support::hog::Load;
use crate::support::maps::{self, Counter};
use crate::support::program::{Running, run_ok};

fn json(arguments: &[&str]) -> Value {
    let text = run_ok(arguments);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn stats_as_json_agree_with_the_kernels_map() {
    let _scheduler = Running::attach(&["--batch-guarantee", "25"]);
    let hog = Load::hog().on_last_cpu().start();
    run_ok(&["add", &hog.pid().to_string()]);
    let before = maps::counter_by_cpu(Counter::BatchDispatched);
    let stats = json(&["stats", "--json"]);
    let after = maps::counter_by_cpu(Counter::BatchDispatched);
    assert_eq!(stats["scheduler"], "dualq");
    assert_eq!(stats["state"], "enabled");
    assert_eq!(stats["members"], 1);
    assert_eq!(stats["guarantee_percent"], 25);
    let cpus = stats["cpus"].as_array().unwrap();
    assert_eq!(cpus.len(), before.len());
    let mut sum = 0;
    for (number, cpu) in cpus.iter().enumerate() {
        assert_eq!(cpu["cpu"], number);
        assert_eq!(cpu["online"], number < guest::cpus());
        let seen = cpu["batch_dis"].as_u64().unwrap();
        assert!(
            (before[number]..=after[number]).contains(&seen),
            "CPU {number}: {seen}"
        );
        sum += seen;
    }
    assert_eq!(stats["total"]["batch_dis"], sum);
    for key in [
        "priority_enq",
        "priority_dis",
        "batch_enq",
        "batch_dis",
        "rescues",
    ] {
        assert!(stats["total"][key].is_u64(), "{key}");
    }
}

#[test]
fn list_as_json_names_the_members() {
    let _scheduler = Running::attach(&[]);
    let hog = Load::hog().named("ffmpeg").start();
    run_ok(&["add", &hog.pid().to_string()]);
    let list = json(&["list", "--json"]);
    assert_eq!(list["capacity"], 10_000);
    let member = &list["members"][0];
    assert_eq!(member["pid"], hog.pid());
    assert_eq!(member["name"], "ffmpeg");
    assert!(member["start_ticks"].is_u64());
    assert_eq!(list["members"].as_array().unwrap().len(), 1);
}

#[test]
fn watching_prints_an_object_a_line_until_the_scheduler_ends() {
    let scheduler = Running::attach(&[]);
    let watch = Running::start(&["stats", "--watch", "1", "--json"]);
    guest::wait_until("three lines", PATIENCE, || {
        watch.stdout().lines().count() >= 3
    });
    for line in watch.stdout().lines() {
        let stats: Value = serde_json::from_str(line).unwrap();
        assert_eq!(stats["scheduler"], "dualq");
    }
    scheduler.terminate();
    let ended = watch.wait(PATIENCE);
    assert_eq!(ended.status.code(), Some(6), "{ended:?}");
}

#[test]
fn doctor_finds_nothing_wrong_here_and_names_what_runs() {
    let report = json(&["doctor", "--json"]);
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(check["result"], "ok", "{check}");
    }
    let _scheduler = Running::attach(&[]);
    assert!(run_ok(&["doctor"]).contains("dualq runs"));
}

#[test]
fn without_rights_doctor_and_attach_refuse_alike() {
    // Nobody's user id: no capability is left after the exec.
    let as_nobody = |arguments: &[&str]| {
        let mut command = crate::support::program::command();
        command.args(arguments);
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
        command.output().unwrap()
    };
    for arguments in [&["doctor"][..], &["attach"]] {
        let refused = as_nobody(arguments);
        assert_eq!(refused.status.code(), Some(4), "{arguments:?}: {refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("sudo"));
    }
    let scheduler = Running::attach(&[]);
    let refused = as_nobody(&["list"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    scheduler.terminate();
}
