//! The options of single commands.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::options::{RecordOptions, RulesFile, SchedulerOptions};
use crate::demo;

/// The smallest screen that the dashboard can be drawn on, and the largest that is written.
const SIZES: ((u16, u16), (u16, u16)) = ((80, 23), (500, 200));

pub(super) fn size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(columns, rows)| {
        let size: (u16, u16) = (columns.parse().ok()?, rows.parse().ok()?);
        let ((least_columns, least_rows), (most_columns, most_rows)) = SIZES;
        let fits = (least_columns..=most_columns).contains(&size.0)
            && (least_rows..=most_rows).contains(&size.1);
        fits.then_some(size)
    });
    parsed
        .ok_or_else(|| "expected columns and rows, as in 120x40, from 80x23 to 500x200".to_owned())
}

#[derive(Debug, Clone, Args)]
pub struct AttachOptions {
    #[command(flatten)]
    pub rules: RulesFile,

    /// Ignore the rules
    #[arg(long, conflicts_with = "rules")]
    pub no_rules: bool,

    /// Run under a service manager: reload the rules on SIGHUP, prefix lines on stderr with their level, notify NOTIFY_SOCKET
    #[arg(long, conflicts_with = "stay")]
    pub service: bool,

    /// Serve what `stats --openmetrics` prints at http://ADDRESS:PORT/metrics; with a port alone, for this machine only
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "stay", allow_negative_numbers = true, value_parser = listen_address)]
    pub metrics: Option<SocketAddr>,

    #[command(flatten)]
    pub scheduler: SchedulerOptions,
}

/// Parses an address and a port, or a port of this machine alone.
///
/// # Errors
/// A sentence that says what was expected.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let port = text.parse::<u16>().ok();
    port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .or_else(|| text.parse().ok())
        .ok_or_else(|| {
            "expected a port, or an IP address and a port, such as 9824, 127.0.0.1:9824 or [::1]:9824"
                .to_owned()
        })
}

#[derive(Debug, Clone, Subcommand)]
pub enum RulesCommand {
    /// Check the rules for faults
    Check {
        #[command(flatten)]
        rules: RulesFile,
    },
    /// Print which rule matches a process or a command, and why
    Test(TestOptions),
    /// Convert another program's rules
    Import {
        /// The format of the rules
        #[arg(value_enum)]
        format: Import,

        /// The directory with *.rules and *.types
        directory: PathBuf,
    },
}

#[derive(Debug, Clone, Args)]
pub struct TestOptions {
    #[command(flatten)]
    pub rules: RulesFile,

    /// A running process
    #[arg(
        required_unless_present = "command",
        conflicts_with = "command",
        allow_hyphen_values = true
    )]
    pub pid: Option<String>,

    /// A command and its arguments, as if you started it from here
    #[arg(last = true)]
    pub command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Import {
    Ananicy,
}

#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// The queue that the command runs in
    #[arg(long, value_name = "QUEUE", value_enum, default_value_t)]
    pub queue: RunQueue,

    /// Level in PRIORITY, 0 to 255: a member of a higher level goes first [default: 128]
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    pub level: Option<u8>,

    /// Attach the scheduler while the command runs, if dualq is not attached
    #[arg(long)]
    pub attach: bool,

    #[command(flatten)]
    pub scheduler: SchedulerOptions,

    /// Unblock the signals that the owner of the scheduler has blocked
    #[arg(long, hide = true)]
    pub unblock: bool,

    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum RunQueue {
    #[default]
    Priority,
    Batch,
}

#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// Number of processes that never sleep [default: eight per CPU]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=i64::from(demo::MOST_HOGS)))]
    pub hogs: Option<u32>,

    /// CPU time in milliseconds that each of the 60 frames per second takes on each CPU [default: what this machine is found to give, at most 10]
    #[arg(long, value_name = "MS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(demo::MOST_WORK_MS)))]
    pub work: Option<u32>,

    /// End the load after this time
    #[arg(long, value_name = "SECONDS", default_value_t = demo::SECONDS, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(demo::MOST_SECONDS)))]
    pub seconds: u32,

    /// Without the dashboard: print the missed deadlines in BATCH, in PRIORITY and in BATCH again
    #[arg(long)]
    pub headless: bool,

    /// Duration of each of the three phases
    #[arg(long, value_name = "SECONDS", default_value_t = 5, requires = "headless", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub phase: u32,

    /// Measure once under the active scheduler and change nothing; needs no privileges
    #[arg(long, requires = "headless")]
    pub as_is: bool,

    /// Print one JSON object
    #[arg(long, requires = "headless")]
    pub json: bool,

    #[command(flatten)]
    pub record: RecordOptions,

    #[command(flatten)]
    pub scheduler: SchedulerOptions,
}

#[derive(Debug, Clone, Args)]
pub struct BenchOptions {
    /// Make fewer measurements: about five minutes instead of 45
    #[arg(long)]
    pub quick: bool,

    /// Number of repetitions of each measurement [default: 5, with --quick 3]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repetitions: Option<u32>,

    /// Duration of each measurement [default: 5, with --quick 2]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: Option<u32>,

    /// Make only these measurements, e.g. wake-up-8,frame-8 (an unknown name prints all names); as a
    /// cross-check also hackbench, cyclictest, perf-messaging, perf-pipe, stress-ng
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Measure another sched_ext scheduler as well: the command that attaches it until interrupted; can be repeated
    #[arg(long, value_name = "COMMAND")]
    pub peer: Vec<String>,

    /// Keep the wait instrument on, as the dashboard does; the figures then include its cost
    #[arg(long)]
    pub waits: bool,

    /// Write the report to a new folder, named after the time, in this one
    #[arg(long, value_name = "FOLDER", default_value = "benchmark_results")]
    pub out: PathBuf,
}

#[derive(Debug, Clone, Copy, Default, Args)]
pub struct StatsOptions {
    /// Print JSON: one object, or with --watch one per line
    #[arg(long)]
    pub json: bool,

    /// Print the counters and waits in the OpenMetrics format, for a monitoring system
    #[arg(long, conflicts_with_all = ["json", "watch"])]
    pub openmetrics: bool,

    /// Print again at this interval until interrupted
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub watch: Option<u32>,
}

#[derive(Debug, Clone, Args)]
pub struct TraceOptions {
    /// Trace for so long; Ctrl-C ends it earlier
    #[arg(long, value_name = "SECONDS", default_value_t = 10, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,

    /// Write the trace to this new file; `-` is stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_of_this_machine_only() {
        let text = |text| listen_address(text).map(|address| address.to_string());
        assert_eq!(text("9824").unwrap(), "127.0.0.1:9824");
        assert_eq!(text("0.0.0.0:80").unwrap(), "0.0.0.0:80");
        assert_eq!(text("[::1]:9824").unwrap(), "[::1]:9824");
        for wrong in [
            "",
            "x",
            "-1",
            "65536",
            "localhost:80",
            ":80",
            "::1:80x",
            "127.0.0.1",
        ] {
            assert!(text(wrong).is_err(), "{wrong}");
        }
    }
}
