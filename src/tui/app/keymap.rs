//! The keys and their actions. The help, the footer and docs/DASHBOARD.md are generated from this table, so that
//! they cannot differ from it.
//! It may import: `tui::app`.
//! It must never know: what an action does.

mod action;
mod table;

use super::key::Key;
pub use action::{Action, Binding, Group};
pub use table::KEYMAP;

/// The keys in force: those of the table, unless the settings say otherwise.
#[derive(Debug, Clone)]
pub struct Keymap {
    lines: Vec<BoundKeys>,
}

/// One line of the table with the keys that it has now.
#[derive(Debug, Clone)]
pub struct BoundKeys {
    /// The first is the one that the footer names.
    pub keys: Vec<Key>,
    /// Its line of the table as it comes with the program.
    pub binding: &'static Binding,
}

impl Default for Keymap {
    fn default() -> Self {
        let line = |binding: &'static Binding| BoundKeys {
            keys: binding.keys.to_vec(),
            binding,
        };
        Self {
            lines: KEYMAP.iter().map(line).collect(),
        }
    }
}

impl Keymap {
    /// Returns all lines, in the order of the help.
    #[must_use]
    pub fn lines(&self) -> &[BoundKeys] {
        &self.lines
    }

    /// The action of a key in the list.
    #[must_use]
    pub fn action(&self, key: Key) -> Option<Action> {
        self.lines
            .iter()
            .find(|line| line.keys.contains(&key))
            .map(|line| line.binding.action)
    }

    /// Gives an action other keys than it has in the table.
    pub fn rebind(&mut self, action: Action, keys: Vec<Key>) {
        for line in &mut self.lines {
            if line.binding.action == action {
                line.keys = keys;
                return;
            }
        }
    }

    /// Returns the name of an action's key, for a sentence.
    #[must_use]
    pub fn key(&self, action: Action) -> String {
        self.lines
            .iter()
            .find(|line| line.binding.action == action)
            .and_then(|line| line.keys.first())
            .map_or_else(
                || format!("({}, which is not bound)", action.name()),
                |key| key.name(),
            )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::tui::app::order::SortKey;

    #[test]
    fn no_key_means_two_things() {
        let mut seen = HashSet::new();
        for key in KEYMAP.iter().flat_map(|binding| binding.keys) {
            assert!(seen.insert(*key), "{key:?} is bound twice");
        }
    }

    #[test]
    fn every_action_has_a_name_of_its_own_for_the_settings() {
        assert_eq!(Action::SortMenu.name(), "sort-menu");
        assert_eq!(Action::SortBy(SortKey::Cpu).name(), "sort-by-cpu");
        let names: HashSet<_> = KEYMAP.iter().map(|binding| binding.action.name()).collect();
        assert_eq!(names.len(), KEYMAP.len());
    }

    #[test]
    fn every_binding_has_a_key_and_a_sentence() {
        for binding in KEYMAP {
            assert!(
                !binding.keys.is_empty() && !binding.help.is_empty(),
                "{binding:?}"
            );
        }
    }
}
