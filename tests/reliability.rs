//! docs/RELIABILITY.md names tests that exist, and every case has a row.

#![allow(clippy::unwrap_used)]

#[path = "support/test_names.rs"]
mod test_names;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../docs/RELIABILITY.md");

#[test]
fn every_test_that_it_names_exists() {
    let names: HashSet<String> = test_names::all().into_iter().collect();
    let rows = PAGE.lines().filter(|line| line.starts_with("| "));
    let named: Vec<&str> = rows
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter(|word| word.contains('_'))
        .collect();
    assert!(named.len() > 60, "{}", named.len());
    for name in named {
        assert!(names.contains(name), "there is no test {name}");
    }
}

#[test]
fn every_case_has_a_row() {
    let rows: Vec<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .collect();
    let numbers = (1..=42).map(|number| number.to_string());
    for case in numbers.chain(["19a", "19b", "19c", "19d", "19e", "19f"].map(str::to_owned)) {
        assert!(rows.contains(&case.as_str()), "case {case} has no row");
    }
}

fn allows_unsafe(text: &str) -> bool {
    let text: String = text.split_whitespace().collect();
    text.contains("allow(unsafe_code")
}

/// The files of src that allow it; the compiler denies it to all others.
fn unsafe_in(dir: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            unsafe_in(&path, files);
        } else if allows_unsafe(&fs::read_to_string(&path).unwrap()) {
            let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
            files.push(path.to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn unsafe_code_is_only_where_it_is_listed() {
    let mut files = Vec::new();
    unsafe_in(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    files.sort();
    let rows = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| src/")?.split(" |").next());
    let listed: Vec<String> = rows.map(|file| format!("src/{file}")).collect();
    assert_eq!(files, listed);
    let manifest = include_str!("../Cargo.toml");
    for lint in [
        "unsafe_code = \"deny\"",
        "undocumented_unsafe_blocks = \"deny\"",
    ] {
        assert!(manifest.contains(lint), "{lint}");
    }
}
