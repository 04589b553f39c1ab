//! From the text of a file to its rules, and to every fault in it.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::patterns::compile;
use super::{Field, Place, Rule};
use crate::model::Queue;
use crate::settings::{Entry, TextFault, entries, nearest, quoted, table};
use crate::sys::text::scrub;

/// The settings of a rule besides its conditions.
const SETTINGS: [&str; 3] = ["queue", "children", "level"];

/// Texts of which nobody would want a rule for all.
const ANYTHING: [&str; 6] = ["a", "0", "systemd", "/usr/bin/x y", "-Z_", "user.slice:é"];

/// The rules of a file, and its faults in the order of their lines.
pub fn parse(file: &Arc<Path>, bytes: &[u8]) -> (Vec<Rule>, Vec<TextFault>) {
    let mut faults = Vec::new();
    let rules = rules(file, bytes, &mut faults).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    faults.sort_by_key(|fault| fault.at);
    (rules, faults)
}

fn rules(
    file: &Arc<Path>,
    bytes: &[u8],
    faults: &mut Vec<TextFault>,
) -> Result<Vec<Rule>, TextFault> {
    let table = table(bytes, "write [[rule]], and below it name = value")?;
    let mut rules = Vec::new();
    let lines = Lines::of(bytes);
    for entry in entries(table.get_ref()) {
        if entry.name != "rule" {
            let name = quoted(entry.name);
            faults.push(TextFault::new(
                entry.at,
                format!("unknown name {name}: a rule begins with [[rule]]"),
            ));
            continue;
        }
        let DeValue::Array(tables) = entry.value.get_ref() else {
            return Err(TextFault::new(
                entry.at,
                "invalid rule: expected two brackets, [[rule]]",
            ));
        };
        for table in tables {
            let place = Place {
                file: Arc::clone(file),
                line: lines.number(table.span().start),
            };
            match rule(table, place, faults) {
                Ok(rule) => rules.extend(rule),
                Err(fault) => faults.push(fault),
            }
        }
    }
    Ok(rules)
}

/// The starts of the lines, so that thousands of rules get their line numbers without counting from the start.
struct Lines(Vec<usize>);

impl Lines {
    fn of(bytes: &[u8]) -> Self {
        Self(memchr::memchr_iter(b'\n', bytes).collect())
    }

    fn number(&self, at: usize) -> usize {
        1 + self.0.partition_point(|end| *end < at)
    }
}

/// One rule; none where it has faults that are noted already.
fn rule(
    table: &Spanned<DeValue<'_>>,
    place: Place,
    faults: &mut Vec<TextFault>,
) -> Result<Option<Rule>, TextFault> {
    let at = table.span().start;
    let DeValue::Table(table) = table.get_ref() else {
        return Err(TextFault::new(at, "invalid rule: expected [[rule]]"));
    };
    let mut rule = Rule {
        place,
        conditions: Vec::new(),
        queue: Queue::Priority,
        children: false,
        level: None,
    };
    let before = faults.len();
    let mut narrow = false;
    for entry in entries(table) {
        match read(&mut rule, &entry) {
            Ok(narrows) => narrow |= narrows,
            Err(fault) => faults.push(fault),
        }
    }
    if faults.len() > before {
        return Ok(None);
    }
    if !narrow {
        return Err(TextFault::new(
            at,
            format!(
                "the rule matches everything: add a condition ({}) that not every process meets",
                Field::ALL.map(Field::key).join(", ")
            ),
        ));
    }
    if rule.queue == Queue::Batch && rule.children {
        return Err(TextFault::new(
            at,
            "cannot take children along to BATCH: they are there by themselves; leave `children` out",
        ));
    }
    if rule.queue == Queue::Batch && rule.level.is_some() {
        return Err(TextFault::new(
            at,
            "cannot give a level in BATCH: only members have one; leave `level` out",
        ));
    }
    rule.conditions.sort_unstable();
    Ok(Some(rule))
}

/// Reads one line of a rule. Says whether it narrows down which processes are meant.
fn read(rule: &mut Rule, entry: &Entry<'_>) -> Result<bool, TextFault> {
    let at = entry.value.span().start;
    if let Some(field) = Field::ALL
        .into_iter()
        .find(|field| field.key() == entry.name)
    {
        let DeValue::String(pattern) = entry.value.get_ref() else {
            return Err(TextFault::new(
                at,
                format!(
                    "invalid {}: expected a regular expression in quotes",
                    entry.name
                ),
            ));
        };
        let regex = compile(pattern).map_err(|why| {
            TextFault::new(
                at,
                format!(
                    "invalid regular expression {}: {}; a backslash before a character takes it as it is",
                    quoted(pattern),
                    scrub(why.as_bytes())
                ),
            )
        })?;
        rule.conditions.push((field, pattern.to_string()));
        return Ok(!ANYTHING.iter().all(|text| regex.is_match(text.as_bytes())));
    }
    match (entry.name, entry.value.get_ref()) {
        ("queue", DeValue::String(name)) if *name == "priority" => rule.queue = Queue::Priority,
        ("queue", DeValue::String(name)) if *name == "batch" => rule.queue = Queue::Batch,
        ("queue", _) => {
            return Err(TextFault::new(
                at,
                "invalid queue: expected \"priority\" or \"batch\"",
            ));
        }
        ("children", DeValue::Boolean(children)) => rule.children = *children,
        ("children", _) => {
            return Err(TextFault::new(
                at,
                "invalid children: expected true or false",
            ));
        }
        ("level", DeValue::Integer(number)) if number.radix() == 10 => {
            rule.level = Some(number.as_str().parse().map_err(|_| wants_level(at))?);
        }
        ("level", _) => return Err(wants_level(at)),
        (other, _) => {
            let known = Field::ALL.map(Field::key).into_iter().chain(SETTINGS);
            let near = nearest(other, known);
            return Err(TextFault::new(
                entry.at,
                format!("unknown name {}: did you mean \"{near}\"?", quoted(other)),
            ));
        }
    }
    Ok(false)
}

fn wants_level(at: usize) -> TextFault {
    TextFault::new(
        at,
        "invalid level: expected a whole number from 0 to 255, without quotes",
    )
}
