//! Options that several commands share.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::model::Tunable;

/// The option that records a session.
#[derive(Debug, Clone, Default, Args)]
pub struct RecordOptions {
    /// Record the session (all that is measured, and the keys pressed) to this new file, for `dualq-top replay`
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// The options for the dashboard's appearance.
#[derive(Debug, Clone, Copy, Args)]
pub struct Look {
    /// Colours for a dark or a light background, or none [default: dark, or mono if NO_COLOR is set]
    #[arg(long, global = true, value_enum)]
    pub theme: Option<ThemeName>,

    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
}

/// The colour themes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    /// For a dark background
    Dark,
    /// For a light background
    Light,
    /// Without colours
    Mono,
}

/// The short forms of four commands.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Short {
    /// Short for `add PID`
    #[arg(short = 'a', value_name = "PID", allow_negative_numbers = true)]
    pub add: Option<String>,

    /// Short for `remove PID`
    #[arg(short = 'r', value_name = "PID", allow_negative_numbers = true)]
    pub remove: Option<String>,

    /// Short for `list`
    #[arg(short = 'l')]
    pub list: bool,

    /// Short for `stats`
    #[arg(short = 's')]
    pub stats: bool,
}

/// Selects processes by id, by name, or both.
#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// Process ids
    #[arg(
        required_unless_present = "name",
        value_name = "PID",
        allow_negative_numbers = true
    )]
    pub pids: Vec<String>,

    /// Select all processes whose name matches this regular expression (^NAME$ for exactly NAME)
    #[arg(long, value_name = "PATTERN")]
    pub name: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct RulesFile {
    /// Read the rules from this file instead of /etc/dualq/rules.toml and /etc/dualq/rules.d/*.toml
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
}

/// The order of tasks within a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum QueueOrder {
    /// By virtual time, weighted by nice value; a task that has had less CPU time may preempt
    #[default]
    Fair,
    /// First come, first served; nice values are ignored
    Fifo,
}

/// Returns the values that the option of a tunable takes.
fn range(tunable: Tunable) -> RangeInclusive<i64> {
    let range = tunable.range();
    i64::from(*range.start())..=i64::from(*range.end())
}

#[derive(Debug, Clone, Copy, Args)]
pub struct SchedulerOptions {
    /// Order of tasks within BATCH
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub batch_order: QueueOrder,

    /// Order of tasks within PRIORITY
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub priority_order: QueueOrder,

    /// Share of CPU time, in percent (0 to 50), that BATCH keeps on a CPU that both queues want; 0 is strict priority
    #[arg(long, value_name = "PERCENT", default_value_t = 10, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(range(Tunable::BatchGuarantee)))]
    pub batch_guarantee: u8,

    /// Do not measure how long tasks wait; the dashboard's key `w` turns measuring on and off
    #[arg(long)]
    pub no_waits: bool,

    /// Keep the scheduler attached after this program exits, until `dualq-top detach`
    #[arg(long)]
    pub stay: bool,

    /// Do not attach if any cgroup has a CPU limit or weight (cpu.max, cpu.weight, cpu.idle): they do not hold while attached
    #[arg(long)]
    pub refuse_limits: bool,

    /// Longest time slice of a PRIORITY task, 1 to 100 ms, in whole kernel ticks; shorter while many tasks wait
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 20, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(range(Tunable::PrioritySlice)))]
    pub priority_slice: u8,

    /// Longest time slice of a BATCH task, 1 to 100 ms, in whole kernel ticks
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 4, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(range(Tunable::BatchSlice)))]
    pub batch_slice: u8,

    /// Part of BATCH's CPU time, in percent (0 to 50), that is forgiven to tasks that sleep between their work
    #[arg(long, value_name = "PERCENT", default_value_t = 33, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(range(Tunable::SleeperCredit)))]
    pub sleeper_credit: u8,

    /// Time for which a BATCH task that sleeps now and then is not preempted by BATCH, 0 to 10000 µs
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 700, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(range(Tunable::Protection)))]
    pub protection: u16,

    /// Maximum number of processes in PRIORITY, 1 to 1000000
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_members: u32,

    /// The kernel ejects the scheduler if a runnable task waits longer than this many seconds, 1 to 30
    #[arg(long, value_name = "SECONDS", default_value_t = 30, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=30))]
    pub watchdog: u8,
}
