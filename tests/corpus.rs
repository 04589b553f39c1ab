//! The inputs that are kept of every target of fuzz/, thrown at it again: no parser breaks a promise. And
//! what else `make fuzz` needs.

#![allow(clippy::unwrap_used)]

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use targets::TARGETS;
use toml::de::DeTable;

#[test]
fn every_parser_keeps_its_promises_on_all_inputs_that_are_kept() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut folders: Vec<String> = fs::read_dir(&corpus)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, TARGETS.map(|(name, _)| name));
    for (name, target) in TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(corpus.join(name)).unwrap() {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            // Where one fails, this says which.
            println!("{}", path.display());
            target(&input);
            inputs += 1;
        }
        assert!(inputs > 3, "{name} has {inputs} inputs");
    }
}

/// `make fuzz` refuses to build with other crates than those of its own list.
#[test]
fn fuzz_targets_use_the_programs_crate_versions() {
    let read = |name| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let (manifest, list) = (read("Cargo.toml"), read("fuzz/Cargo.lock"));
    let manifest = DeTable::parse(&manifest).unwrap();
    let wanted: BTreeSet<&str> = ["dependencies", "build-dependencies"]
        .iter()
        .flat_map(|&kind| {
            manifest.get_ref()[kind]
                .get_ref()
                .as_table()
                .unwrap()
                .keys()
        })
        .map(|name| name.get_ref().as_ref())
        .collect();

    let list = DeTable::parse(&list).unwrap();
    let packages = list.get_ref()["package"].get_ref().as_array().unwrap();
    let mut packages = packages
        .iter()
        .map(|package| package.get_ref().as_table().unwrap());
    let ours = packages.find(|package| package["name"].get_ref().as_str() == Some("dualq-top"));
    let locked: BTreeSet<&str> = ours.unwrap()["dependencies"]
        .get_ref()
        .as_array()
        .unwrap()
        .iter()
        // A version follows where there are several.
        .map(|name| name.get_ref().as_str().unwrap().split(' ').next().unwrap())
        .collect();
    assert_eq!(
        locked, wanted,
        "cargo metadata --manifest-path fuzz/Cargo.toml mends it"
    );
}
