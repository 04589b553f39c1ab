//! Manual page and completions know what the command line knows, and links between documents lead somewhere.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory;
use dualq_top::cli::Cli;
use dualq_top::tui::ui::help::WORDS;
use regex_lite::Regex;

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

/// Returns the documents: the Markdown files in the root, in docs and in vm.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["", "docs", "vm"].map(|folder| root.join(folder));
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// Returns the anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let kept = line.trim_start_matches('#').trim().to_lowercase();
        let kept = kept
            .chars()
            .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut count = 0;
    let mut broken = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if target.contains("://") {
                continue;
            }
            count += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => document.clone(),
                _ => document.parent().unwrap().join(file),
            };
            let leads = match anchor {
                "" => path.exists(),
                _ => fs::read_to_string(&path)
                    .is_ok_and(|text| anchors(&text).contains(&anchor.to_owned())),
            };
            if !leads {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(count > 50, "{count} links");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn removing_names_every_installed_file() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("staged");
    let _ = fs::remove_dir_all(&root);
    let stage = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/stage");
    let program = env!("CARGO_BIN_EXE_dualq-top");
    let status = Command::new(stage)
        .args([root.to_str().unwrap(), "/usr/local", program])
        .status()
        .unwrap();
    assert!(status.success());
    let guide = include_str!("../docs/INSTALL.md");
    let commands = guide.split("## Removing").nth(1).unwrap();
    let named: Vec<&str> = commands.split_whitespace().collect();
    let prefix = root.join("usr/local");
    let mut files = Vec::new();
    files_below(&root, &mut files);
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        let path = file.strip_prefix(&prefix).unwrap();
        let is_named = path
            .ancestors()
            .any(|path| named.contains(&path.to_str().unwrap()));
        assert!(is_named, "{} is left", path.display());
    }
    fs::remove_dir_all(&root).unwrap();
}
