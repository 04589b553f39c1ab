//! Comments, messages and documents use the words of docs/GLOSSARY.md, and plain English.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use dualq_top::tui::ui::help::WORDS;
use regex_lite::Regex;

/// Words that are not used, and what to write instead. `^` is the start of a sentence or a comment.
const BANNED: &[(&str, &str)] = &[
    (r"\banew\b", "again"),
    (
        r"\b(or|would|could|might|and) else\b|, else\b|\bwho else\b",
        "otherwise",
    ),
    (r"^Who\b", "a task that …, or the thing's name"),
    (r"\d [µm]?s in the middle\b", "median"),
    (r"\b(are|is) no longer than\b", "at most"),
    (r"\bcut short\b", "preempted"),
    (
        r"\bno more members\b|\bis none: they\b",
        "the error's cause",
    ),
    (
        r"\bfor want of\b|\bfor lack of\b",
        "without, because … is missing",
    ),
    (r"\bmay well\b", "is likely to"),
    (r"\bat the hardest\b|\bthe hard way\b", "with SIGKILL"),
];

/// First lines of doc comments: a statement with a verb, no question and no bare noun clause.
const BANNED_IN_DOC_COMMENTS: &[(&str, &str)] = &[
    (r"^(What|Who|Where|How|Which)\b", "Returns …, The …"),
    (r"^Has\b", "Starts …, Asks … to"),
    (r"\?$", "Returns whether …"),
];

/// Folders and files that follow the rules.
const CLEAN: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "Makefile",
    "assets/config.toml",
    "bench",
    "build.rs",
    "docs",
    "fuzz/src",
    "src",
    "tests",
    "vm",
];

/// Not checked: this list of words.
const EXCEPT: &[&str] = &["tests/words.rs"];

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            files(&entry.unwrap().path(), found);
        }
    } else if fs::read(path).is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok()) {
        found.push(path.to_owned());
    }
}

/// One piece of prose, with the line on which it begins.
struct Prose {
    line: usize,
    text: String,
    doc: bool,
}

/// Returns the prose of a file: all of a document; the comments and strings of code.
fn prose(path: &Path) -> Vec<Prose> {
    let text = fs::read_to_string(path).unwrap();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let string = Regex::new(r#""((?:[^"\\]|\\.)*)""#).unwrap();
    let mut all: Vec<Prose> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let (comment, doc) = match extension {
            Some("rs" | "c" | "h") => {
                let doc = trimmed.starts_with("///") || trimmed.starts_with("//!");
                let star = trimmed.starts_with("/*") || trimmed.starts_with("* ");
                let comment = if doc || star {
                    Some(trimmed.trim_start_matches(['/', '!', '*', ' ']))
                } else {
                    let behind = line.split_once("// ").or(line.split_once("/* "));
                    behind.map(|(_, comment)| comment)
                };
                (comment, doc)
            }
            Some("md" | "snap") => (Some(trimmed), false),
            // Scripts, Makefile, settings.
            _ => (trimmed.strip_prefix("# "), false),
        };
        if let Some(comment) = comment {
            match all.last_mut().filter(|_| open && !comment.is_empty()) {
                Some(last) => {
                    last.text.push(' ');
                    last.text.push_str(comment);
                }
                None => all.push(Prose {
                    line: number + 1,
                    text: comment.to_owned(),
                    doc,
                }),
            }
            open = !comment.is_empty() && !comment.starts_with('|');
        } else {
            open = false;
            if extension == Some("rs") {
                all.extend(string.captures_iter(line).map(|found| Prose {
                    line: number + 1,
                    text: found[1].to_owned(),
                    doc: false,
                }));
            }
        }
    }
    all
}

/// Returns the faults of one piece of prose: the words, and what to write instead.
fn faults(prose: &Prose) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    let mut check = |text: &str, banned: &[(&str, &'static str)]| {
        for (pattern, instead) in banned {
            for word in Regex::new(pattern).unwrap().find_iter(text) {
                found.push((word.as_str().to_owned(), *instead));
            }
        }
    };
    let sentence = Regex::new(r"(?:[.!?:;]|^[-*|]|\|)\s+").unwrap();
    for text in sentence.split(&prose.text) {
        check(text, BANNED);
    }
    if prose.doc {
        let first = prose.text.split(". ").next().unwrap();
        check(first.trim_end_matches('.'), BANNED_IN_DOC_COMMENTS);
    }
    found
}

#[test]
fn banned_words_are_not_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // `WORDS=src/ui cargo test --test words` checks another folder.
    let asked = std::env::var("WORDS").ok();
    let paths = asked.as_deref().map_or(CLEAN.to_vec(), |asked| vec![asked]);
    let mut all = Vec::new();
    for path in paths {
        let mut found = Vec::new();
        files(&root.join(path), &mut found);
        assert!(!found.is_empty(), "{path}");
        found.retain(|file| {
            EXCEPT
                .iter()
                .all(|except| !file.starts_with(root.join(except)))
        });
        for file in found {
            let name = file
                .strip_prefix(root)
                .unwrap_or(&file)
                .display()
                .to_string();
            for prose in prose(&file) {
                for (word, instead) in faults(&prose) {
                    all.push(format!("{name}:{}: {word:?}: {instead}", prose.line));
                }
            }
        }
    }
    assert!(
        all.is_empty(),
        "{} banned words:\n{}",
        all.len(),
        all.join("\n")
    );
}

#[test]
fn words_of_the_help_are_in_the_glossary() {
    let glossary = include_str!("../docs/GLOSSARY.md");
    for (word, _) in WORDS {
        assert!(glossary.contains(&format!("**{word}**")), "{word}");
    }
}

#[test]
fn glossary_explains_each_term_once() {
    let glossary = include_str!("../docs/GLOSSARY.md");
    let mut terms: Vec<&str> = glossary
        .lines()
        .filter_map(|line| line.strip_prefix("| **")?.split("** |").next())
        .flat_map(|terms| terms.split("**, **"))
        .collect();
    assert!(terms.len() > 40, "{}", terms.len());
    terms.sort_unstable();
    let all = terms.len();
    terms.dedup();
    assert_eq!(terms.len(), all);
}
