//! Searching the list as one types.

use crate::model::{Process, ProcessId};

/// A search under way or kept for the next match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The text that is looked for.
    pub text: String,
    /// The selected process when the search began.
    pub origin: Option<ProcessId>,
    /// Whether the text is found nowhere.
    pub failed: bool,
}

impl Search {
    /// Returns whether the process's command line, name or process id has the text.
    #[must_use]
    pub fn matches(&self, process: &Process) -> bool {
        !self.text.is_empty()
            && (self.find(&process.command).is_some()
                || self.find(&process.name).is_some()
                || process.id.pid.to_string().starts_with(&self.text))
    }

    /// Finds the text in `line`, and returns its range of bytes. Capital letters in the text match only capital
    /// letters, small letters match both.
    #[must_use]
    pub fn find(&self, line: &str) -> Option<std::ops::Range<usize>> {
        if self.text.is_empty() {
            return None;
        }
        let exact = self.text.chars().any(char::is_uppercase);
        let same = |a: char, b: char| a == b || (!exact && a.to_lowercase().eq(b.to_lowercase()));
        line.char_indices().find_map(|(start, _)| {
            let mut rest = line.get(start..)?.char_indices();
            let mut end = start;
            for wanted in self.text.chars() {
                let (at, c) = rest.next()?;
                if !same(c, wanted) {
                    return None;
                }
                end = start + at + c.len_utf8();
            }
            Some(start..end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(text: &str) -> Search {
        Search {
            text: text.into(),
            ..Search::default()
        }
    }

    #[test]
    fn small_letters_match_both_and_capitals_only_themselves() {
        assert_eq!(search("ffm").find("/usr/FFmpeg"), Some(5..8));
        assert_eq!(search("FFm").find("/usr/ffmpeg"), None);
        assert_eq!(search("").find("anything"), None);
    }

    #[test]
    fn a_search_does_not_split_characters() {
        assert_eq!(search("本").find("日本語"), Some(3..6));
        assert_eq!(search("語x").find("日本語"), None);
    }
}
