//! Reads a text by the rules of OpenMetrics 1.0, and refuses what breaks one of them.
#![allow(dead_code, clippy::float_cmp)]

use std::collections::{BTreeMap, BTreeSet};

/// A metric with its samples.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    pub unit: String,
    pub help: String,
    pub samples: Vec<Sample>,
}

/// One line.
#[derive(Debug)]
pub struct Sample {
    pub name: String,
    /// As they stand between the braces.
    pub labels: String,
    pub pairs: BTreeMap<String, String>,
    pub value: f64,
}

impl Family {
    /// Returns the value of the sample with these labels; NaN if there is none.
    pub fn value(&self, labels: &str) -> f64 {
        let found = self.samples.iter().find(|sample| sample.labels == labels);
        found.map_or(f64::NAN, |sample| sample.value)
    }

    /// Returns the sum of all samples.
    pub fn sum(&self) -> f64 {
        self.samples.iter().map(|sample| sample.value).sum()
    }
}

/// Returns the families by name.
///
/// # Errors
/// The line, and the rule that it breaks.
pub fn parse(text: &str) -> Result<BTreeMap<String, Family>, String> {
    let body = text
        .strip_suffix("# EOF\n")
        .ok_or("the text does not end with an end marker")?;
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in body.split_terminator('\n') {
        let broken = |rule: &str| format!("{rule}: {line}");
        if let Some(metadata) = line.strip_prefix("# ") {
            let (word, rest) = metadata.split_once(' ').ok_or(broken("no name"))?;
            let (name, value) = rest.split_once(' ').ok_or(broken("no value"))?;
            if !is_name(name) || name.ends_with("_total") || name.ends_with("_bucket") {
                return Err(broken("not the name of a metric"));
            }
            if name != current {
                if families.contains_key(name) {
                    return Err(broken("a metric stands in two places"));
                }
                name.clone_into(&mut current);
                families.insert(current.clone(), Family::default());
            }
            let family = families.get_mut(name).ok_or(broken("no metric"))?;
            if !family.samples.is_empty() {
                return Err(broken("metadata after a sample"));
            }
            let field = match word {
                "TYPE" if ["counter", "gauge", "histogram"].contains(&value) => &mut family.kind,
                "UNIT" if name.ends_with(&format!("_{value}")) => &mut family.unit,
                "HELP" if value.ends_with('.') => &mut family.help,
                _ => return Err(broken("wrong metadata")),
            };
            if !field.is_empty() {
                return Err(broken("said twice"));
            }
            value.clone_into(field);
        } else {
            let sample = sample(line).map_err(broken)?;
            let family = families
                .get_mut(&current)
                .ok_or(broken("a sample without a metric"))?;
            let suffix = sample
                .name
                .strip_prefix(&current)
                .ok_or(broken("a sample of another metric"))?;
            let fits = match family.kind.as_str() {
                "counter" => suffix == "_total" && sample.value >= 0.0,
                "gauge" => suffix.is_empty(),
                "histogram" => suffix == "_bucket" && sample.pairs.contains_key("le"),
                _ => false,
            };
            if !fits {
                return Err(broken("not a sample of this type"));
            }
            family.samples.push(sample);
        }
    }
    for (name, family) in &families {
        check(family).map_err(|rule| format!("{name}: {rule}"))?;
        if families.contains_key(&format!("{name}_info")) {
            return Err(format!("{name}: clashes with {name}_info"));
        }
    }
    Ok(families)
}

fn check(family: &Family) -> Result<(), &'static str> {
    if family.help.is_empty() || family.samples.is_empty() {
        return Err("no help, or no sample");
    }
    let different: BTreeSet<_> = family.samples.iter().map(|one| &one.pairs).collect();
    if different.len() != family.samples.len() {
        return Err("the same labels twice");
    }
    if family.kind != "histogram" {
        return Ok(());
    }
    let mut series: BTreeMap<_, Vec<(f64, f64)>> = BTreeMap::new();
    for sample in &family.samples {
        let mut others = sample.pairs.clone();
        let bound = others.remove("le").unwrap_or_default();
        let bound = bound.parse().map_err(|_| "a bound")?;
        let buckets = series.entry(others).or_default();
        buckets.push((bound, sample.value));
    }
    for buckets in series.values() {
        let rises = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        if !buckets.windows(2).all(rises) {
            return Err("buckets that do not rise");
        }
        if buckets.last().is_none_or(|last| last.0 != f64::INFINITY) {
            return Err("no bucket for all");
        }
    }
    Ok(())
}

fn sample(line: &str) -> Result<Sample, &'static str> {
    let (head, value) = line.rsplit_once(' ').ok_or("no value")?;
    let (name, labels) = match head.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').ok_or("no closing brace")?),
        None => (head, ""),
    };
    if !is_name(name) {
        return Err("not a name");
    }
    let mut pairs = BTreeMap::new();
    for pair in labels.split(',').filter(|pair| !pair.is_empty()) {
        let (label, value) = pair.split_once('=').ok_or("a label without a value")?;
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .ok_or("a value without quotes")?;
        if !is_name(label) || value.contains(['"', '\\']) {
            return Err("a label");
        }
        // A bound is written as a number with a fraction.
        if label == "le" && value != "+Inf" && !value.contains('.') {
            return Err("a bound without a fraction");
        }
        if pairs.insert(label.to_owned(), value.to_owned()).is_some() {
            return Err("a label twice");
        }
    }
    Ok(Sample {
        name: name.to_owned(),
        labels: labels.to_owned(),
        pairs,
        value: value.parse().map_err(|_| "not a number")?,
    })
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
