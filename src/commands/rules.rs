//! `rules check`, `rules test` and `rules import`: rules before they are followed.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};

use super::members::write;
use super::process;
use crate::cli::{Import, RulesCommand, TestOptions};
use crate::refusal::{Refusal, Status, complain};
use crate::rules::{Facts, Field, RuleSet, Rules, Subject, ananicy, file};
use crate::sys::text::scrub;

pub fn run(command: &RulesCommand) -> Result<()> {
    match command {
        RulesCommand::Check { rules } => check(rules.rules.as_deref()),
        RulesCommand::Test(options) => test(options),
        RulesCommand::Import {
            format: Import::Ananicy,
            directory,
        } => import(directory),
    }
}

fn check(named: Option<&Path>) -> Result<()> {
    let rules = Rules::read(named);
    for fault in &rules.faults {
        write(&format!("{fault}\n"))?;
    }
    let (count, files, faults) = (rules.rules.len(), rules.files, rules.faults.len());
    if faults > 0 {
        let many = if faults == 1 {
            "1 fault"
        } else {
            &format!("{faults} faults")
        };
        bail!(Refusal::new(
            Status::BadArgument,
            format!("{many}: `attach` would not start with these rules; mend them and check again"),
        ));
    }
    let places = format!("{} and {}/*.toml", file::FILE, file::FOLDER);
    if files == 0 {
        return write(&format!("no rules: neither {places} exists\n")).map(drop);
    }
    RuleSet::new(rules.rules)?;
    let (rules, in_files) = (plural(count, "rule"), plural(files, "file"));
    write(&format!("{rules} in {in_files}: no faults\n")).map(drop)
}

fn plural(count: usize, word: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {word}{many}")
}

fn test(options: &TestOptions) -> Result<()> {
    let rules = Rules::read(options.rules.rules.as_deref());
    let set = rules.checked()?;
    let mut subject: Box<dyn Subject> = match &options.pid {
        Some(pid) => {
            let id = process::find(process::parse(pid)?)?;
            let Some(facts) = Facts::of(id.pid) else {
                bail!(Refusal::new(
                    Status::NoSuchProcess,
                    format!("there is no process {pid} any more: nothing was tested"),
                ));
            };
            Box::new(facts)
        }
        None => Box::new(Planned::new(&options.command)?),
    };
    let subject = subject.as_mut();
    let mut text = String::new();
    match set.first(subject) {
        Some(rule) => {
            writeln!(text, "{} → {}", rule.place, rule.effect())?;
            for (field, pattern) in &rule.conditions {
                let pattern = scrub(pattern.as_bytes());
                writeln!(
                    text,
                    "  {} = \"{pattern}\" matches {}",
                    field.key(),
                    shown(subject, *field)
                )?;
            }
        }
        None => {
            writeln!(text, "no rule matches: it stays where it is")?;
            for field in Field::ALL {
                writeln!(text, "  {}: {}", field.key(), shown(subject, field))?;
            }
        }
    }
    write(&text).map(drop)
}

fn shown(subject: &mut dyn Subject, field: Field) -> String {
    match subject.text(field) {
        Some(text) => format!("\"{}\"", scrub(text.as_bytes())),
        None => "nothing (not known)".to_owned(),
    }
}

/// A command that has not been started: as this user would start it from here.
struct Planned {
    here: Facts,
    executable: String,
    command: String,
}

impl Planned {
    fn new(command: &[OsString]) -> Result<Self> {
        let words: Vec<Cow<'_, str>> = command.iter().map(|word| word.to_string_lossy()).collect();
        let Some(mut here) = Facts::of(std::process::id()) else {
            bail!("cannot read /proc: is it mounted?");
        };
        let executable = executable_of(&words[0]).unwrap_or_else(|| words[0].clone().into_owned());
        // The kernel takes the name before it follows a link.
        let name = words[0].rsplit('/').next().unwrap_or_default();
        here.name = String::from_utf8_lossy(&name.as_bytes()[..name.len().min(15)]).into_owned();
        if let Some(parent) = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get())
            && let Some(parent) = Facts::of(parent.cast_unsigned())
        {
            here.parent = parent.name;
        }
        Ok(Self {
            here,
            executable,
            command: words.join(" "),
        })
    }
}

/// The file in PATH, with links followed, as `/proc/PID/exe` would have it.
fn executable_of(name: &str) -> Option<String> {
    let found = |path: &Path| path.is_file().then(|| path.canonicalize().ok()).flatten();
    let path = if name.contains('/') {
        found(Path::new(name))
    } else {
        let folders = std::env::var_os("PATH")?;
        std::env::split_paths(&folders).find_map(|folder| found(&folder.join(name)))
    };
    Some(path?.to_string_lossy().into_owned())
}

impl Subject for Planned {
    fn text(&mut self, field: Field) -> Option<Cow<'_, str>> {
        match field {
            Field::Executable => Some(Cow::Borrowed(&self.executable)),
            Field::Command => Some(Cow::Borrowed(&self.command)),
            _ => self.here.text(field),
        }
    }
}

fn import(directory: &Path) -> Result<()> {
    let imported = ananicy::import(directory)?;
    write(&imported.toml)?;
    for left_out in &imported.left_out {
        complain(&format!("not taken over: {left_out}"));
    }
    complain(&format!(
        "{} taken over, {} not; write them to {}/ananicy.toml, then `dualq-top rules check`",
        plural(imported.rules, "rule"),
        imported.left_out.len(),
        file::FOLDER
    ));
    Ok(())
}
