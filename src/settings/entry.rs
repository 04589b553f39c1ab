//! The entries of a table in the settings, in their order.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::sys::text::scrub;

/// One line of a table.
pub struct Entry<'a> {
    /// The name of the setting.
    pub name: &'a str,
    /// Its value.
    pub value: &'a Spanned<DeValue<'a>>,
    /// Its place in the text, in bytes.
    pub at: usize,
}

/// Returns the entries in the order of the file, so that the first fault is reported.
pub fn entries<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'_>> = table
        .iter()
        .map(|(name, value)| Entry {
            name: name.get_ref(),
            value,
            at: name.span().start,
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// Returns a word of the file, scrubbed and in quotes.
pub fn quoted(word: &str) -> String {
    format!(
        "\"{}\"",
        crate::sys::text::truncate(&scrub(word.as_bytes()), 40)
    )
}
