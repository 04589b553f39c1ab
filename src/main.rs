//! Parses the command line and runs one command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use dualq_top::{
    cli::{self, Cli},
    commands,
    kernel::libbpf,
    refusal::Refusal,
    text,
};

fn main() -> ExitCode {
    let matches = Cli::command()
        .try_get_matches()
        .unwrap_or_else(|error| cli::refuse(&error));
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| cli::refuse(&error));
    libbpf::listen();
    libbpf::aloud(cli.verbose);
    let Err(error) = commands::run(cli, &matches) else {
        return ExitCode::SUCCESS;
    };
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        eprintln!("dualq-top: {refusal}");
        return ExitCode::from(refusal.status as u8);
    }
    eprintln!("dualq-top: {}", text::scrub_lines(&format!("{error:#}")));
    ExitCode::FAILURE
}
