//! The command line: its commands here, the options that several share in `options`, those of one command in `verbs`.
//! It may import: `demo`, `model`, `refusal`, `sys`.
//! It must never know: what a command does.

#![forbid(unsafe_code)]

mod options;
mod verbs;

use std::io::stderr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand};

pub use options::*;
pub use verbs::*;

use crate::refusal::{PATIENCE, complain_in};
use crate::sys::text::scrub_lines;
use crate::sys::unread;

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
    pub record: RecordOptions,

    #[command(flatten)]
    pub look: Look,

    /// Read the settings from this file instead of ~/.config/dualq-top/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print to standard error what the program does, step by step, with all that the BPF library and the verifier say
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
        #[arg(long, value_name = "COLUMNSxROWS", default_value = "120x40", value_parser = verbs::size, requires = "export")]
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
}
