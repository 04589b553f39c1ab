//! Keys and the mouse, as the keymap names them.

use serde::{Deserialize, Serialize};

use super::order::SortKey;

/// A key, as the keymap names it.
#[allow(missing_docs)] // each is named for the key
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    Char(char),
    Ctrl(char),
    F(u8),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Esc,
    Backspace,
    Delete,
    Tab,
    BackTab,
}

impl Key {
    /// The name on screen.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Char(' ') => "space".into(),
            Self::Char(c) => c.into(),
            Self::Ctrl(c) => format!("Ctrl-{}", c.to_ascii_uppercase()),
            Self::F(n) => format!("F{n}"),
            Self::Up => "↑".into(),
            Self::Down => "↓".into(),
            Self::Left => "←".into(),
            Self::Right => "→".into(),
            Self::PageUp => "PgUp".into(),
            Self::PageDown => "PgDn".into(),
            other => format!("{other:?}"),
        }
    }
}

/// A mouse action and its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// The action.
    pub action: MouseAction,
    /// The column of the cell, from 0.
    pub column: u16,
    /// The row of the cell, from 0.
    pub row: u16,
}

/// An action of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseAction {
    /// The left button was pressed.
    Click,
    /// The wheel was turned away from the user.
    ScrollUp,
    /// The wheel was turned towards the user.
    ScrollDown,
}

/// The target of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseTarget {
    /// A row of the list, counted from the first in view.
    ListRow(usize),
    /// The heading of a column.
    Column(SortKey),
    /// A choice of the menu.
    MenuItem(usize),
    /// Nothing that a click changes.
    Elsewhere,
}
