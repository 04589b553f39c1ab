//! Manual page and completions know what the command line knows.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::process::{Command, Stdio};

use clap::CommandFactory;
use dualq_top::cli::Cli;
use dualq_top::ui::help::WORDS;

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dualq-top"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every command and every option, as they are typed; in a manual page and in a fish script an
/// option may stand without its dashes.
fn names() -> Vec<(String, Option<String>)> {
    let mut command = Cli::command();
    command.build();
    let mut names = Vec::new();
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        let name = command.get_name().to_owned();
        let options = command.get_arguments().filter_map(clap::Arg::get_long);
        names.extend(options.map(|option| (name.clone(), Some(option.to_owned()))));
        names.push((name, None));
    }
    names.retain(|(command, _)| command != "help");
    names
}

#[test]
fn the_manual_page_names_every_command_and_option() {
    let page = printed(&["man"]).replace("\\-", "-");
    for (command, option) in names() {
        let section = if command == "dualq-top" {
            page.split(".SH COMMANDS").next().unwrap()
        } else {
            let from = page
                .find(&format!(".SS \"dualq-top {command}\""))
                .unwrap_or_else(|| panic!("no section on {command}"));
            page[from + 3..].split(".SS ").next().unwrap()
        };
        // What goes with every command stands at the top.
        let everywhere = page.split(".SH COMMANDS").next().unwrap();
        if let Some(option) = option {
            let option = format!("--{option}");
            let global = ["--theme", "--ascii", "--config", "--help", "--verbose"]
                .contains(&option.as_str());
            let stands = section.contains(&option) || global && everywhere.contains(&option);
            assert!(stands, "{command} {option}: {section}");
        }
    }
}

/// A section of the manual page.
fn section(title: &str) -> String {
    let page = printed(&["man"]).replace("\\-", "-");
    let from = page.find(&format!(".SH {title}\n"));
    let from = from.unwrap_or_else(|| panic!("no section {title}: {page}"));
    page[from + 3..].split(".SH ").next().unwrap().to_owned()
}

#[test]
fn manual_page_has_each_exit_status() {
    let section = section("\"EXIT STATUS\"");
    assert!(section.contains("0 success"), "{section}");
    assert!(section.contains("Ended by signal N: 128 + N"), "{section}");
}

#[test]
fn manual_page_has_terms_and_files() {
    let words = section("WORDS");
    for (word, meaning) in WORDS {
        assert!(
            words.contains(word) && words.contains(meaning),
            "{word}: {words}"
        );
    }
    let files = section("FILES");
    for (path, source) in [
        (
            "/run/dualq-top.lock",
            include_str!("../src/scheduler/lock.rs"),
        ),
        ("/sys/fs/bpf/dualq", include_str!("../src/kernel/pins.rs")),
        ("/var/log/dualq-top.log", include_str!("../src/sys/log.rs")),
        (
            "dualq-top/config.toml",
            include_str!("../src/settings/file.rs"),
        ),
        ("benchmark_results", include_str!("../src/cli/verbs.rs")),
    ] {
        assert!(source.contains(&format!("\"{path}\"")), "{path}");
        assert!(files.contains(path), "{path}: {files}");
    }
}

#[test]
fn the_completions_of_every_shell_name_every_command_and_option() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        for (command, option) in names() {
            assert!(script.contains(&command), "{shell}: {command}");
            if let Some(option) = option {
                let stands = script.contains(&format!("--{option}"))
                    || script.contains(&format!("-l {option}"));
                assert!(stands, "{shell}: {command} --{option}");
            }
        }
    }
}

#[test]
fn bash_completes_a_command() {
    let script = printed(&["completions", "bash"]);
    let mut bash = Command::new("bash")
        .args(["--norc", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash is there");
    let ask = "\nCOMP_WORDS=(dualq-top det); COMP_CWORD=1\n\
               f=$(complete -p dualq-top | sed 's/.*-F \\([^ ]*\\).*/\\1/'); $f dualq-top det dualq-top\n\
               echo \"${COMPREPLY[@]}\"\n";
    let mut input = bash.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    input.write_all(ask.as_bytes()).unwrap();
    drop(input);
    let output = bash.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "detach");
}

#[test]
fn a_shell_that_is_not_known_is_refused_with_those_that_are() {
    let output = Command::new(env!("CARGO_BIN_EXE_dualq-top"))
        .args(["completions", "cmd"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("bash"));
}
