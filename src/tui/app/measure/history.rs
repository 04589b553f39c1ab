//! The last minutes, a slot a second, in a ring of fixed size.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::rates::{Pair, Rates, Tick};

/// Slots kept: ten minutes.
pub const CAPACITY: usize = 600;
/// Marks kept; older ones have left the charts long before.
const MARKS: usize = 64;

/// One second. `None` where nothing could be counted.
#[derive(Debug, Clone)]
struct Slot(Option<Arc<Tick>>);

/// Something the user did, at its place in the charts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    slot: u64,
    /// The text beside the mark.
    pub label: String,
}

/// The ring. A sample that took longer than a second fills as many slots as it took, so that the
/// charts' time runs evenly.
#[derive(Debug, Default)]
pub struct History {
    slots: VecDeque<Slot>,
    /// Slots since the beginning, those that have left included.
    pushed: u64,
    elapsed: Duration,
    marks: VecDeque<Mark>,
    /// Marks since the beginning.
    marked: u64,
}

impl History {
    /// Adds what was measured over `elapsed`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn push(&mut self, elapsed: Duration, tick: Option<&Tick>) {
        self.elapsed += elapsed;
        // Rounded, so that a tick that is a little early or late still gets a slot of its own.
        let due = self.elapsed.as_secs_f64().round() as u64;
        let count = due.saturating_sub(self.pushed);
        let tick = tick.cloned().map(Arc::new);
        if count == 0 {
            // Faster than the slots: the newest reading counts.
            if let (Some(last), Some(_)) = (self.slots.back_mut(), &tick) {
                last.0 = tick;
            }
            return;
        }
        for _ in 0..count.min(CAPACITY as u64) {
            if self.slots.len() == CAPACITY {
                self.slots.pop_front();
            }
            self.slots.push_back(Slot(tick.clone()));
        }
        self.pushed = due;
    }

    /// Marks the present.
    pub fn mark(&mut self, label: String) {
        if self.marks.len() == MARKS {
            self.marks.pop_front();
        }
        self.marked += 1;
        // What was done shows in the slot to come.
        self.marks.push_back(Mark {
            slot: self.pushed,
            label,
        });
    }

    /// Returns the place in time alone, without slots and marks.
    #[must_use]
    pub fn place(&self) -> Self {
        Self {
            pushed: self.pushed,
            elapsed: self.elapsed,
            marked: self.marked,
            ..Self::default()
        }
    }

    /// Returns this history as it was at the place of an earlier one.
    #[must_use]
    pub fn until(&self, earlier: &Self) -> Self {
        let after = |now: u64, then: u64| usize::try_from(now.saturating_sub(then));
        let slots = after(self.pushed, earlier.pushed).unwrap_or(usize::MAX);
        let marks = after(self.marked, earlier.marked).unwrap_or(usize::MAX);
        let (slots, marks) = (
            self.slots.len().saturating_sub(slots),
            self.marks.len().saturating_sub(marks),
        );
        Self {
            slots: self.slots.iter().take(slots).cloned().collect(),
            marks: self.marks.iter().take(marks).cloned().collect(),
            ..earlier.place()
        }
    }

    /// The newest `width` columns of `per_column` slots each, the newest right; a column is the
    /// mean of what was counted in it.
    ///
    /// Columns begin at multiples of `per_column`, so that they do not change as they move left.
    pub fn columns(
        &self,
        width: usize,
        per_column: usize,
        pick: impl Fn(&Tick) -> Option<Pair>,
    ) -> Vec<Option<Pair>> {
        let mut columns = vec![(Pair::default(), 0_u16); width];
        for (index, slot) in self.slots.iter().rev().enumerate() {
            let Some(column) = self.column(index as u64, width, per_column) else {
                break;
            };
            if let (Some(pair), Some(cell)) = (
                slot.0.as_deref().and_then(&pick),
                columns.get_mut(usize::from(column)),
            ) {
                *cell = (cell.0 + pair, cell.1 + 1);
            }
        }
        columns
            .into_iter()
            .map(|(sum, count)| (count > 0).then(|| sum * (1.0 / f32::from(count))))
            .collect()
    }

    /// The marks within the columns of [`Self::columns`], oldest first.
    #[must_use]
    pub fn marks(&self, width: usize, per_column: usize) -> Vec<(u16, &Mark)> {
        self.marks
            .iter()
            .filter_map(|mark| {
                let age = self.pushed.saturating_sub(1).saturating_sub(mark.slot);
                Some((self.column(age, width, per_column)?, mark))
            })
            .collect()
    }

    /// Returns which of `width` columns shows the slot that is `age` slots old.
    #[allow(clippy::cast_possible_truncation)]
    fn column(&self, age: u64, width: usize, per_column: usize) -> Option<u16> {
        let newest = self.pushed.checked_sub(1)?;
        let per_column = per_column.max(1) as u64;
        let back = newest / per_column - newest.checked_sub(age)? / per_column;
        (width as u64)
            .checked_sub(1 + back)
            .map(|column| column as u16)
    }

    /// The mean over the newest `slots` slots.
    pub fn mean(&self, slots: usize, pick: impl Fn(&Rates) -> Pair) -> Option<Pair> {
        let mut sum = Pair::default();
        let mut count = 0_u16;
        for tick in self
            .slots
            .iter()
            .rev()
            .take(slots)
            .filter_map(|s| s.0.as_deref())
        {
            sum = sum + pick(&tick.total);
            count += 1;
        }
        (count > 0).then(|| sum * (1.0 / f32::from(count)))
    }

    /// Returns the number of slots.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns whether there are no slots.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}
