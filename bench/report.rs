//! The figures as tables, and which goals they reach.

use std::fs;

use crate::measure::Figures;
use crate::{Program, Row};

/// The machine and the versions.
pub fn head(programs: &[Program], first: bool) {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("a CPU of an unknown model", |(_, model)| model);
    let count = cpu
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    println!("{count} × {model}, Linux {release}, 120×40, a look each second.");
    let mut versions: Vec<String> = programs
        .iter()
        .map(|program| {
            let name = program.label.split([' ', ',']).next().unwrap_or_default();
            format!("{name} {}", program.version)
        })
        .collect();
    versions.sort();
    versions.dedup();
    let priority = if first {
        "at real-time priority, ahead of what else the machine does"
    } else {
        "beside what else the machine does"
    };
    println!("{}; {priority}; medians.", versions.join(", "));
}

pub fn table(size: usize, rows: &[Row]) {
    println!(
        "\n| {size} sleeping processes | CPU | first screen | memory, peak | memory, its own (PSS) |"
    );
    println!("|---|---|---|---|---|");
    for row in rows {
        println!(
            "| {} | {:.2} % | {:.0} ms | {:.1} MB | {:.1} MB |",
            row.program.label,
            row.median(|f| f.cpu_percent),
            row.median(|f| f.first_frame_ms),
            row.median(|f| f.peak_mb),
            row.median(|f| f.pss_mb),
        );
    }
}

impl Row {
    fn median(&self, pick: impl Fn(&Figures) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }
}

pub fn goals(size: usize, rows: &[Row]) {
    let find = |label: &str| rows.iter().find(|row| row.program.label == label);
    let say = |holds: bool, goal: &str, figure: String| {
        println!(
            "- {}: {goal} ({figure})",
            if holds { "holds" } else { "missed" }
        );
    };
    println!();
    if let (Some(ours), Some(btop)) = (find("dualq-top --view"), find("btop")) {
        let (a, b) = (
            ours.median(|f| f.cpu_percent),
            btop.median(|f| f.cpu_percent),
        );
        say(
            a * 8.0 <= b,
            "an eighth of btop's CPU",
            format!("1 : {:.1}", b / a),
        );
        // As measured at 2,000 and at 10,000.
        let limit = if size <= 2000 { 50.0 } else { 150.0 };
        let first = ours.median(|f| f.first_frame_ms);
        let goal = format!("the first screen within {limit} ms");
        say(first <= limit, &goal, format!("{first:.0} ms"));
        let (a, b) = (ours.median(|f| f.peak_mb), btop.median(|f| f.peak_mb));
        say(
            a <= b + 4.0,
            "no more memory than btop and 4 MB",
            format!("{:+.1} MB", a - b),
        );
    }
    if let (Some(ours), Some(btop)) = (find("dualq-top --view, no rights"), find("btop, no rights"))
    {
        let (a, b) = (
            ours.median(|f| f.cpu_percent),
            btop.median(|f| f.cpu_percent),
        );
        say(
            a <= b,
            "without rights no more CPU than btop",
            format!("1 : {:.1}", b / a),
        );
    }
}
