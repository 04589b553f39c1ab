//! Parses the command line and runs one command.

use std::process::ExitCode;

use clap::Parser;
use dualq_top::{cli::Cli, commands, refusal::Refusal};

fn main() -> ExitCode {
    let Err(error) = commands::run(Cli::parse()) else {
        return ExitCode::SUCCESS;
    };
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        eprintln!("dualq-top: {refusal}");
        return ExitCode::from(refusal.status as u8);
    }
    eprintln!("dualq-top: {error:#}");
    ExitCode::FAILURE
}
