//! One rule, as its file has it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::model::Queue;
use crate::sys::text::scrub;

/// The field that a condition reads, ordered by its cost, the cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Field {
    /// The kernel's name of the process (`comm`), 15 bytes at most.
    Name,
    /// The effective user's name, or the number where it has none.
    User,
    /// The parent's name.
    Parent,
    /// The file that it runs, as `/proc/PID/exe` has it.
    Executable,
    /// The command line, its arguments separated by single spaces.
    Command,
    /// The systemd unit: the innermost part of the cgroup's path that is one.
    Unit,
    /// The cgroup's path below `/sys/fs/cgroup`, with a slash at its start.
    Cgroup,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::User,
        Self::Parent,
        Self::Executable,
        Self::Command,
        Self::Unit,
        Self::Cgroup,
    ];

    /// The key in the file.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::User => "user",
            Self::Parent => "parent",
            Self::Executable => "executable",
            Self::Command => "command",
            Self::Unit => "unit",
            Self::Cgroup => "cgroup",
        }
    }
}

/// The place of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = scrub(self.file.as_os_str().as_encoded_bytes());
        write!(f, "{file}:{}", self.line)
    }
}

/// All its conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The file and the line.
    pub place: Place,
    /// Each a field and a regular expression, by cost.
    pub conditions: Vec<(Field, String)>,
    /// The queue of what it matches.
    pub queue: Queue,
    /// Future children become members too.
    pub children: bool,
    /// The level of the members; `None` leaves a member's as it is.
    pub level: Option<u8>,
}

impl Rule {
    /// Returns the effect of the rule, such as `PRIORITY, level 200, with children`.
    #[must_use]
    pub fn effect(&self) -> String {
        let with = if self.children { ", with children" } else { "" };
        let on = self.level.map(|level| format!(", level {level}"));
        format!("{}{}{with}", self.queue.name(), on.unwrap_or_default())
    }

    /// Its conditions, as in `name = "^make$", user = "ana"`.
    #[must_use]
    pub fn when(&self) -> String {
        let condition = |(field, pattern): &(Field, String)| {
            format!("{} = \"{}\"", field.key(), scrub(pattern.as_bytes()))
        };
        let conditions: Vec<String> = self.conditions.iter().map(condition).collect();
        conditions.join(", ")
    }
}
