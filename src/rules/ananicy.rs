//! Rules of ananicy and ananicy-cpp, as ours.
//!
//! Theirs are JSON objects, one a line: `*.types` name classes of programs with nice values and the
//! like, `*.rules` say which program is of which type. A program goes by its name alone.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::model::DEFAULT_LEVEL;
use crate::refusal::{Refusal, Status};
use crate::sys::text::scrub;

/// A nice value up to this is what somebody waits for; from the other on, what may wait.
const PRIORITY_NICE: i32 = -1;
const BATCH_NICE: i32 = 1;

/// The result of importing a folder of ananicy's rules.
#[derive(Debug, Default)]
pub struct Imported {
    /// A file of rules of ours.
    pub toml: String,
    /// The number of rules in it.
    pub rules: usize,
    /// Each with file, line and reason.
    pub left_out: Vec<String>,
}

/// One line of theirs, as far as it means something here.
#[derive(Debug, Default, Clone, Deserialize)]
struct AnanicyEntry {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    nice: Option<i32>,
    sched: Option<String>,
    cgroup: Option<String>,
}

/// Reads all rules and types below a folder.
///
/// # Errors
/// A [`Refusal`] where there are none, and where the folder cannot be read.
pub fn import(folder: &Path) -> Result<Imported> {
    let mut files = Vec::new();
    find(folder, 0, &mut files).with_context(|| {
        format!(
            "cannot read {}",
            scrub(folder.as_os_str().as_encoded_bytes())
        )
    })?;
    files.sort();
    let mut imported = Imported::default();
    let mut types = HashMap::new();
    for file in of_kind(&files, "types") {
        for (place, line) in lines(file, &mut imported.left_out) {
            match line.kind.clone() {
                Some(kind) => {
                    types.insert(kind, line);
                }
                None => imported.left_out.push(format!("{place}: no type is named")),
            }
        }
    }
    imported.toml.push_str(
        "# Taken over from ananicy's rules by `dualq-top rules import`: a nice value below 0 became\n\
         # PRIORITY, on a level of its own, one above 0 BATCH. The first rule that matches a process counts.\n"
    );
    for file in of_kind(&files, "rules") {
        for (place, line) in lines(file, &mut imported.left_out) {
            match rule(&line, &types) {
                Ok(text) => {
                    imported.toml.push_str(&text);
                    imported.rules += 1;
                }
                Err(why) => imported.left_out.push(format!("{place}: {why}")),
            }
        }
    }
    if imported.rules == 0 && imported.left_out.is_empty() {
        bail!(Refusal::new(
            Status::BadArgument,
            format!(
                "there are no *.rules below {}: name the folder with ananicy's rules",
                scrub(folder.as_os_str().as_encoded_bytes())
            ),
        ));
    }
    Ok(imported)
}

/// Theirs are two or three folders deep; links are not followed, so that there is an end.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < 8 {
            find(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn of_kind<'a>(files: &'a [PathBuf], kind: &'a str) -> impl Iterator<Item = &'a PathBuf> {
    files
        .iter()
        .filter(move |file| file.extension().is_some_and(|extension| extension == kind))
}

/// The objects of a file, each with its place. What is none is left out, with the reason.
fn lines(file: &Path, left_out: &mut Vec<String>) -> Vec<(String, AnanicyEntry)> {
    let shown = scrub(file.as_os_str().as_encoded_bytes());
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            left_out.push(format!("{shown}: {error}"));
            return Vec::new();
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{shown}:{number}");
        // Behind the object there may be a comment.
        match serde_json::Deserializer::from_str(line).into_iter().next() {
            Some(Ok(object)) => found.push((place, object)),
            _ => left_out.push(format!("{place}: it is no JSON object")),
        }
    }
    found
}

fn rule(line: &AnanicyEntry, types: &HashMap<String, AnanicyEntry>) -> Result<String, String> {
    let Some(name) = line.name.as_deref().filter(|name| !name.is_empty()) else {
        return Err("no program is named".to_owned());
    };
    let kind = line.kind.as_deref().unwrap_or_default();
    let of_type = types.get(kind);
    if of_type.is_none() && !kind.is_empty() {
        return Err(format!(
            "the type {} is in no *.types",
            scrub(kind.as_bytes())
        ));
    }
    let nice = line.nice.or_else(|| of_type?.nice);
    let sched = line.sched.as_ref().or_else(|| of_type?.sched.as_ref());
    let queue = match (nice, sched.map(String::as_str)) {
        (_, Some("idle" | "batch")) => "batch",
        (Some(nice), _) if nice <= PRIORITY_NICE => "priority",
        (Some(nice), _) if nice >= BATCH_NICE => "batch",
        (_, Some("fifo" | "rr")) => "priority",
        _ if line.cgroup.is_some() => return Err("it only names a cgroup".to_owned()),
        _ => {
            return Err(
                "it says neither a nice value nor a policy: such a process is in BATCH anyway"
                    .to_owned(),
            );
        }
    };
    // The kernel keeps 15 bytes of a name.
    let mut end = name.len().min(15);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = String::from("\n[[rule]]\n");
    let pattern = toml_string(&format!("^{}$", regex::escape(&name[..end])));
    let _ = writeln!(text, "name = {pattern}");
    if end < name.len() {
        let pattern = toml_string(&format!("/{}$", regex::escape(name)));
        let _ = writeln!(text, "executable = {pattern}");
    }
    let _ = writeln!(text, "queue = \"{queue}\"");
    if let ("priority", Some(nice @ ..=PRIORITY_NICE)) = (queue, nice) {
        let _ = writeln!(text, "level = {}", level(nice));
    }
    if !kind.is_empty() {
        let _ = writeln!(text, "# type: {}", scrub(kind.as_bytes()));
    }
    Ok(text)
}

/// Returns the level for a nice value below 0: from 134 for -1 to 248 for -20.
fn level(nice: i32) -> u8 {
    let above = 6 * nice.clamp(-20, 0).unsigned_abs();
    u8::try_from(above).map_or(u8::MAX, |above| DEFAULT_LEVEL.saturating_add(above))
}

/// In double quotes, as TOML and JSON both write it.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
