//! The table `[keys]`: the keys of each action.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::{Entry, entries, quoted};
use super::fault::{TextFault, nearest};
use crate::tui::app::Key;
use crate::tui::app::keymap::{Action, Keymap};

/// The names of keys that are not a character, in the order of the search. The first name of a key is
/// the one that is suggested.
const NAMED: [(&str, Key); 23] = [
    ("space", Key::Char(' ')),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("pgup", Key::PageUp),
    ("pgdn", Key::PageDown),
    ("home", Key::Home),
    ("end", Key::End),
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("tab", Key::Tab),
    ("backtab", Key::BackTab),
    ("escape", Key::Esc),
    ("return", Key::Enter),
    ("pageup", Key::PageUp),
    ("pagedown", Key::PageDown),
    ("↑", Key::Up),
    ("↓", Key::Down),
    ("←", Key::Left),
    ("→", Key::Right),
];

/// Reads the table `[keys]`: one or several keys per action, which replace the action's default keys.
pub fn parse(table: &DeTable<'_>, mut keymap: Keymap) -> Result<Keymap, TextFault> {
    let actions: Vec<(String, Action)> = keymap
        .lines()
        .iter()
        .map(|line| (line.binding.action.name(), line.binding.action))
        .collect();
    // The place of each key in the file, and its action.
    let mut bound: Vec<(Key, Action, usize)> = Vec::new();
    for Entry { name, value, at } in entries(table) {
        let Some((_, action)) = actions.iter().find(|(known, _)| known == name) else {
            let near = nearest(name, actions.iter().map(|(name, _)| name.as_str()));
            let name = quoted(name);
            return Err(TextFault::new(
                at,
                format!("unknown action {name}: did you mean \"{near}\"?"),
            ));
        };
        let keys = keys(name, value)?;
        if keys.is_empty() && *action == Action::Quit {
            return Err(TextFault::new(
                at,
                "quit needs a key: the dashboard cannot be left without one",
            ));
        }
        for (key, at) in &keys {
            if let Some((_, other, _)) = bound.iter().find(|(other, ..)| other == key) {
                return Err(twice(*key, *at, *other));
            }
            bound.push((*key, *action, *at));
        }
        keymap.rebind(*action, keys.into_iter().map(|(key, _)| key).collect());
    }
    // A key from the file that another action still has by default.
    for (key, action, at) in bound {
        let other = keymap
            .lines()
            .iter()
            .find(|line| line.binding.action != action && line.keys.contains(&key));
        if let Some(other) = other {
            return Err(twice(key, at, other.binding.action));
        }
    }
    Ok(keymap)
}

fn twice(key: Key, at: usize, other: Action) -> TextFault {
    let (key, other) = (key.name(), other.name());
    TextFault::new(
        at,
        format!(
            "the key {key} is already bound to \"{other}\": choose another key for one of them"
        ),
    )
}

/// Reads one key or a list of keys, each with its place.
fn keys(action: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<(Key, usize)>, TextFault> {
    match value.get_ref() {
        DeValue::String(name) => Ok(vec![(key(name, value)?, value.span().start)]),
        DeValue::Array(names) => names
            .iter()
            .map(|value| match value.get_ref() {
                DeValue::String(name) => Ok((key(name, value)?, value.span().start)),
                _ => Err(wants_keys(action, value)),
            })
            .collect(),
        _ => Err(wants_keys(action, value)),
    }
}

fn wants_keys(action: &str, value: &Spanned<DeValue<'_>>) -> TextFault {
    TextFault::new(
        value.span().start,
        format!(
            "invalid value of {action}: expected a key or a list of keys, \"F2\" or [\"F2\", \"e\"]"
        ),
    )
}

fn key(name: &str, value: &Spanned<DeValue<'_>>) -> Result<Key, TextFault> {
    let at = value.span().start;
    let mut characters = name.chars();
    if let (Some(c), None) = (characters.next(), characters.next())
        && !c.is_control()
        && crate::sys::text::width(name) > 0
        && !NAMED.iter().any(|(known, _)| known == &name)
    {
        return Ok(Key::Char(c));
    }
    let small = name.to_lowercase();
    if let Some((_, key)) = NAMED.iter().find(|(known, _)| *known == small) {
        return Ok(*key);
    }
    if let Some(number) = small.strip_prefix('f').and_then(|n| n.parse::<u8>().ok())
        && (1..=12).contains(&number)
    {
        return Ok(Key::F(number));
    }
    if let Some(letter) = small.strip_prefix("ctrl-")
        && let [letter @ b'a'..=b'z'] = *letter.as_bytes()
    {
        // A terminal sends the bytes of another key for these.
        return match letter {
            b'h' => Err(TextFault::new(
                at,
                "a terminal sends Ctrl-H as Backspace: use \"backspace\"",
            )),
            b'i' => Err(TextFault::new(
                at,
                "a terminal sends Ctrl-I as Tab: use \"tab\"",
            )),
            b'j' | b'm' => Err(TextFault::new(
                at,
                format!(
                    "a terminal sends Ctrl-{} as Enter: use \"enter\"",
                    char::from(letter.to_ascii_uppercase())
                ),
            )),
            letter => Ok(Key::Ctrl(char::from(letter))),
        };
    }
    let near = nearest(
        &small,
        NAMED.iter().map(|(name, _)| *name).chain(["F1", "Ctrl-A"]),
    );
    let name = quoted(name);
    Err(TextFault::new(
        at,
        format!(
            "unknown key {name}: expected one character, F1 to F12, Ctrl- and a letter, or a name; did you mean \"{near}\"?"
        ),
    ))
}
