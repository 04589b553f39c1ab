use serde_json::Value;

use super::goals::goals;
use super::{charts, json, markdown};
use crate::bench::Results;
use crate::bench::contender::Contender;
use crate::bench::figure::Figure;
use crate::bench::machine::Machine;
use crate::bench::measurement::Measurement;

const WAKE_UP: Measurement = Measurement::WakeUp { hogs: 8 };

fn results() -> Results {
    Results {
        machine: Machine {
            version: "0",
            kernel: "7.2".into(),
            cpu: "a CPU".into(),
            cpus: 1,
            nodes: 1,
            memory_mb: 1000,
            hypervisor: true,
            governor: None,
            busy_before_percent: Some(1.0),
        },
        peers: vec!["a<b".into()],
        repetitions_wanted: 3,
        repetitions: 3,
        seconds: 5.0,
        quick: false,
        tables: Vec::new(),
        cost: Vec::new(),
    }
}

/// The wake-ups that the design's notes have, three repetitions each.
fn measured() -> Results {
    let mut results = results();
    for (contender, p50, p99, work) in [
        (Contender::Default, 12.0, 700.0, 364_000.0),
        (Contender::Fifo, 8.0, 10.0, 365_000.0),
        (Contender::DualqBatch, 16.0, 20.0, 368_000.0),
        (Contender::DualqPriority, 10.0, 10.5, 369_000.0),
        (Contender::Peer(0), 2000.0, 3000.0, 371_000.0),
    ] {
        for noise in [1.0, 0.5, 2.0] {
            let figures = vec![
                (Figure::WakeP50, p50 * noise),
                (Figure::WakeP99, p99 * noise),
                (Figure::Work, work),
            ];
            results.add(WAKE_UP, contender, figures);
        }
    }
    results
}

#[test]
fn table_has_medians_spread_and_ratio_to_default() {
    let text = markdown(&measured());
    assert!(
        text.contains("| kernel default | 12.00 (6.000–24.00) | 700.0 (350.0–1400) |"),
        "{text}"
    );
    assert!(
        text.contains(
            "| dualq, probe in BATCH | 16.00 (8.000–32.00) 1.33× | 20.00 (10.00–40.00) 0.029× |"
        ),
        "{text}"
    );
    assert!(!text.contains("Broken off"), "{text}");
}

#[test]
fn figure_missing_for_the_first_rival_keeps_its_column() {
    let mut results = results();
    let few = vec![(Figure::WakeP50, 12.0), (Figure::Work, 5.0)];
    results.add(WAKE_UP, Contender::Default, few);
    let enough = vec![(Figure::WakeP50, 8.0), (Figure::WakeP99, 9.0)];
    results.add(WAKE_UP, Contender::Fifo, enough);
    let text = markdown(&results);
    assert!(
        text.contains("| kernel default | 12.00 (12.00–12.00) | – | 5.000 (5.000–5.000) |"),
        "{text}"
    );
}

#[test]
fn a_report_that_was_broken_off_says_so() {
    let mut results = measured();
    results.repetitions = 1;
    assert!(markdown(&results).contains("**Broken off** after 1 of 3"));
}

#[test]
fn goals_are_judged_by_complete_medians() {
    let goals = goals(&measured());
    let judged: Vec<_> = goals.iter().map(|goal| (goal.text, goal.holds())).collect();
    assert_eq!(
        judged,
        [
            ("a member's wake-up p50, of SCHED_FIFO's", false),
            ("a member's wake-up p99, of SCHED_FIFO's", true),
            ("a non-member's wake-up p99, of the default's", true),
            (
                "the hogs' work beside a member probe, of the default's",
                true
            ),
        ]
    );
    assert!((goals[0].value - 1.25).abs() < 1e-9);
    let text = markdown(&measured());
    assert!(
        text.contains("| 1.250× | ≤ 1.150× | **missed** |"),
        "{text}"
    );
}

#[test]
fn how_latency_grows_with_tasks_is_read_from_all_sizes() {
    let mut results = results();
    for tasks in [50, 100, 500, 1000] {
        let p50 = 20.0 + 0.025 * f64::from(tasks);
        results.add(
            Measurement::Crowd { tasks },
            Contender::Default,
            vec![(Figure::WakeP50, p50)],
        );
    }
    let text = markdown(&results);
    assert!(text.contains("| kernel default | +0.0250 | – |"), "{text}");
}

#[test]
fn the_json_says_the_same_with_every_value() {
    let report: Value = serde_json::from_str(&json(&measured()).unwrap()).unwrap();
    let contender = |number: usize| &report["measurements"][0]["rivals"][number];
    assert_eq!(report["measurements"][0]["key"], "wake-up-8");
    assert_eq!(contender(2)["key"], "dualq_batch");
    let p99 = &contender(2)["figures"]["wake_p99_us"];
    assert_eq!(p99["median"], 20.0);
    assert_eq!(p99["values"], serde_json::json!([20.0, 10.0, 40.0]));
    assert!((p99["of_default"].as_f64().unwrap() - 20.0 / 700.0).abs() < 1e-12);
    assert_eq!(contender(4)["key"], "peer:a<b");
    assert_eq!(report["goals"][0]["at_most"], 1.15);
    assert_eq!(report["goals"][3]["at_least"], 1.01);
}

#[test]
fn longer_wait_has_its_dot_further_right_in_the_chart() {
    let charts = charts(&measured());
    assert_eq!(charts.len(), 1);
    let (name, svg) = &charts[0];
    assert_eq!(name, "wake-up-8.svg");
    assert!(svg.contains("a&lt;b") && !svg.contains("a<b"), "{svg}");
    let widths: Vec<f64> = svg
        .lines()
        .filter(|line| line.starts_with("<text x=\"8\"") && line.contains("<rect"))
        .map(|line| {
            let rest = line.split("width=\"").nth(1).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(widths.len(), 5);
    assert!(widths[4] > widths[0] && widths[0] > widths[2] && widths[2] > widths[3]);
}
