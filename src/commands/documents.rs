//! `completions` and `man`: generated from the definition of the command line, so that they cannot differ
//! from it.

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::members::write;
use crate::cli::Cli;
use crate::tui::ui::help::WORDS;

/// The files that the program writes and reads, for the manual page.
const FILES: [(&str, &str); 8] = [
    (
        "$XDG_CONFIG_HOME/dualq-top/config.toml, ~/.config/dualq-top/config.toml",
        "settings: the first if this variable is set, otherwise the second; root uses it by default only if root alone can change it",
    ),
    (
        "/etc/dualq/rules.toml, /etc/dualq/rules.d/*.toml",
        "rules that move programs by themselves: see dualq-rules(5)",
    ),
    (
        "/var/log/dualq-top.log",
        "the reasons why the kernel ended a scheduler, with its dump, and libbpf's messages",
    ),
    (
        "/var/log/dualq-top.log.1",
        "the previous log; both are at most 1 MB together",
    ),
    (
        "/run/dualq-top.changes, /run/dualq-top.changes.1",
        "who moved which process since the boot, for `dualq-top log`; 256 KiB at most",
    ),
    (
        "/sys/fs/bpf/dualq/",
        "the scheduler's pins, for root only: priority_pids_map (the members), queue_stats (the counters), and others that instances share",
    ),
    (
        "/run/dualq-top.lock",
        "locked while a scheduler is started or ended, so that two instances do not interfere",
    ),
    (
        "benchmark_results/",
        "the reports of bench, unless --out says otherwise",
    ),
];

/// Examples of the most common commands.
const EXAMPLES: [(&str, &str); 6] = [
    (
        "sudo dualq-top",
        "the dashboard; space moves the process under the cursor",
    ),
    (
        "sudo dualq-top run --attach -- make -j8",
        "a command in PRIORITY, with the scheduler for as long as it runs",
    ),
    (
        "sudo dualq-top run -- runuser -u ana -- mpv film.mkv",
        "a command of another user, beside a scheduler that runs",
    ),
    (
        "sudo dualq-top trace --seconds 5 -o trace.json",
        "which task ran where and why, for https://ui.perfetto.dev",
    ),
    (
        "sudo systemctl enable --now dualq",
        "the scheduler at each boot, with the rules in /etc/dualq",
    ),
    (
        "dualq-top rules test 4121",
        "which rule a process would meet, and why",
    ),
];

const SEE_ALSO: &str = ".SH \"SEE ALSO\"\n\\fBdualq\\-rules\\fR(5), \\fBdualq\\-config\\fR(5), \\fBsystemctl\\fR(1), \\fBchrt\\fR(1)\n";

pub fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dualq-top", &mut script);
    print(script)
}

/// Prints one page for the program and all its commands.
pub fn man() -> Result<()> {
    let mut command = Cli::command();
    command.build();
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    text.extend(b".SH COMMANDS\n");
    commands_of(&command, "dualq-top", &mut text)?;
    let mut end = Vec::new();
    page.render_extra_section(&mut end)?;
    let end = String::from_utf8(end)?
        .replace(".SH EXTRA\n", ".SH DASHBOARD\n")
        .replace("Exit status: ", ".SH \"EXIT STATUS\"\n");
    text.extend(end.into_bytes());
    text.extend(list("WORDS", &WORDS).into_bytes());
    text.extend(list("FILES", &FILES).into_bytes());
    text.extend(list("EXAMPLES", &EXAMPLES).into_bytes());
    text.extend(SEE_ALSO.as_bytes());
    print(text)
}

/// A section on each command, and on the commands below it.
fn commands_of(command: &clap::Command, path: &str, text: &mut Vec<u8>) -> Result<()> {
    for command in command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        let path = format!("{path} {}", command.get_name());
        text.extend(format!(".SS \"{path}\"\n").into_bytes());
        let about = command.get_about().map(ToString::to_string);
        text.extend(format!("{}\n", about.unwrap_or_default()).into_bytes());
        // Options of every command are listed once, above.
        let own = command.clone().mut_args(|option| {
            let everywhere = option.is_global_set() || option.get_id() == "help";
            option.hide(everywhere)
        });
        let mut options = Vec::new();
        Man::new(own).render_options_section(&mut options)?;
        // The command has a heading already.
        let options = String::from_utf8(options)?;
        text.extend(options.replace(".SH OPTIONS\n", "").into_bytes());
        commands_of(command, &path, text)?;
    }
    Ok(())
}

/// Formats a section of terms with their explanations.
fn list(title: &str, entries: &[(&str, &str)]) -> String {
    let mut text = format!(".SH {title}\n");
    for (term, meaning) in entries {
        // Keeps the dash a character that can be searched for and copied.
        let [term, meaning] = [term, meaning].map(|part| part.replace('-', "\\-"));
        text.push_str(&format!(".TP\n\\fB{term}\\fR\n{meaning}\n"));
    }
    text
}

fn print(text: Vec<u8>) -> Result<()> {
    let text = String::from_utf8(text).context("the manual page is not UTF-8")?;
    write(&text).map(drop)
}
