//! The list of processes: which one the cursor is on, which rows are in view.

use super::order::{ListOptions, ListRow};
use crate::model::{Process, ProcessId};

/// The rows and the place of the cursor. It holds ids, never rows: the list may
/// re-sort under the cursor, the cursor stays on its process.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The user's choice of the processes to list.
    pub options: ListOptions,
    order: Vec<ListRow>,
    cursor: Option<ProcessId>,
    /// The row of the cursor.
    row: usize,
    /// Whether the user has put the cursor where it is. Until then it keeps to the rows in view,
    /// so that the busiest processes are what a first look sees.
    chosen: bool,
    /// Whether the cursor's row is kept in the middle, until the cursor is moved.
    following: bool,
    /// Whether the order was by something measured.
    ranked: bool,
    /// The first row in view.
    offset: usize,
    /// Rows in view, as the screen says.
    height: usize,
}

/// A movement of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// By this many rows, downwards if positive.
    By(isize),
    /// By this many pages, downwards if positive.
    Pages(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

impl List {
    /// Sorts again, and finds the selected process again.
    pub fn update(
        &mut self,
        processes: &[Process],
        percent: &[Option<f32>],
        waits: &[Option<u64>],
    ) {
        self.order = self.options.arrange(processes, percent, waits);
        let found = self.find_row(processes);
        match found {
            Some(row) => self.row = row,
            None => {
                self.following = false;
                self.put(self.row, processes);
            }
        }
        if !self.chosen {
            // Nobody chose this process: stay at the top rather than follow it down. Before CPU
            // times are known the order means nothing.
            self.offset = 0;
            if self.row >= self.height || !self.ranked {
                self.put(0, processes);
            }
        }
        self.ranked = percent.iter().any(Option::is_some);
        self.scroll();
    }

    fn find_row(&self, processes: &[Process]) -> Option<usize> {
        let cursor = self.cursor?;
        self.order.iter().position(|line| {
            processes
                .get(line.index)
                .is_some_and(|process| process.id == cursor)
        })
    }

    /// Puts the cursor on a row, or on the last one.
    fn put(&mut self, row: usize, processes: &[Process]) {
        self.row = row.min(self.order.len().saturating_sub(1));
        self.cursor = self
            .order
            .get(self.row)
            .and_then(|line| processes.get(line.index))
            .map(|process| process.id);
    }

    /// Moves the cursor.
    pub fn go(&mut self, motion: Motion, processes: &[Process]) {
        self.following = false;
        self.chosen = true;
        let page = isize::try_from(self.height.max(1)).unwrap_or(1);
        let row = match motion {
            Motion::By(rows) => self.row.saturating_add_signed(rows),
            Motion::Pages(pages) => self.row.saturating_add_signed(pages.saturating_mul(page)),
            Motion::First => 0,
            Motion::Last => usize::MAX,
        };
        self.put(row, processes);
        self.scroll();
    }

    /// Puts the cursor on the row that is `line` rows below the first in view.
    pub fn click(&mut self, line: usize, processes: &[Process]) {
        if line < self.height && self.offset + line < self.order.len() {
            self.chosen = true;
            self.following = false;
            self.put(self.offset + line, processes);
        }
    }

    /// Puts the cursor on a process, if it is in the list.
    pub fn select(&mut self, id: ProcessId, processes: &[Process]) {
        let before = self.cursor.replace(id);
        if let Some(row) = self.find_row(processes) {
            self.row = row;
            self.chosen = true;
            self.scroll();
        } else {
            self.cursor = before;
        }
    }

    /// Starts or stops keeping the cursor's row in the middle.
    pub fn follow(&mut self, follow: bool) {
        self.chosen = true;
        self.following = follow;
        self.scroll();
    }

    /// Returns whether the cursor's row is kept in the middle.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.following
    }

    /// Acting on a process is choosing it.
    pub fn choose(&mut self) {
        self.chosen = true;
    }

    /// The next match from the cursor's row on, round the end; `skip` leaves out that row itself.
    pub fn find(
        &self,
        processes: &[Process],
        skip: bool,
        backwards: bool,
        matches: impl Fn(&Process) -> bool,
    ) -> Option<ProcessId> {
        let rows = self.order.len();
        (usize::from(skip)..rows + usize::from(skip))
            .map(|step| {
                if backwards {
                    (self.row + 2 * rows - step) % rows
                } else {
                    (self.row + step) % rows
                }
            })
            .filter_map(|row| processes.get(self.order.get(row)?.index))
            .find(|process| matches(process))
            .map(|process| process.id)
    }

    /// Says how many rows the screen has for the list.
    pub fn set_height(&mut self, height: usize) {
        self.height = height;
        self.scroll();
    }

    /// The least scrolling that brings the cursor into view and leaves no row empty.
    fn scroll(&mut self) {
        let height = self.height.max(1);
        if self.following {
            self.offset = self.row.saturating_sub(height / 2);
        }
        self.offset = self
            .offset
            .min(self.row)
            .max((self.row + 1).saturating_sub(height))
            .min(self.order.len().saturating_sub(height));
    }

    /// Returns the process under the cursor; `None` in an empty list.
    #[must_use]
    pub fn cursor(&self) -> Option<ProcessId> {
        self.cursor
    }

    /// The row that the cursor is on.
    #[must_use]
    pub fn under_cursor(&self) -> Option<ListRow> {
        self.order.get(self.row).copied()
    }

    /// Returns the row of the cursor, from 0.
    #[must_use]
    pub fn row(&self) -> usize {
        self.row
    }

    /// Returns the first row in view, from 0.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Whether the user has put the cursor where it is.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        self.chosen
    }

    /// The rows in view.
    pub fn in_view(&self) -> impl Iterator<Item = ListRow> + '_ {
        self.order
            .iter()
            .skip(self.offset)
            .take(self.height)
            .copied()
    }
}
