//! Parses the command line and runs one command.

#![forbid(unsafe_code)]
#![deny(clippy::print_stderr, clippy::print_stdout)]

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use dualq_top::{
    cli::{self, Cli},
    commands,
    demo::worker::{self, WorkerKind},
    kernel::libbpf,
    refusal::{self, Refusal},
    sys::{log, signals, text},
};
use tracing::debug;

fn main() -> ExitCode {
    // Where the kernel refuses, a limit ends the program as it would any other.
    let _ = signals::survive_file_size_limit();
    let name = std::env::args_os().next().unwrap_or_default();
    if let Some(kind) = WorkerKind::of(&name) {
        return exit(worker::run(kind));
    }
    let matches = Cli::command()
        .try_get_matches()
        .unwrap_or_else(|error| cli::refuse(&error));
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| cli::refuse(&error));
    log::start(cli.verbose);
    debug!("dualq-top {}", env!("CARGO_PKG_VERSION"));
    libbpf::listen();
    exit(commands::run(cli, &matches))
}

fn exit(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        refusal::complain(&refusal.to_string());
        return ExitCode::from(refusal.status as u8);
    }
    refusal::complain(&text::scrub_lines(&format!("{error:#}")));
    ExitCode::FAILURE
}
