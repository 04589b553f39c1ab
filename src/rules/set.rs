//! The first rule that matches a process.

use std::collections::HashMap;

use anyhow::Result;

use super::patterns::Patterns;
use super::{Field, Rule, Subject};

/// All rules, in their order.
///
/// Each rule hangs on its cheapest condition. What a process is like in a field is looked up once, and
/// only if a rule asks for it.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Indexed>,
    fields: [Index; Field::ALL.len()],
}

#[derive(Debug)]
struct Indexed {
    rule: Rule,
    /// The numbers of its conditions' patterns, the cheapest first.
    conditions: Vec<(Field, u32)>,
}

#[derive(Debug, Default)]
struct Index {
    patterns: Patterns,
    /// By a pattern's number: the rules that hang on it, in ascending order.
    rules: Vec<Vec<u32>>,
    /// Whether any rule does.
    leads: bool,
}

impl RuleSet {
    /// # Errors
    /// Where their patterns are too many or too long together.
    pub fn new(rules: Vec<Rule>) -> Result<Self> {
        let mut numbers: [HashMap<String, u32>; Field::ALL.len()] = Default::default();
        let mut texts: [Vec<String>; Field::ALL.len()] = Default::default();
        let mut indexed = Vec::with_capacity(rules.len());
        for rule in rules {
            let mut conditions = Vec::with_capacity(rule.conditions.len());
            for (field, pattern) in &rule.conditions {
                let texts = &mut texts[*field as usize];
                let known = &mut numbers[*field as usize];
                let number = *known.entry(pattern.clone()).or_insert_with(|| {
                    texts.push(pattern.clone());
                    u32::try_from(texts.len() - 1).unwrap_or(u32::MAX)
                });
                conditions.push((*field, number));
            }
            conditions.sort_unstable();
            indexed.push(Indexed { rule, conditions });
        }
        let mut fields: [Index; Field::ALL.len()] = Default::default();
        for (field, texts) in fields.iter_mut().zip(texts) {
            field.patterns = Patterns::new(&texts)?;
            field.rules = vec![Vec::new(); texts.len()];
        }
        for (place, rule) in (0..).zip(&indexed) {
            let Some((field, number)) = rule.conditions.first() else {
                continue;
            };
            let index = &mut fields[*field as usize];
            index.rules[*number as usize].push(place);
            index.leads = true;
        }
        Ok(Self {
            rules: indexed,
            fields,
        })
    }

    /// Returns the number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Returns true if there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the rules, in the order in which they are tried.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|indexed| &indexed.rule)
    }

    /// The first rule all of whose conditions hold. What the process does not tell, matches nothing.
    pub fn first(&self, subject: &mut dyn Subject) -> Option<&Rule> {
        let mut known = Known::default();
        let mut candidates: Vec<u32> = Vec::new();
        for field in Field::ALL {
            let index = &self.fields[field as usize];
            if index.leads {
                for number in known.of(field, &index.patterns, subject) {
                    candidates.extend(&index.rules[*number as usize]);
                }
            }
        }
        candidates.sort_unstable();
        let mut rules = candidates
            .into_iter()
            .filter_map(|place| self.rules.get(place as usize));
        let holds = |rule: &Indexed| {
            rule.conditions.iter().all(|(field, number)| {
                let patterns = &self.fields[*field as usize].patterns;
                let matching = known.of(*field, patterns, subject);
                matching.binary_search(number).is_ok()
            })
        };
        let mut holds = holds;
        rules.find(|rule| holds(rule)).map(|rule| &rule.rule)
    }
}

/// The known fields of one process: by field, the numbers of the patterns that match it.
#[derive(Default)]
struct Known([Option<Vec<u32>>; Field::ALL.len()]);

impl Known {
    fn of(&mut self, field: Field, patterns: &Patterns, subject: &mut dyn Subject) -> &[u32] {
        self.0[field as usize].get_or_insert_with(|| {
            let text = subject.text(field);
            text.map_or_else(Vec::new, |text| patterns.matches(&text))
        })
    }
}
