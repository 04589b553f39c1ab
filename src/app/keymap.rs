//! Which key does what. Help and footer are made from this table, so that they cannot differ from
//! what the keys do.

mod table;

use super::event::Key;
use super::order::SortKey;
pub use table::KEYMAP;

/// What a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Toggle,
    Undo,
    Tag,
    UntagAll,
    SignalMenu,
    Scheduler,
    Search,
    SearchNext,
    SearchPrevious,
    Filter,
    SortMenu,
    SortBy(SortKey),
    Invert,
    Tree,
    Fold,
    Unfold,
    KernelThreads,
    UserMenu,
    Follow,
    Pause,
    Lanes,
    Waits,
    Shorter,
    Longer,
    Help,
    Suspend,
    Redraw,
    Quit,
}

/// Where the help lists a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Queues,
    List,
    View,
    Program,
}

impl Group {
    pub const ALL: [Self; 4] = [Self::Queues, Self::List, Self::View, Self::Program];

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Queues => "Queues and scheduler",
            Self::List => "Finding a process",
            Self::View => "The list",
            Self::Program => "Program",
        }
    }
}

/// One line of the keymap.
#[derive(Debug)]
pub struct Binding {
    /// The first is the one that the footer names.
    pub keys: &'static [Key],
    pub action: Action,
    pub group: Group,
    /// The sentence in the help. Neighbours with the same one share a line there.
    pub help: &'static str,
    /// The word in the footer, for the keys that belong there, with its rank: where there is no
    /// room, the highest number goes first.
    pub footer: Option<(u8, &'static str)>,
}

/// The action of a key in the list.
#[must_use]
pub fn action(key: Key) -> Option<Action> {
    KEYMAP
        .iter()
        .find(|binding| binding.keys.contains(&key))
        .map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut seen = HashSet::new();
        for key in KEYMAP.iter().flat_map(|binding| binding.keys) {
            assert!(seen.insert(*key), "{key:?} is bound twice");
        }
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
