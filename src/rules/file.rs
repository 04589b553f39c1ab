//! Finds the rules files, and reads them whatever kind of files they are.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};

use super::parse::parse;
use super::{Facts, Rule, RuleSet, Subject};
use crate::refusal::{Refusal, Status};
use crate::sys::text::scrub;

/// The first file, and the folder of those after it, which are read in the order of their names.
pub const FILE: &str = "/etc/dualq/rules.toml";
/// The folder.
pub const FOLDER: &str = "/etc/dualq/rules.d";

/// No file of rules is larger.
const LARGEST: u64 = 8 << 20;

/// The rules of some files, with everything that is wrong with them.
#[derive(Debug, Default)]
pub struct Rules {
    /// The rules, in the order in which they are tried.
    pub rules: Vec<Rule>,
    /// The number of files that were read.
    pub files: usize,
    /// Each one sentence with file, line and remedy.
    pub faults: Vec<String>,
}

impl Rules {
    /// Reads the file that is named, otherwise those in their usual places as far as they are there.
    #[must_use]
    pub fn read(named: Option<&Path>) -> Self {
        let mut rules = Self::default();
        match named {
            Some(path) => rules.add(path, true),
            None => usual_files(&mut rules.faults)
                .iter()
                .for_each(|path| rules.add(path, false)),
        }
        rules.refuse_the_first_process();
        rules
    }

    /// The rules for use, if nothing is wrong with them.
    ///
    /// # Errors
    /// A [`Refusal`] with the first fault, and how many more there are.
    pub fn checked(self) -> Result<RuleSet> {
        if let Some(first) = self.faults.first() {
            let more = match self.faults.len() - 1 {
                0 => String::new(),
                more => format!(" ({more} more: `dualq-top rules check` lists them)"),
            };
            bail!(Refusal::new(Status::BadArgument, format!("{first}{more}")));
        }
        RuleSet::new(self.rules)
    }

    fn add(&mut self, path: &Path, named: bool) {
        let shown = scrub(path.as_os_str().as_encoded_bytes());
        let bytes = match read(path, named) {
            Ok(bytes) => bytes,
            Err(why) => {
                self.faults.push(format!("cannot read {shown}: {why}"));
                return;
            }
        };
        self.files += 1;
        let (rules, faults) = parse(&Arc::from(path), &bytes);
        self.rules.extend(rules);
        let faults = faults.into_iter().map(|fault| {
            let line =
                1 + memchr::memchr_iter(b'\n', bytes.get(..fault.at).unwrap_or(&bytes)).count();
            format!("{shown}:{line}: {}", fault.text)
        });
        self.faults.extend(faults);
    }

    /// The first process starts all others, and whatever it is held up by holds up the machine.
    fn refuse_the_first_process(&mut self) {
        let Some(mut init) = Facts::of(1) else { return };
        let (meant, rules) = std::mem::take(&mut self.rules)
            .into_iter()
            .partition(|rule| matches(rule, &mut init));
        self.rules = rules;
        let faults = meant.into_iter().map(|rule: Rule| {
            format!(
                "{}: the rule matches process 1 ({}), which cannot be moved: add a condition that tells the others apart",
                rule.place,
                scrub(init.name.as_bytes())
            )
        });
        self.faults.extend(faults);
    }
}

/// Whether one rule alone matches.
fn matches(rule: &Rule, subject: &mut dyn Subject) -> bool {
    rule.conditions.iter().all(|(field, pattern)| {
        let regex = super::compile(pattern).ok();
        let text = subject.text(*field);
        regex
            .zip(text)
            .is_some_and(|(regex, text)| regex.is_match(text.as_bytes()))
    })
}

fn usual_files(faults: &mut Vec<String>) -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from(FILE)];
    files.retain(|file| fs::symlink_metadata(file).is_ok());
    match fs::read_dir(FOLDER) {
        Ok(entries) => {
            let mut more: Vec<PathBuf> = entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension() == Some(OsStr::new("toml")))
                .collect();
            more.sort();
            files.extend(more);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => faults.push(format!("cannot read {FOLDER}: {}", plain(&error))),
    }
    files
}

fn read(path: &Path, named: bool) -> Result<Vec<u8>, String> {
    // Without blocking: a FIFO that nobody writes to would delay the start for ever.
    let file = File::options()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(|error| plain(&error))?;
    let metadata = file.metadata().map_err(|error| plain(&error))?;
    if !metadata.is_file() {
        return Err("it is not a file; name one".to_owned());
    }
    let others_may_change = metadata.uid() != 0 || metadata.mode() & 0o022 != 0;
    if !named && rustix::process::geteuid().is_root() && others_may_change {
        return Err(
            "others than root may change it; `chown root` and `chmod 644` it, or name it by --rules"
                .to_owned(),
        );
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| plain(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {} MiB; split it", LARGEST >> 20));
    }
    Ok(bytes)
}

/// Returns the operating system's text of an error without the number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or(&text)
        .to_lowercase()
}
