//! The command line, and nothing else.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::stderr;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::demo;
use crate::refusal::{PATIENCE, complain_in};
use crate::sys::unread;
use crate::text::scrub_lines;

/// Gives chosen processes priority over all others and shows the effect on every CPU: a two-queue CPU
/// scheduler (sched_ext) with a dashboard.
#[derive(Debug, Parser)]
#[command(
    name = "dualq-top",
    version,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command, the dashboard starts: it attaches the scheduler and detaches it on exit.\n\
        Its key ? lists all keys and explains the terms.\n\n\
        While it is attached, CPU limits and weights of cgroups (cpu.max, cpu.weight, cpu.idle) do not hold;\n\
        it names them, and with --refuse-limits it does not attach if there are any.\n\n\
        Exit status: 0 success, 1 other error, 2 invalid argument, 3 kernel not supported,\n\
        4 not permitted, 5 another scheduler is active, 6 dualq is not running, 7 no such process,\n\
        8 the demonstration showed no effect, 9 a cgroup has a CPU limit. Ended by signal N: 128 + N;\n\
        attach: 0 after SIGTERM or SIGINT, once it has detached.\n\
        run: the command's own, 126 cannot be run, 127 not found."
)]
#[allow(clippy::manual_non_exhaustive)] // clap needs a field for a flag, even one that it handles itself
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub short: Short,

    /// View mode: attach nothing and move nothing; works on any kernel
    #[arg(long)]
    pub view: bool,

    #[command(flatten)]
    pub scheduler: SchedulerOptions,

    #[command(flatten)]
    pub record: Record,

    #[command(flatten)]
    pub look: Look,

    /// Read the settings from this file instead of ~/.config/dualq-top/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print to standard error all that the BPF library and the verifier say while programs are loaded
    #[arg(long, global = true)]
    pub verbose: bool,

    /// Print the version
    #[arg(long, action = ArgAction::Version)]
    _version: (),
}

/// Prints what is wrong with the command line, or the help or version that was asked for, and exits.
pub fn refuse(error: &clap::Error) -> ! {
    let plain = complaint(error);
    let is_read = !error.use_stderr() || !unread::is_full(stderr().as_fd(), PATIENCE);
    if is_read && plain.trim_end() == error.to_string().trim_end() {
        // clap prints it in colour if the terminal has colours.
        error.exit();
    }
    complain_in(&format!("{plain}\n"), Duration::ZERO);
    std::process::exit(error.exit_code());
}

/// Returns clap's message with the arguments that it quotes scrubbed: they may be file names with
/// escape sequences.
#[must_use]
pub fn complaint(error: &clap::Error) -> String {
    scrub_lines(&error.to_string())
}

/// The option that records a session.
#[derive(Debug, Clone, Default, Args)]
pub struct Record {
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

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Attach the scheduler without the dashboard, until Ctrl-C or SIGTERM
    Attach(AttachOptions),
    /// Detach a scheduler that was started with --stay
    Detach,
    /// Check whether the scheduler can run here, and print what to do if it cannot
    Doctor {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Move processes, with all their threads, to PRIORITY
    Add {
        #[command(flatten)]
        which: Which,

        /// Move their children as well, including future ones
        #[arg(long)]
        children: bool,

        /// Level in PRIORITY, 0 to 255: a member of a higher level goes first; also for those that are members already [default: 128, or the level that a member has]
        #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
        level: Option<u8>,
    },
    /// Move processes back to BATCH
    Remove(Which),
    /// Run a command in PRIORITY, with its children; exit status and signals are the command's
    Run(RunOptions),
    /// Check, test and import rules that move processes automatically
    #[command(subcommand)]
    Rules(RulesCommand),
    /// List the members (the processes in PRIORITY)
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print who moved which process, and when: the last hundred moves since the boot
    Log {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print the scheduler's counters per CPU and in total
    Stats(StatsOptions),
    /// Record which task runs where, why it was chosen and how long it had waited, for ui.perfetto.dev
    Trace(TraceOptions),
    /// Change the running scheduler's tunables, e.g. `set guarantee=20 batch-slice=8`; without values, print them
    Set {
        /// A tunable and its new value, in the units of the options of `attach` with the same names: batch-guarantee (or guarantee), priority-slice, batch-slice, sleeper-credit, protection
        #[arg(value_name = "NAME=VALUE")]
        values: Vec<String>,
    },
    /// Print a shell completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Start the dashboard with a demonstration load: CPU hogs, and a frame that counts missed deadlines
    Demo(DemoOptions),
    /// Replay a recording in the dashboard; needs no privileges
    Replay {
        /// The recording, made with --record [default: the demonstration that comes with dualq-top]
        file: Option<PathBuf>,

        /// Write the recording to a new file for slides instead: FORMAT is `cast` (asciicast version 2)
        #[arg(long, num_args = 2, value_names = ["FORMAT", "FILE"])]
        export: Option<Vec<PathBuf>>,

        /// Columns and rows of what --export writes
        #[arg(long, value_name = "COLUMNSxROWS", default_value = "120x40", value_parser = size, requires = "export")]
        size: (u16, u16),
    },
    /// Measure wake-up latency, throughput and overhead under the kernel's scheduler, under dualq and under other ways to favour a process
    Bench(BenchOptions),
    /// Run one process of a measurement
    #[command(hide = true)]
    BenchWorker {
        /// Its order, as JSON
        order: String,
    },
}

/// The smallest screen that the dashboard can be drawn on, and the largest that is written.
const SIZES: ((u16, u16), (u16, u16)) = ((80, 23), (500, 200));

fn size(text: &str) -> Result<(u16, u16), String> {
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

#[derive(Debug, Clone, Default, Args)]
pub struct RulesFile {
    /// Read the rules from this file instead of /etc/dualq/rules.toml and /etc/dualq/rules.d/*.toml
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
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
    pub record: Record,

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

/// The order of tasks within a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Order {
    /// By virtual time, weighted by nice value; a task that has had less CPU time may preempt
    #[default]
    Fair,
    /// First come, first served; nice values are ignored
    Fifo,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct SchedulerOptions {
    /// Order of tasks within BATCH
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub batch_order: Order,

    /// Order of tasks within PRIORITY
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub priority_order: Order,

    /// Share of CPU time, in percent (0 to 50), that BATCH keeps on a CPU that both queues want; 0 is strict priority
    #[arg(long, value_name = "PERCENT", default_value_t = 10, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(0..=50))]
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
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 20, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub priority_slice: u8,

    /// Longest time slice of a BATCH task, 1 to 100 ms, in whole kernel ticks
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 4, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub batch_slice: u8,

    /// Part of BATCH's CPU time, in percent (0 to 50), that is forgiven to tasks that sleep between their work
    #[arg(long, value_name = "PERCENT", default_value_t = 33, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(0..=50))]
    pub sleeper_credit: u8,

    /// Time for which a BATCH task that sleeps now and then is not preempted by BATCH, 0 to 10000 µs
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 700, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub protection: u16,

    /// Maximum number of processes in PRIORITY, 1 to 1000000
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_members: u32,

    /// The kernel ejects the scheduler if a runnable task waits longer than this many seconds, 1 to 30
    #[arg(long, value_name = "SECONDS", default_value_t = 30, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=30))]
    pub watchdog: u8,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_look_may_be_said_with_any_command() {
        let cli = Cli::try_parse_from(["dualq-top", "list", "--ascii"]).unwrap();
        assert!(cli.look.ascii);
        let cli = Cli::try_parse_from(["dualq-top", "--theme", "light"]).unwrap();
        assert_eq!(cli.look.theme, Some(ThemeName::Light));
    }

    #[test]
    fn only_the_original_tools_short_options_and_o_exist() {
        let command = Cli::command();
        let mut shorts: Vec<char> = command
            .get_arguments()
            .filter_map(clap::Arg::get_short)
            .collect();
        for sub in command.get_subcommands() {
            shorts.extend(sub.get_arguments().filter_map(clap::Arg::get_short));
        }
        shorts.sort_unstable();
        assert_eq!(shorts, ['a', 'l', 'o', 'r', 's']);
    }

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
