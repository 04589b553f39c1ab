//! Text from outside: scrubbed once, where it enters, and truncated by its width on the screen. Also formats
//! large numbers.
//!
//! Names, command lines and kernel messages may contain any byte except zero: escape sequences, direction
//! overrides, invalid UTF-8, line breaks. [`scrub`] returns one line that cannot move the cursor, change a
//! colour or reorder its neighbours.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt::Display;

use textwrap::{Options, WordSplitter};
use unicode_truncate::UnicodeTruncateStr;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Replaces a character that must not reach a terminal.
const HARMLESS: char = '\u{b7}';
const ELLIPSIS: &str = "…";

/// Returns one harmless line of text from bytes that came from outside.
///
/// White space becomes a space. Controls, escapes and direction overrides become `·`, and bytes that are not
/// UTF-8 become `U+FFFD`. Characters without a width are left out: terminals disagree on them, and columns
/// would shift.
#[must_use]
pub fn scrub(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .filter_map(harmless)
        .collect()
}

/// Returns a harmless text of several lines, whose line breaks are kept.
#[must_use]
pub fn scrub_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| scrub(line.as_bytes())).collect();
    lines.join("\n")
}

fn harmless(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() || is_direction(c) => Some(HARMLESS),
        // Fillers: invisible, but one or two cells wide.
        '\u{115f}' | '\u{3164}' | '\u{ffa0}' => Some(HARMLESS),
        '\u{ad}' => None,
        c if c.width().unwrap_or(0) == 0 => None,
        // Wider than two cells; terminals disagree on these as well.
        c if c.width() > Some(2) => Some(HARMLESS),
        c => Some(c),
    }
}

/// Returns true for marks that change the direction of the following text.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the width of a line in cells.
#[must_use]
pub fn width(text: &str) -> usize {
    // Drawn text has no control characters, so an ASCII character is one cell.
    if text.is_ascii() {
        return text.len();
    }
    text.width()
}

/// Returns the line truncated to `cells`, with `…` in the last cell if something is missing.
#[must_use]
pub fn truncate(text: &str, cells: usize) -> Cow<'_, str> {
    // A cell takes at least one byte, so a short line needs no measuring.
    if text.len() <= cells || width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let Some(room) = cells.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let (start, _) = text.unicode_truncate(room);
    Cow::Owned(format!("{start}{ELLIPSIS}"))
}

/// The end of the line in `cells`, with `…` in the first one where something is missing.
#[must_use]
pub fn tail(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let (end, _) = text.unicode_truncate_start(cells.saturating_sub(1));
    Cow::Owned(format!("{ELLIPSIS}{end}"))
}

/// Wraps the text at spaces into lines of at most `cells`. Longer words are split.
#[must_use]
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let options = Options::new(cells.max(1)).word_splitter(WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options).into_iter();
    let lines = lines.map(Cow::into_owned);
    lines.filter(|line| !line.is_empty()).collect()
}

/// Formats a whole number with commas: `10,000`.
#[must_use]
pub fn thousands(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_controls_cannot_reach_the_terminal() {
        assert_eq!(scrub(b"a\x1b[2Jb"), "a·[2Jb");
        assert_eq!(scrub("c1 \u{9b}31m".as_bytes()), "c1 ·31m");
        assert_eq!(scrub(b"bell\x07 null\x00"), "bell· null·");
    }

    #[test]
    fn text_stays_on_one_line() {
        assert_eq!(scrub("a\nb\tc\u{2028}d\u{85}e".as_bytes()), "a b c d e");
    }

    #[test]
    fn direction_cannot_be_turned() {
        assert_eq!(scrub("x\u{202e}gpj\u{2066}".as_bytes()), "x·gpj·");
    }

    #[test]
    fn invalid_utf8_is_marked() {
        assert_eq!(scrub(b"\xffok\xc3"), "\u{fffd}ok\u{fffd}");
    }

    #[test]
    fn every_character_left_takes_a_cell_or_two() {
        let all: Vec<u8> = (0..=0x10_ffff_u32)
            .filter_map(char::from_u32)
            .flat_map(|c| c.to_string().into_bytes())
            .collect();
        let cells = |c: char| c.width().unwrap_or(0);
        assert!(scrub(&all).chars().all(|c| (1..=2).contains(&cells(c))));
    }

    #[test]
    fn a_cut_is_seen_and_counts_wide_characters() {
        assert_eq!(truncate("ffmpeg", 6), "ffmpeg");
        assert_eq!(truncate("ffmpeg", 5), "ffmp…");
        assert_eq!(truncate("日本語", 6), "日本語");
        assert_eq!(truncate("日本語", 5), "日本…");
        assert_eq!(truncate("日本語", 4), "日…");
        assert_eq!(truncate("日本語", 1), "…");
        assert_eq!(truncate("x", 0), "");
    }

    #[test]
    fn long_sentences_wrap_at_words() {
        assert_eq!(wrap("not root: run sudo", 10), ["not root:", "run sudo"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("日本語だ", 5), ["日本", "語だ"]);
        assert_eq!(wrap("a well-known one", 12), ["a well-known", "one"]);
        assert_eq!(wrap("a well-known one", 10), ["a", "well-known", "one"]);
        assert!(wrap("", 0).is_empty());
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(thousands(10_000), "10,000");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }
}
