//! Which key does what. Help and footer are made from this table, so that they cannot differ from
//! what the keys do.

use super::event::Key;

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
    Scheduler,
    Search,
    SearchNext,
    SearchPrevious,
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
    Program,
}

impl Group {
    pub const ALL: [Self; 3] = [Self::Queues, Self::List, Self::Program];

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Queues => "Queues and scheduler",
            Self::List => "Processes",
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

const fn bind(
    keys: &'static [Key],
    action: Action,
    group: Group,
    help: &'static str,
    footer: Option<(u8, &'static str)>,
) -> Binding {
    Binding {
        keys,
        action,
        group,
        help,
        footer,
    }
}

/// The keys of the process list, in the order of the help and of the footer.
pub const KEYMAP: &[Binding] = &[
    bind(
        &[Key::Char(' ')],
        Action::Toggle,
        Group::Queues,
        "move the process to PRIORITY or BATCH (htop tags here)",
        Some((0, "PRIORITY/BATCH")),
    ),
    bind(
        &[Key::Char('x')],
        Action::Scheduler,
        Group::Queues,
        "hand the machine to the kernel default, or to dualq",
        Some((1, "attach/detach")),
    ),
    bind(
        &[Key::Up],
        Action::Up,
        Group::List,
        "one process up, down",
        None,
    ),
    bind(
        &[Key::Down],
        Action::Down,
        Group::List,
        "one process up, down",
        None,
    ),
    bind(
        &[Key::PageUp],
        Action::PageUp,
        Group::List,
        "one page up, down",
        None,
    ),
    bind(
        &[Key::PageDown],
        Action::PageDown,
        Group::List,
        "one page up, down",
        None,
    ),
    bind(
        &[Key::Home],
        Action::First,
        Group::List,
        "the first, the last process",
        None,
    ),
    bind(
        &[Key::End],
        Action::Last,
        Group::List,
        "the first, the last process",
        None,
    ),
    bind(
        &[Key::Char('/'), Key::F(3)],
        Action::Search,
        Group::List,
        "search commands, names, ids; Enter stays, Esc goes back",
        Some((2, "search")),
    ),
    bind(
        &[Key::Char('n')],
        Action::SearchNext,
        Group::List,
        "the next, the previous match",
        None,
    ),
    bind(
        &[Key::Char('N')],
        Action::SearchPrevious,
        Group::List,
        "the next, the previous match",
        None,
    ),
    bind(
        &[Key::Char('?'), Key::F(1), Key::Char('h')],
        Action::Help,
        Group::Program,
        "this help",
        Some((3, "help")),
    ),
    bind(
        &[Key::Ctrl('l')],
        Action::Redraw,
        Group::Program,
        "draw the screen anew",
        None,
    ),
    bind(
        &[Key::Ctrl('z')],
        Action::Suspend,
        Group::Program,
        "to the shell; the scheduler goes on, fg comes back",
        None,
    ),
    bind(
        &[Key::Char('q'), Key::F(10), Key::Ctrl('c')],
        Action::Quit,
        Group::Program,
        "quit; what was attached here is detached",
        Some((4, "quit")),
    ),
];

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
