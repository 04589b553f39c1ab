//! The actions of the keys, and what the table says of each.

use crate::tui::app::key::Key;
use crate::tui::app::order::SortKey;

/// An action of a key; the keymap's table describes each.
#[allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Toggle,
    Children,
    Undo,
    Card,
    Tag,
    UntagAll,
    SignalMenu,
    Scheduler,
    Demo,
    Talk,
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
    Threads,
    KernelThreads,
    UserMenu,
    Follow,
    Pause,
    Step,
    StepBack,
    Lanes,
    Waits,
    LevelUp,
    LevelDown,
    GuaranteeDown,
    GuaranteeUp,
    Shorter,
    Longer,
    Report,
    Inspect,
    Changes,
    Trace,
    Help,
    Suspend,
    Redraw,
    Quit,
}

/// A section of the help; [`Self::title`] names each.
#[allow(missing_docs)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Queues,
    List,
    View,
    Program,
}

impl Group {
    /// All sections, in the order of the help.
    pub const ALL: [Self; 4] = [Self::Queues, Self::List, Self::View, Self::Program];

    /// Returns the heading in the help.
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
    /// The action of its keys.
    pub action: Action,
    /// The section of the help that it belongs to.
    pub group: Group,
    /// The sentence in the help. Neighbours with the same one share a line there.
    pub help: &'static str,
    /// The word in the footer, for the keys that belong there, with its rank: where there is no
    /// room, the highest number goes first.
    pub footer: Option<(u8, &'static str)>,
}

impl Action {
    /// The name in the settings: `sort-menu`, `sort-by-cpu`.
    #[must_use]
    pub fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}")
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == '(')
        {
            match c {
                '(' => {}
                c if c.is_uppercase() && !name.is_empty() => {
                    name.push('-');
                    name.extend(c.to_lowercase());
                }
                c => name.extend(c.to_lowercase()),
            }
        }
        name
    }
}
