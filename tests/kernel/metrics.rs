//! `attach --metrics` and `stats --openmetrics`: what a monitoring system reads.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::openmetrics::{Family, parse};
use crate::support::program::{Running, run, run_ok};

/// The guest starts without any network: its own loopback too.
fn loopback_up() {
    let up = std::process::Command::new("/bin/busybox")
        .args(["ip", "link", "set", "lo", "up"])
        .status();
    assert!(up.unwrap().success());
}

/// Returns the address that the program printed.
fn address(running: &Running) -> String {
    let printed = || {
        let text = running.stdout();
        let (_, rest) = text.split_once("metrics: http://")?;
        Some(rest.split_once("/metrics\n")?.0.to_owned())
    };
    wait_until("it says where the metrics are", PATIENCE, || {
        printed().is_some()
    });
    printed().unwrap()
}

fn ask(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn scrape(address: &str) -> BTreeMap<String, Family> {
    let answer = ask(address, "/metrics");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("application/openmetrics-text"), "{head}");
    parse(body).unwrap()
}

#[test]
fn metrics_follow_the_scheduler_and_end_with_it() {
    loopback_up();
    let running = Running::start(&["attach", "--metrics", "0", "--batch-guarantee", "20"]);
    let address = address(&running);
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let first = scrape(&address);
    assert_eq!(first["dualq_attached"].sum(), 1.0);
    assert_eq!(first["dualq_members"].sum(), 0.0);
    assert_eq!(first["dualq_batch_guarantee_ratio"].sum(), 0.2);
    let hog = Load::hog().start();
    run_ok(&["add", &hog.pid().to_string()]);
    let now = || scrape(&address);
    wait_until("a member's time is counted", PATIENCE, || {
        let now = now();
        now["dualq_members"].sum() == 1.0
            && now["dualq_priority_cpu_seconds"].sum() > 0.0
            && now["dualq_wait_seconds"].sum() > first["dualq_wait_seconds"].sum()
    });
    assert!(ask(&address, "/").starts_with("HTTP/1.1 404 "));
    // The same text, by the command.
    let printed = parse(&run_ok(&["stats", "--openmetrics"])).unwrap();
    assert!(printed.keys().eq(now().keys()));
    // A client that says nothing holds up neither the next one nor the end.
    let _silent: Vec<TcpStream> = (0..6)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    let taken = run(&["attach", "--metrics", &address]);
    assert_eq!(taken.status.code(), Some(2), "{taken:?}");
    assert!(
        taken.stderr.contains("choose another address or port"),
        "{taken:?}"
    );
    scrape(&address);
    assert!(running.terminate().status.success());
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(TcpStream::connect(&address).is_err());
}
