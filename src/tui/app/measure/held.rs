//! Collects what arrives while the screen is paused.

use std::collections::VecDeque;
use std::time::Duration;

use super::history::CAPACITY;
use super::rates::{Measured, Tick};
use crate::model::Snapshot;

/// The values that arrived while the screen was paused.
#[derive(Debug, Default)]
pub struct Held {
    /// For the charts, so that they have no gap afterwards.
    pub passed: VecDeque<Passed>,
    /// The newest snapshot with its rates, for the other panels.
    pub newest: Option<(Box<Snapshot>, Measured)>,
}

/// The values that the charts missed.
#[derive(Debug)]
pub enum Passed {
    /// A tick of this length; `None` if its rates are unknown.
    Time(Duration, Option<Tick>),
    /// A mark with its label.
    Mark(String),
}

impl Held {
    /// Keeps one more thing for the charts, in place of the oldest where there are too many.
    pub fn keep(&mut self, passed: Passed) {
        if self.passed.len() == CAPACITY {
            self.passed.pop_front();
        }
        self.passed.push_back(passed);
    }

    /// Takes in one more snapshot that is not shown yet.
    pub fn hold(&mut self, snapshot: Box<Snapshot>, measured: Measured) {
        if let Some(elapsed) = measured.elapsed {
            self.keep(Passed::Time(elapsed, measured.tick.as_ref().ok().cloned()));
        }
        self.newest = Some((snapshot, measured));
    }

    /// Applies a move to the waiting snapshot.
    pub fn waiting(&mut self) -> Option<&mut Snapshot> {
        self.newest.as_mut().map(|(snapshot, _)| &mut **snapshot)
    }
}
