//! The inputs that are kept of every target of fuzz/, thrown at it again: no parser breaks a promise.

#![allow(clippy::unwrap_used)]

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

use targets::TARGETS;

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
