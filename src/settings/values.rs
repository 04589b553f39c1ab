//! The settings.

use crate::cli::{QueueOrder, ThemeName};
use crate::tui::app::preferences::Preferences;

/// The settings of the file; `None` for those that it does not have.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The colour theme.
    pub theme: Option<ThemeName>,
    /// True to draw with ASCII characters only.
    pub ascii: Option<bool>,
    /// The guarantee of BATCH, in percent (0 to 50).
    pub batch_guarantee: Option<u8>,
    /// The order of tasks within BATCH.
    pub batch_order: Option<QueueOrder>,
    /// The watchdog's limit, in seconds (1 to 30).
    pub watchdog: Option<u8>,
    /// The settings of the dashboard.
    pub preferences: Preferences,
}
