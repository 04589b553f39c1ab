//! What the README says of the command line is what the command line is.

#![allow(clippy::unwrap_used)]

use clap::CommandFactory;
use dualq_top::bench::part::tool::Tool;
use dualq_top::cli::Cli;
use dualq_top::ui::help::WORDS;

const README: &str = include_str!("../README.md");

#[test]
fn every_command_and_every_option_is_in_the_readme() {
    let command = Cli::command();
    let mut missing = Vec::new();
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        // What is hidden is no interface.
        if command.is_hide_set() {
            continue;
        }
        if command.get_name() != "dualq-top"
            && !README.contains(&format!("dualq-top {}", command.get_name()))
        {
            missing.push(command.get_name().to_owned());
        }
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            if option != "version" && !README.contains(&format!("--{option}")) {
                missing.push(format!("--{option}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_option_that_the_readme_names_exists() {
    let command = Cli::command();
    let options: Vec<String> = std::iter::once(&command)
        .chain(command.get_subcommands())
        .flat_map(|command| command.get_arguments().filter_map(clap::Arg::get_long))
        .map(|option| format!("--{option}"))
        .collect();
    let named = README
        .split(|c: char| c.is_whitespace() || "`(),.:|".contains(c))
        .filter(|word| word.starts_with("--") && word.ends_with(char::is_alphabetic));
    for option in named {
        assert!(options.iter().any(|known| known == option), "{option}");
    }
}

#[test]
fn the_exit_statuses_of_the_help_are_those_of_the_readme() {
    let help = Cli::command().render_long_help().to_string();
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = flat(&help)
        .split("Exit status: ")
        .nth(1)
        .unwrap()
        .to_owned();
    assert!(flat(README).contains(said.trim_end_matches('.')), "{said}");
}

#[test]
fn the_words_of_the_help_are_explained_in_the_readme() {
    for (word, _) in WORDS {
        let queue = ["PRIORITY", "BATCH"].contains(&word);
        assert!(queue || README.contains(&format!("*{word}*")), "{word}");
    }
}

#[test]
fn every_program_of_the_cross_check_is_in_the_readme_and_in_the_help() {
    let mut command = Cli::command();
    let bench = command.find_subcommand_mut("bench").unwrap();
    let help = bench.render_long_help().to_string();
    for tool in Tool::ALL {
        assert!(README.contains(&format!("`{}`", tool.name())), "{tool:?}");
        assert!(help.contains(tool.name()), "{tool:?}: {help}");
    }
}
