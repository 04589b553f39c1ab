//! Figures from snapshots: rates, the history for the charts, waits, deadlines, before and after.
//! It may import: `model`.
//! It must never know: `App`, a key, a command, the screen.

pub mod activity;
pub mod before_after;
pub mod deadlines;
pub mod held;
pub mod history;
pub mod inspection;
pub mod rates;
pub mod waits;
