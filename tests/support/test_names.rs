//! The names of the project's tests.

use std::fs;
use std::path::Path;

use regex_lite::Regex;

/// Returns the names of all functions that follow a `#[test]`, in `src` and `tests`.
pub fn all() -> Vec<String> {
    let mut names = Vec::new();
    for dir in ["src", "tests"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut names);
    }
    names
}

fn collect(dir: &Path, names: &mut Vec<String>) {
    let test = Regex::new(r"#\[test\]\s+(?:#\[[^\]]*\]\s+)*fn (\w+)").unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            names.extend(test.captures_iter(&text).map(|found| found[1].to_owned()));
        }
    }
}
