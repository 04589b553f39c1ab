//! Finds which of thousands of regular expressions match a text.
//!
//! Most rules name a program exactly, as in `^ffmpeg$`: those are found in a hash table. All others of
//! a field are one automaton, which reads the text once.

use std::collections::HashMap;

use anyhow::{Context, Result};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Bytes that the automaton may take, and as many again for what it has found out while matching.
const LARGEST: usize = 64 << 20;

/// Reads a regular expression. Its classes (`\w`, `(?i)`) are those of ASCII.
///
/// # Errors
/// In one line, what is wrong with it.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(LARGEST)
        .build()
        .map_err(|error| last_line(&error.to_string()))
}

/// The library draws the pattern and a mark below it; its last line says what is wrong.
fn last_line(text: &str) -> String {
    let line = text.lines().rfind(|line| !line.trim().is_empty());
    let line = line.unwrap_or(text).trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// The different patterns of one field, by numbers in the order in which they were given.
#[derive(Debug, Default)]
pub struct Patterns {
    exact: HashMap<Box<str>, u32>,
    others: RegexSet,
    /// The number of each pattern of `others`.
    numbers: Vec<u32>,
}

impl Patterns {
    /// # Errors
    /// Where they are too many or too long for the automaton.
    pub fn new(patterns: &[String]) -> Result<Self> {
        let mut exact = HashMap::new();
        let (mut others, mut numbers) = (Vec::new(), Vec::new());
        for (number, pattern) in (0..).zip(patterns) {
            match literal(pattern) {
                Some(text) => {
                    exact.insert(text.into_boxed_str(), number);
                }
                None => {
                    others.push(pattern);
                    numbers.push(number);
                }
            }
        }
        let others = RegexSetBuilder::new(others)
            .unicode(false)
            .size_limit(LARGEST)
            .dfa_size_limit(LARGEST)
            .build()
            .context("the regular expressions are too many or too long together")?;
        Ok(Self {
            exact,
            others,
            numbers,
        })
    }

    /// The numbers of those that match, in ascending order.
    #[must_use]
    pub fn matches(&self, text: &str) -> Vec<u32> {
        let mut found: Vec<u32> = if self.numbers.is_empty() {
            Vec::new()
        } else {
            let matches = self.others.matches(text.as_bytes());
            matches
                .into_iter()
                .filter_map(|index| self.numbers.get(index).copied())
                .collect()
        };
        if let Some(number) = self.exact.get(text) {
            let at = found.partition_point(|other| other < number);
            found.insert(at, *number);
        }
        found
    }
}

/// The one text that the pattern matches, where it is an exact one: `^`, letters and escaped
/// punctuation, `$`.
fn literal(pattern: &str) -> Option<String> {
    let body = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let mut text = String::with_capacity(body.len());
    let mut letters = body.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(letters.next().filter(char::is_ascii_punctuation)?),
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => {
                return None;
            }
            _ => text.push(letter),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_pattern_matches_as_the_automaton_would() {
        let patterns = [
            "^a\\.b$",
            "^a.b$",
            "a",
            "^$",
            "^a\\$",
            "^x|y$",
            "^c\\+\\+$",
            "^\\d$",
        ];
        let patterns = patterns.map(str::to_owned);
        assert_eq!(literal(&patterns[0]), Some("a.b".to_owned()));
        for pattern in &patterns {
            let is_exact = ["^a\\.b$", "^$", "^c\\+\\+$"].contains(&pattern.as_str());
            assert_eq!(literal(pattern).is_some(), is_exact, "{pattern}");
        }
        let set = Patterns::new(&patterns).unwrap();
        for text in ["a.b", "axb", "", "a", "c++", "7", "y", "a$"] {
            let one_by_one: Vec<u32> = (0..)
                .zip(&patterns)
                .filter(|(_, pattern)| compile(pattern).unwrap().is_match(text.as_bytes()))
                .map(|(number, _)| number)
                .collect();
            assert_eq!(set.matches(text), one_by_one, "{text}");
        }
    }

    #[test]
    fn a_wrong_pattern_is_explained_in_a_line() {
        let said = compile("(").unwrap_err();
        assert_eq!(said, "unclosed group");
    }
}
