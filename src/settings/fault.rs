//! Faults in the settings file, with their place.

use std::path::Path;

use super::file;
use crate::refusal::{Refusal, Status};

/// A fault at a place in the text, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct TextFault {
    /// The place in the text, in bytes.
    pub at: usize,
    /// The cause and the remedy.
    pub text: String,
}

impl TextFault {
    /// Creates a fault.
    pub fn new(at: usize, text: impl Into<String>) -> Self {
        Self {
            at,
            text: text.into(),
        }
    }

    /// Returns the fault as one sentence with the file and the line.
    pub fn within(self, path: &Path, bytes: &[u8]) -> anyhow::Error {
        let before = bytes.get(..self.at).unwrap_or(bytes);
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let path = file::display(path);
        Refusal::new(
            Status::BadArgument,
            format!("{path}, line {line}: {}", self.text),
        )
        .into()
    }
}

/// Returns the known name that is most similar to an unknown one.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> &'a str {
    // A name in a file may be as long as the file. Beyond this length it is similar to none.
    let wrong: String = wrong.to_lowercase().chars().take(64).collect();
    known
        .into_iter()
        .min_by_key(|name| strsim::levenshtein(&wrong, &name.to_lowercase()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_with_the_fewest_changes() {
        let known = ["theme", "columns", "interval"];
        assert_eq!(nearest("theem", known), "theme");
        assert_eq!(nearest("Colums", known), "columns");
        assert_eq!(nearest(&"x".repeat(1 << 20), known), "theme");
    }
}
