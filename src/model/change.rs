use std::fmt;

use serde::{Deserialize, Serialize};

use super::ProcessId;

/// One change of membership or of a tunable, with its cause. The keys are an interface, `log --json`: they stay, and
/// others may come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// In UTC, as in RFC 3339, with milliseconds.
    pub time: String,
    /// The process that was moved; `None` for a change of a tunable.
    pub pid: Option<u32>,
    /// Field 22 of `/proc/PID/stat`; `None` for a process that had ended.
    pub start_ticks: Option<u64>,
    /// Its name (comm), scrubbed; empty if it had ended.
    pub name: String,
    /// The queue that it is in from then on: `PRIORITY` or `BATCH`.
    pub queue: Option<String>,
    /// The tunable, or `scheduler`, and its value from then on: `guarantee 20 %`, `scheduler attached`.
    #[serde(default)]
    pub setting: Option<String>,
    /// Whether its children come too.
    pub children: bool,
    /// The level in PRIORITY that it was given; `None` if it keeps the one that it has.
    #[serde(default)]
    pub level: Option<u8>,
    /// With [`Cause::Parent`]: the process that was chosen with its children.
    #[serde(default)]
    pub through: Option<u32>,
    /// With [`Cause::Parent`]: how many other children of that process came since the entry before.
    #[serde(default)]
    pub others: u32,
    /// The cause of the change.
    pub cause: Cause,
    /// The rule's file and line, if a rule was the cause.
    pub rule: Option<String>,
    /// The process of dualq-top that made the change.
    pub by: u32,
}

/// The cause of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// A key in the dashboard.
    Key,
    /// A command, such as `add`, `remove`, `run`, `set` or `attach`.
    Command,
    /// A rule, at an exec or when the rules were read.
    Rule,
    /// `attach --service`.
    Service,
    /// A parent that was chosen with its children, present or future.
    Parent,
}

impl Change {
    /// Returns the process, if it is known by its start time too.
    #[must_use]
    pub fn id(&self) -> Option<ProcessId> {
        let (pid, start_ticks) = (self.pid?, self.start_ticks?);
        Some(ProcessId { pid, start_ticks })
    }

    /// Returns the time of day, in UTC: `14:02:31`.
    #[must_use]
    pub fn time_of_day(&self) -> &str {
        let clock = self.time.split_once('T').map_or("", |(_, clock)| clock);
        clock.get(..8).unwrap_or(clock)
    }
}

/// Formats it without its time: `ffmpeg (4121) → PRIORITY, with children  (key, process 812)`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(pid) = self.pid {
            let queue = self.queue.as_deref().unwrap_or("?");
            write!(f, "{} ({pid}) → {queue}", self.name)?;
        } else {
            f.write_str(self.setting.as_deref().unwrap_or("?"))?;
        }
        if let Some(level) = self.level {
            write!(f, ", level {level}")?;
        }
        if self.children && self.cause != Cause::Parent {
            f.write_str(", with children")?;
        }
        if self.others > 0 {
            write!(f, ", and {} more", self.others)?;
        }
        match (self.cause, &self.rule) {
            (Cause::Key, _) => f.write_str("  (key")?,
            (Cause::Command, _) => f.write_str("  (command")?,
            (Cause::Service, _) => f.write_str("  (service")?,
            (Cause::Parent, _) => write!(f, "  (through {}", self.through.unwrap_or(0))?,
            (Cause::Rule, Some(rule)) => write!(f, "  (rule {rule}")?,
            (Cause::Rule, None) => f.write_str("  (rule")?,
        }
        write!(f, ", process {})", self.by)
    }
}
