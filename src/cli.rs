//! The command line, and nothing else.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::text::scrub_lines;
use crate::{bench, demo};

/// Puts a process first, and shows what that does: a two-queue CPU scheduler (sched_ext) with its
/// dashboard.
#[derive(Debug, Parser)]
#[command(
    name = "dualq-top",
    version,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    after_help = "Without a command: the dashboard. It attaches the scheduler and detaches it on quitting;\n\
        its key ? shows all keys and what the words mean.\n\n\
        Exit status: 0 done, 1 another fault, 2 bad argument, 3 this kernel cannot, 4 not permitted,\n\
        5 another scheduler runs, 6 ours does not run, 7 no such process,\n\
        8 the demonstration showed no effect. Ended by signal N: 128 + N."
)]
#[allow(clippy::manual_non_exhaustive)] // clap wants a field for a flag, even one that it answers itself
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub short: Short,

    /// Only look: attach nothing and move nothing, on any kernel
    #[arg(long)]
    pub view: bool,

    #[command(flatten)]
    pub scheduler: SchedulerOptions,

    #[command(flatten)]
    pub record: Record,

    #[command(flatten)]
    pub look: Look,

    /// Read the settings from this file instead of the one in the user's directory
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print the version
    #[arg(long, action = ArgAction::Version)]
    _version: (),
}

/// Says what is wrong with the command line, or what was asked for in place of a command, and ends.
pub fn refuse(error: &clap::Error) -> ! {
    let plain = complaint(error);
    if plain.trim_end() == error.to_string().trim_end() {
        // In colour, where the terminal has them.
        error.exit();
    }
    eprintln!("{plain}");
    std::process::exit(error.exit_code());
}

/// What clap has to say, with the words of the command line in it made harmless: names of files may
/// have become arguments.
#[must_use]
pub fn complaint(error: &clap::Error) -> String {
    scrub_lines(&error.to_string())
}

/// Whether the dashboard records.
#[derive(Debug, Clone, Default, Args)]
pub struct Record {
    /// Record the session into this new file, for `dualq-top replay`: all that is seen, and the keys pressed
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// How the dashboard looks.
#[derive(Debug, Clone, Copy, Args)]
pub struct Look {
    /// Colours for a dark or a light background, or none; by default dark, or mono where NO_COLOR is set
    #[arg(long, global = true, value_enum)]
    pub theme: Option<ThemeName>,

    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    Dark,
    Light,
    Mono,
}

/// The short forms of the commands, as the original tool had them.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Short {
    /// Add a process, as `add PID`
    #[arg(short = 'a', value_name = "PID", allow_negative_numbers = true)]
    pub add: Option<String>,

    /// Remove a process, as `remove PID`
    #[arg(short = 'r', value_name = "PID", allow_negative_numbers = true)]
    pub remove: Option<String>,

    /// List the members, as `list`
    #[arg(short = 'l')]
    pub list: bool,

    /// Print the counters, as `stats`
    #[arg(short = 's')]
    pub stats: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Attach the scheduler without a dashboard, until Ctrl-C or SIGTERM
    Attach(SchedulerOptions),
    /// End a scheduler that was asked to stay (--stay)
    Detach,
    /// Look whether the scheduler can be started here, and what to do where it cannot
    Doctor {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Put processes in PRIORITY, with all their threads
    Add {
        #[command(flatten)]
        which: Which,

        /// With their children, those to come as well
        #[arg(long)]
        children: bool,
    },
    /// Put processes back in BATCH
    Remove(Which),
    /// List the members: the processes in PRIORITY
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print the scheduler's counters, for each CPU and in total
    Stats(StatsOptions),
    /// Print what completes the command line in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// The dashboard with a load to try it on: hogs, and a metronome that counts missed deadlines
    Demo(DemoOptions),
    /// Show a recording in the dashboard, without rights: that of --record, or one of the demonstration
    Replay {
        /// The recording; without it, one that comes with dualq-top
        file: Option<PathBuf>,
    },
    /// One process of that load
    #[command(hide = true)]
    DemoPart(demo::part::Part),
    /// Measure waiting times, work and cost under the kernel's own scheduler and ours, beside other ways to favour a process
    Bench(BenchOptions),
    /// One process of a measurement
    #[command(hide = true)]
    BenchPart(bench::part::Part),
}

/// Which processes: by id, by name, or both.
#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// Process ids
    #[arg(
        required_unless_present = "name",
        value_name = "PID",
        allow_negative_numbers = true
    )]
    pub pids: Vec<String>,

    /// All processes whose name matches this regular expression (^NAME$ for exactly NAME)
    #[arg(long, value_name = "PATTERN")]
    pub name: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// Processes that never sleep; by default two for each CPU
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=i64::from(demo::MOST_HOGS)))]
    pub hogs: Option<u32>,

    /// CPU time, in milliseconds, that each of the metronome's 60 frames a second takes
    #[arg(long, value_name = "MS", default_value_t = demo::WORK_MS, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(demo::MOST_WORK_MS)))]
    pub work: u32,

    /// The load ends by itself after this time
    #[arg(long, value_name = "SECONDS", default_value_t = demo::SECONDS, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(demo::MOST_SECONDS)))]
    pub seconds: u32,

    /// For scripts: no dashboard; print the missed deadlines in BATCH, in PRIORITY, in BATCH again
    #[arg(long)]
    pub headless: bool,

    /// How long each of the three is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 5, requires = "headless", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub phase: u32,

    /// Measure once, under whatever scheduler runs, and change nothing: takes no rights
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
    /// Some five minutes, with fewer measurements, instead of three quarters of an hour
    #[arg(long)]
    pub quick: bool,

    /// How many times each measurement is made; by default 5, with --quick 3
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repetitions: Option<u32>,

    /// How many seconds each lasts; by default 5, with --quick 2
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: Option<u32>,

    /// Only these measurements, as in wake-up-8,frame-8 (a wrong name is answered with all names); for
    /// a cross-check also hackbench, cyclictest, perf-messaging, perf-pipe, stress-ng
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Measure another sched_ext scheduler as well: the command that attaches it until it is interrupted; may be said several times
    #[arg(long, value_name = "COMMAND")]
    pub peer: Vec<String>,

    /// Let our scheduler measure how long tasks wait meanwhile, as under the dashboard: what that takes is then in the figures
    #[arg(long)]
    pub waits: bool,

    /// Where the report goes: into a new folder in this one, named by the time
    #[arg(long, value_name = "FOLDER", default_value = "benchmark_results")]
    pub out: PathBuf,
}

#[derive(Debug, Clone, Copy, Default, Args)]
pub struct StatsOptions {
    /// Print JSON: one object, with --watch one a line
    #[arg(long)]
    pub json: bool,

    /// Print again every so many seconds, until interrupted
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub watch: Option<u32>,
}

/// How BATCH is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum BatchOrder {
    /// By virtual time, weighted by nice; who has had less may preempt
    #[default]
    Fair,
    /// First come, first served, whatever the nice values
    Fifo,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct SchedulerOptions {
    /// How BATCH is ordered
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub batch_order: BatchOrder,

    /// The share of CPU time, in percent, that BATCH keeps on a CPU that both queues want; 0 is strict priority
    #[arg(long, value_name = "PERCENT", default_value_t = 10, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(0..=50))]
    pub batch_guarantee: u8,

    /// Do not measure how long tasks wait; in the dashboard `w` switches it on and off
    #[arg(long)]
    pub no_waits: bool,

    /// Let the scheduler outlive this program, until `dualq-top detach`
    #[arg(long)]
    pub stay: bool,

    /// Longest run of a PRIORITY task before the next one's turn, 1 to 100 ms; in whole ticks of the kernel, and shorter while many wait
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 20, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub priority_slice: u8,

    /// Longest run of a BATCH task before the next one's turn, 1 to 100 ms; in whole ticks of the kernel
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 4, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub batch_slice: u8,

    /// How many processes there may be in PRIORITY, 1 to 1000000
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_members: u32,

    /// The kernel ends the scheduler when a runnable task waits longer than this many seconds
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
    fn only_the_original_tools_short_options_exist() {
        let command = Cli::command();
        let mut shorts: Vec<char> = command
            .get_arguments()
            .filter_map(clap::Arg::get_short)
            .collect();
        for sub in command.get_subcommands() {
            shorts.extend(sub.get_arguments().filter_map(clap::Arg::get_short));
        }
        shorts.sort_unstable();
        assert_eq!(shorts, ['a', 'l', 'r', 's']);
    }
}
