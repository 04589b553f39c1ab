//! The goals, and which of them hold. They are set for deterministic virtual time on one CPU (`make bench`).

use crate::bench::Results;
use crate::bench::contender::Contender;
use crate::bench::figure::{Figure, ratio};
use crate::bench::measurement::Measurement;

const WAKE_UP: Measurement = Measurement::WakeUp { hogs: 8 };
const FRAME: Measurement = Measurement::Frame { hogs: 8 };

#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    pub text: &'static str,
    pub value: f64,
    pub limit: f64,
    /// True if the limit is a maximum, false if it is a minimum.
    pub most: bool,
    pub unit: &'static str,
}

impl Goal {
    #[must_use]
    pub fn holds(&self) -> bool {
        if self.most {
            self.value <= self.limit
        } else {
            self.value >= self.limit
        }
    }
}

/// Returns the goals for which everything was measured.
#[must_use]
pub fn goals(results: &Results) -> Vec<Goal> {
    let median =
        |measurement, contender, figure| Some(results.find(measurement, contender, figure)?.median);
    let against = |measurement, figure, contender, other| {
        Some(median(measurement, contender, figure)? / median(measurement, other, figure)?)
    };
    let (ours, other, default, fifo) = (
        Contender::DualqPriority,
        Contender::DualqBatch,
        Contender::Default,
        Contender::Fifo,
    );
    let most = |text, value: Option<f64>, limit, unit| {
        Some(Goal {
            text,
            value: value?,
            limit,
            most: true,
            unit,
        })
    };
    let work = against(WAKE_UP, Figure::Work, ours, default).map(|value| Goal {
        text: "the hogs' work beside a member probe, of the default's",
        value,
        limit: 1.01,
        most: false,
        unit: "×",
    });
    let attach = results
        .find_cost(Figure::Attach)
        .map(|spread| spread.median);
    let toggle = median(Measurement::Toggle, ours, Figure::ToggleMax);
    [
        most(
            "a member's wake-up p50, of SCHED_FIFO's",
            against(WAKE_UP, Figure::WakeP50, ours, fifo),
            1.15,
            "×",
        ),
        most(
            "a member's wake-up p99, of SCHED_FIFO's",
            against(WAKE_UP, Figure::WakeP99, ours, fifo),
            1.05,
            "×",
        ),
        most(
            "a member's frame p99, of SCHED_FIFO's",
            against(FRAME, Figure::DoneP99, ours, fifo),
            1.0,
            "×",
        ),
        most(
            "a non-member's wake-up p99, of the default's",
            against(WAKE_UP, Figure::WakeP99, other, default),
            0.05,
            "×",
        ),
        most(
            "a non-member's frame p99 (scx_bpfland's)",
            median(FRAME, other, Figure::DoneP99),
            19.0,
            " ms",
        ),
        work,
        most(
            "message passing, of the default's time",
            against(Measurement::Messages, Figure::Messages, other, default),
            0.6,
            "×",
        ),
        most(
            "pipe round trip, of the default's",
            against(Measurement::Pipe, Figure::RoundTrip, other, default),
            1.0,
            "×",
        ),
        most(
            "the longest from a move to the first PRIORITY dispatch",
            toggle,
            20.0,
            " ms",
        ),
        most("attach", attach, 250.0, " ms"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[must_use]
pub fn markdown(results: &Results) -> String {
    let goals = goals(results);
    if goals.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "\n## Goals\n\nSet for deterministic virtual time on one CPU (`make bench`).\n\n| | measured | goal | |\n|---|---|---|---|\n",
    );
    for goal in goals {
        let bound = if goal.most { "≤" } else { "≥" };
        out += &format!(
            "| {} | {}{} | {bound} {}{} | {} |\n",
            goal.text,
            shown(&goal, goal.value),
            goal.unit,
            shown(&goal, goal.limit),
            goal.unit,
            if goal.holds() { "holds" } else { "**missed**" },
        );
    }
    out
}

/// Finer where a goal is about hundredths.
fn shown(goal: &Goal, value: f64) -> String {
    if goal.unit == "×" && (0.1..100.0).contains(&value) {
        return format!("{value:.3}");
    }
    ratio(value)
}
