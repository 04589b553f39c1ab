//! The CPU use of each process in the last few ticks, for the small chart beside its percentage.

use std::collections::HashMap;

use crate::model::{Process, ProcessId};

/// Looks that are kept.
pub const LOOKS: usize = 20;

/// Eighths of one CPU at each look, 0 to 8, the newest last.
pub type Levels = [u8; LOOKS];

/// Those of all processes that used a CPU lately; all others used none.
#[derive(Debug, Default)]
pub struct Activity {
    levels: HashMap<ProcessId, Levels>,
}

impl Activity {
    /// Takes in a look. `percent` is of one CPU, in the order of `processes`.
    pub fn push(&mut self, processes: &[Process], percent: &[Option<f32>]) {
        let before = std::mem::take(&mut self.levels);
        for (process, percent) in processes.iter().zip(percent) {
            let level = level(percent.unwrap_or_default());
            let known = before.get(&process.id).copied();
            if level == 0 && known.is_none() {
                continue;
            }
            let mut levels = known.unwrap_or_default();
            levels.rotate_left(1);
            levels[LOOKS - 1] = level;
            if levels != [0; LOOKS] {
                self.levels.insert(process.id, levels);
            }
        }
    }

    /// Returns a process's last levels, the oldest first.
    #[must_use]
    pub fn of(&self, id: ProcessId) -> Levels {
        self.levels.get(&id).copied().unwrap_or_default()
    }
}

/// Returns the level of a percentage. Any use above 0 is visible.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn level(percent: f32) -> u8 {
    if percent < 0.5 {
        0
    } else {
        (percent.min(100.0) * 0.08).ceil() as u8
    }
}
