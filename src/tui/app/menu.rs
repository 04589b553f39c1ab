//! A list of choices over the screen: one of them is taken, or none.

use super::key::Key;
use super::keymap::Action;
use super::order::SortKey;
use crate::model::ProcessId;

/// The choices of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choices {
    Sort(Vec<SortKey>),
    /// `None` stands for all.
    User(Vec<Option<String>>),
    /// To whom, and how they are called.
    Signal(Vec<ProcessId>, String),
    /// Each change's process, if it has one.
    Changes(Vec<Option<ProcessId>>),
}

/// A menu, and the row that is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// The heading.
    pub title: String,
    /// The rows.
    pub items: Vec<String>,
    /// The index of the row that Enter takes, from 0.
    pub row: usize,
    pub(super) choices: Choices,
}

/// The effect of a key on a menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Stay,
    Take,
    Leave,
}

impl Menu {
    /// `action` is what the key does in the list.
    pub(super) fn key(&mut self, key: Key, action: Option<Action>) -> Answer {
        let last = self.items.len().saturating_sub(1);
        match (key, action) {
            (Key::Enter, _) => return Answer::Take,
            (Key::Esc, _) => return Answer::Leave,
            (_, Some(Action::Up)) => self.row = self.row.saturating_sub(1),
            (_, Some(Action::Down)) => self.row = (self.row + 1).min(last),
            (_, Some(Action::PageUp)) => self.row = self.row.saturating_sub(10),
            (_, Some(Action::PageDown)) => self.row = (self.row + 10).min(last),
            (_, Some(Action::First)) => self.row = 0,
            (_, Some(Action::Last)) => self.row = last,
            (Key::Char(c), _) => self.jump(c),
            _ => {}
        }
        Answer::Stay
    }

    /// To the next choice that begins with a letter.
    fn jump(&mut self, letter: char) {
        let begins = |row: &usize| {
            self.items.get(*row).is_some_and(|item| {
                item.trim_start()
                    .chars()
                    .next()
                    .is_some_and(|first| first.to_lowercase().eq(letter.to_lowercase()))
            })
        };
        let rows = (self.row + 1..self.items.len()).chain(0..=self.row);
        if let Some(row) = { rows }.find(begins) {
            self.row = row;
        }
    }
}
