//! The report as tables.

use super::goals;
use crate::bench::Results;
use crate::bench::contender::Contender;
use crate::bench::figure::{Figure, digits, ratio};
use crate::bench::measurement::Measurement;
use crate::bench::results::Row;
use crate::bench::statistics::{Spread, slope};

/// Returns the report as Markdown.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let mut out = head(results);
    for (measurement, rows) in &results.tables {
        out += &table(results, *measurement, rows);
    }
    out += &scaling(results);
    if !results.cost.is_empty() {
        out += "\n## What the scheduler takes\n\n| | median | (shortest to longest) |\n|---|---|---|\n";
        for (figure, values) in &results.cost {
            if let Some(spread) = Spread::of(values) {
                out += &format!(
                    "| {} | {} | {} |\n",
                    figure.title(),
                    digits(spread.median),
                    ends(&spread)
                );
            }
        }
    }
    out += &goals::markdown(results);
    out
}

fn head(results: &Results) -> String {
    let machine = &results.machine;
    let mut out = String::from("# dualq-top bench\n\n");
    out += &format!(
        "dualq-top {}; Linux {}; {} × {}, {} node(s), {} MB{}{}.\n",
        machine.version,
        machine.kernel,
        machine.cpus,
        machine.cpu,
        machine.nodes,
        machine.memory_mb,
        if machine.hypervisor {
            ", in a virtual machine"
        } else {
            ""
        },
        machine
            .governor
            .as_ref()
            .map_or_else(String::new, |governor| format!(", governor {governor}")),
    );
    out += &format!(
        "Repetitions: {} of {} s, all contenders in each; medians, the least and the most in brackets, × is the ratio to the kernel's default.\n",
        results.repetitions, results.seconds
    );
    if results.repetitions < results.repetitions_wanted {
        out += &format!(
            "**Broken off** after {} of {} repetitions; figures of one that is not whole are in the medians.\n",
            results.repetitions, results.repetitions_wanted
        );
    }
    match machine.busy_before_percent {
        Some(busy) if busy >= 5.0 => {
            out += &format!(
                "**The machine was {busy:.0} % busy before the first measurement**: that is in all figures.\n"
            );
        }
        _ => {}
    }
    out
}

fn table(results: &Results, measurement: Measurement, rows: &[Row]) -> String {
    let mut out = format!(
        "\n## {}\n\n`{}`\n\n",
        measurement.title(),
        measurement.key()
    );
    // A figure that only some contenders have (dispatches by queue, a p99) is a column all the same.
    let mut columns: Vec<Figure> = Vec::new();
    for (figure, _) in rows.iter().flat_map(|row| &row.figures) {
        if !columns.contains(figure) {
            columns.push(*figure);
        }
    }
    columns.sort();
    out += "| |";
    for column in &columns {
        out += &format!(" {} |", column.title());
    }
    out += &format!("\n|---|{}\n", "---|".repeat(columns.len()));
    let default = rows.iter().find(|row| row.contender == Contender::Default);
    for row in rows {
        out += &format!(
            "| {} |",
            row.contender.label(measurement.favoured(), &results.peers)
        );
        for column in &columns {
            out += &format!(" {} |", cell(row, default, *column));
        }
        out += "\n";
    }
    out
}

fn cell(row: &Row, default: Option<&Row>, figure: Figure) -> String {
    let Some(spread) = row.find(figure) else {
        return "–".into();
    };
    let mut text = format!("{} ({})", digits(spread.median), ends(&spread));
    let default = default
        .filter(|default| default.contender != row.contender)
        .and_then(|default| default.find(figure));
    if let Some(default) = default
        && default.median > 0.0
    {
        text += &format!(" {}×", ratio(spread.median / default.median));
    }
    text
}

fn ends(spread: &Spread) -> String {
    format!("{}–{}", digits(spread.min), digits(spread.max))
}

/// Formats the growth of latency with the number of tasks, from the four measurements.
fn scaling(results: &Results) -> String {
    let mut contenders: Vec<Contender> = Vec::new();
    let crowds = || {
        results
            .tables
            .iter()
            .filter_map(|(measurement, rows)| match measurement {
                Measurement::Crowd { tasks } => Some((f64::from(*tasks), rows)),
                _ => None,
            })
    };
    for (_, rows) in crowds() {
        for row in rows {
            if !contenders.contains(&row.contender) {
                contenders.push(row.contender);
            }
        }
    }
    if crowds().count() < 2 {
        return String::new();
    }
    let mut out = String::from(
        "\n## How dispatch latency grows with tasks\n\nThe line of least squares through the medians above.\n\n| | p50, µs for each task | p99, µs for each task |\n|---|---|---|\n",
    );
    for contender in contenders {
        let line = |figure| {
            let points: Vec<(f64, f64)> = crowds()
                .filter_map(|(tasks, rows)| {
                    let row = rows.iter().find(|row| row.contender == contender)?;
                    Some((tasks, row.find(figure)?.median))
                })
                .collect();
            slope(&points).map_or_else(|| "–".into(), |slope| format!("{slope:+.4}"))
        };
        out += &format!(
            "| {} | {} | {} |\n",
            contender.label("probe", &results.peers),
            line(Figure::WakeP50),
            line(Figure::WakeP99)
        );
    }
    out
}
