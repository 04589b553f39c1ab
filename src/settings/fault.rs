//! What is wrong in the settings file, and where.

use std::path::Path;

use super::file;
use crate::refusal::{Refusal, Status};

/// A fault at a place in the text, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: usize,
    pub text: String,
}

impl Fault {
    pub fn new(at: usize, text: impl Into<String>) -> Self {
        Self {
            at,
            text: text.into(),
        }
    }

    /// As one sentence with the file and the line.
    pub fn within(self, path: &Path, bytes: &[u8]) -> anyhow::Error {
        let before = bytes.get(..self.at).unwrap_or(bytes);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let path = file::display(path);
        Refusal::new(
            Status::BadArgument,
            format!("{path}, line {line}: {}", self.text),
        )
        .into()
    }
}

/// The known name that a wrong one comes nearest to.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> &'a str {
    let wrong = wrong.to_lowercase();
    known
        .into_iter()
        .min_by_key(|name| distance(&wrong, &name.to_lowercase()))
        .unwrap_or_default()
}

/// How many letters must be added, left out or changed to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    // A name from a file may be as long as the file: what is beyond this makes no difference.
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().take(64).enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (b, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let changed = corner + usize::from(a != *b);
            corner = *above;
            left = changed.min(*above + 1).min(left + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_with_the_fewest_changes() {
        let known = ["theme", "columns", "interval"];
        assert_eq!(nearest("theem", known), "theme");
        assert_eq!(nearest("Colums", known), "columns");
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
