//! Version, change log and tag agree, and what packages contain is in the source.

#![allow(clippy::unwrap_used)]

use std::process::Command;

const CHANGELOG: &str = include_str!("../CHANGELOG.md");
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn sections() -> Vec<&'static str> {
    let headings = CHANGELOG
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    headings
        .map(|heading| heading.split(' ').next().unwrap())
        .collect()
}

#[test]
fn the_change_log_begins_with_this_version_or_the_next() {
    let sections = sections();
    let newest = sections.iter().find(|section| **section != "Unreleased");
    assert_eq!(newest, Some(&VERSION), "{sections:?}");
    assert!(
        sections
            .iter()
            .skip(1)
            .all(|section| *section != "Unreleased")
    );
}

#[test]
fn a_tag_on_this_commit_is_this_version() {
    let tags = Command::new("git")
        .args(["tag", "--points-at", "HEAD"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    // Source without its history has no tags.
    let Ok(tags) = tags else { return };
    for tag in String::from_utf8(tags.stdout).unwrap().lines() {
        if let Some(version) = tag.strip_prefix('v') {
            assert_eq!(version, VERSION);
            assert_ne!(sections()[0], "Unreleased");
        }
    }
}

#[test]
fn packages_have_the_version_of_the_manifest() {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/version"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), VERSION);
}

/// The crates' lists have it too, and cargo itself compares the first of them.
#[test]
fn every_file_that_names_the_version_names_this_one() {
    let named = |text: &str, before: &str| {
        let (_, rest) = text.split_once(before).unwrap();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        rest[..end.unwrap()].trim_end_matches('.').to_owned()
    };
    for (text, before) in [
        (include_str!("../README.md"), "**Status**: version "),
        (include_str!("../SECURITY.md"), "Version "),
        (include_str!("../packaging/PKGBUILD"), "pkgver="),
        (
            include_str!("../fuzz/Cargo.lock"),
            "name = \"dualq-top\"\nversion = \"",
        ),
    ] {
        assert_eq!(named(text, before), VERSION, "{before}");
    }
}
