//! The report for programs. Its keys are an interface.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::goals::goals;
use crate::bench::Results;
use crate::bench::contender::Contender;
use crate::bench::figure::Figure;
use crate::bench::statistics::Spread;

/// # Errors
/// Where a figure is no number.
pub fn json(results: &Results) -> Result<String> {
    let mut measurements = Vec::new();
    for (measurement, rows) in &results.tables {
        let default = rows.iter().find(|row| row.contender == Contender::Default);
        let mut contenders = Vec::new();
        for row in rows {
            let base = |figure| default.and_then(|row| row.find(figure));
            contenders.push(json!({
                "key": row.contender.key(&results.peers),
                "label": row.contender.label(measurement.favoured(), &results.peers),
                "figures": figures(&row.figures, base)?,
            }));
        }
        measurements.push(json!({
            "key": measurement.key(),
            "title": measurement.title(),
            "rivals": contenders,
        }));
    }
    let goals: Vec<Value> = goals(results)
        .iter()
        .map(|goal| {
            json!({
                "goal": goal.text,
                "value": goal.value,
                (if goal.most { "at_most" } else { "at_least" }): goal.limit,
                "holds": goal.holds(),
            })
        })
        .collect();
    let report = json!({
        "machine": results.machine,
        "quick": results.quick,
        "seconds": results.seconds,
        "repetitions": results.repetitions,
        "repetitions_wanted": results.repetitions_wanted,
        "measurements": measurements,
        "cost": figures(&results.cost, |_| None)?,
        "goals": goals,
    });
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn figures(
    list: &[(Figure, Vec<f64>)],
    base: impl Fn(Figure) -> Option<Spread>,
) -> Result<Map<String, Value>> {
    let mut out = Map::new();
    for (figure, values) in list {
        let Some(spread) = Spread::of(values) else {
            continue;
        };
        let ratio = base(*figure)
            .filter(|base| base.median > 0.0)
            .map(|base| spread.median / base.median);
        let mut value = serde_json::to_value(&spread)?;
        value["of_default"] = json!(ratio);
        out.insert(figure.key().to_owned(), value);
    }
    Ok(out)
}
