//! The keys of the process list, in the order of the help and of the footer.

use super::{Action, Binding, Group};
use crate::app::event::Key;
use crate::app::order::SortKey;

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
        &[Key::Char('\\'), Key::F(4)],
        Action::Filter,
        Group::View,
        "only what matches; Enter keeps it, Esc shows all",
        Some((4, "filter")),
    ),
    bind(
        &[Key::Char('>'), Key::F(6), Key::Char('<')],
        Action::SortMenu,
        Group::View,
        "sort by a column (or click on its head)",
        Some((5, "sort")),
    ),
    bind(
        &[Key::Char('P')],
        Action::SortBy(SortKey::Cpu),
        Group::View,
        "sort by CPU%, by TIME",
        None,
    ),
    bind(
        &[Key::Char('T')],
        Action::SortBy(SortKey::Time),
        Group::View,
        "sort by CPU%, by TIME",
        None,
    ),
    bind(
        &[Key::Char('I')],
        Action::Invert,
        Group::View,
        "turn the order round (or click again)",
        None,
    ),
    bind(
        &[Key::Char('t'), Key::F(5)],
        Action::Tree,
        Group::View,
        "tree: children below their parents",
        Some((6, "tree")),
    ),
    bind(
        &[Key::Char('-')],
        Action::Fold,
        Group::View,
        "fold, unfold the children in the tree",
        None,
    ),
    bind(
        &[Key::Char('+')],
        Action::Unfold,
        Group::View,
        "fold, unfold the children in the tree",
        None,
    ),
    bind(
        &[Key::Char('u')],
        Action::UserMenu,
        Group::View,
        "only one user's processes",
        None,
    ),
    bind(
        &[Key::Char('K')],
        Action::KernelThreads,
        Group::View,
        "hide, show kernel threads",
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
