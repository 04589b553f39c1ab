//! The house: no two files import each other in a circle, and each folder keeps to what its head says.

#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "support/test_names.rs"]
mod test_names;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex_lite::Regex;

/// The names of a module from the root of src on: `tui`, `app`.
type Module = Vec<String>;

/// A file of src and its text, without comments, strings and tests.
struct Source {
    text: String,
    /// The first comment of the file.
    head: String,
    /// It has others below it, and their items are its own where it re-exports them.
    has_children: bool,
}

/// An import: the names of its path, as they are written.
struct Import {
    path: Vec<String>,
    alias: Option<String>,
    reexports: bool,
}

struct House {
    sources: BTreeMap<Module, Source>,
    imports: BTreeMap<Module, Vec<Import>>,
}

impl House {
    fn read() -> Self {
        let mut sources = BTreeMap::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        collect(&root, &root, &mut sources);
        let known: Vec<Module> = sources.keys().cloned().collect();
        for (module, source) in &mut sources {
            let mut children = known.iter().filter(|other| {
                other.len() == module.len() + 1 && other.starts_with(module.as_slice())
            });
            source.has_children = children.next().is_some();
        }
        let imports = sources
            .iter()
            .map(|(module, source)| (module.clone(), imports(&source.text)))
            .collect();
        Self { sources, imports }
    }

    /// Returns the file in which the item of a path lives, through what is re-exported.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let mut base = from.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" | "dualq_top" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            _ => {
                let mut child = from.clone();
                child.push(rest[0].clone());
                if !self.sources.contains_key(&child) {
                    return None;
                }
            }
        }
        while let Some(name) = rest.first() {
            base.push(name.clone());
            if self.sources.contains_key(&base) {
                rest = &rest[1..];
                continue;
            }
            base.pop();
            let reexport = self.imports.get(&base)?.iter().find(|import| {
                import.reexports && import.alias.as_ref().or(import.path.last()) == Some(name)
            });
            return match reexport {
                Some(import) if depth < 8 => {
                    let path = [&import.path, &rest[1..]].concat();
                    self.resolve(&base, &path, depth + 1)
                }
                _ => Some(base),
            };
        }
        Some(base)
    }

    /// The other files that each file needs.
    fn edges(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut edges = BTreeMap::new();
        for (module, source) in &self.sources {
            let used = self.imports[module]
                .iter()
                // To pass something on is no use of it.
                .filter(|import| !(import.reexports && source.has_children))
                .filter_map(|import| self.resolve(module, &import.path, 0))
                .filter(|used| used != module && !used.is_empty());
            edges.insert(module.clone(), used.collect());
        }
        edges
    }

    /// The folders, each with the text that heads it.
    fn folders(&self) -> impl Iterator<Item = (&Module, &str)> {
        let folders = self.sources.iter();
        let folders = folders.filter(|(module, source)| source.has_children && !module.is_empty());
        folders.map(|(module, source)| (module, source.head.as_str()))
    }
}

fn collect(root: &Path, dir: &Path, sources: &mut BTreeMap<Module, Source>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().with_extension("");
            let mut module: Module = name
                .iter()
                .map(|part| part.to_str().unwrap().into())
                .collect();
            if module
                .last()
                .is_some_and(|last| last == "mod" || last == "lib")
            {
                module.pop();
            }
            if module == ["main"] {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let head = text.lines().map_while(|line| line.strip_prefix("//!"));
            let head = head.map(str::trim).collect::<Vec<_>>().join("\n");
            let source = Source {
                text: code(&text),
                head,
                has_children: false,
            };
            sources.insert(module, source);
        }
    }
}

/// The text without comments, strings and tests.
fn code(text: &str) -> String {
    let tests = Regex::new(r"#\[cfg\(test\)\]\s*mod tests").unwrap();
    let text = text
        .split('\n')
        .map(|line| line.split("//").next().unwrap());
    let text = text.collect::<Vec<_>>().join("\n");
    let end = tests.find(&text).map_or(text.len(), |found| found.start());
    let strings = Regex::new(r#""(\\.|[^"\\])*""#).unwrap();
    strings.replace_all(&text[..end], "\"\"").into_owned()
}

fn imports(text: &str) -> Vec<Import> {
    let uses = Regex::new(r"\b(pub(?:\([a-z ]+\))?\s+)?use\s+([^;]+);").unwrap();
    let mut imports = Vec::new();
    for found in uses.captures_iter(text) {
        let tree: String = found[2].split_whitespace().collect::<Vec<_>>().join(" ");
        for path in expanded(&tree) {
            let (path, alias) = match path.split_once(" as ") {
                Some((path, alias)) => (path.to_owned(), Some(alias.trim().to_owned())),
                None => (path, None),
            };
            let mut path = names(&path);
            if path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            imports.push(Import {
                path,
                alias,
                reexports: found.get(1).is_some(),
            });
        }
    }
    // Paths in the code itself.
    let rest = uses.replace_all(text, "");
    let paths = Regex::new(r"[A-Za-z_]\w*(::[A-Za-z_]\w*)+").unwrap();
    for found in paths.find_iter(&rest) {
        imports.push(Import {
            path: names(found.as_str()),
            alias: None,
            reexports: false,
        });
    }
    imports
}

fn names(path: &str) -> Vec<String> {
    path.split("::")
        .map(|name| name.trim().to_owned())
        .collect()
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn expanded(tree: &str) -> Vec<String> {
    let Some((before, after)) = tree.split_once('{') else {
        return vec![tree.trim().to_owned()];
    };
    let (inner, _) = after.rsplit_once('}').unwrap();
    let mut depth = 0;
    let parts = inner.split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts
        .filter(|part| !part.trim().is_empty())
        .flat_map(|part| expanded(part.trim()))
        .map(|part| format!("{}{part}", before.trim()))
        .collect()
}

/// Returns a circle: each of these needs the next, and the last the first.
fn circle(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    /// Walks on from the end of the way; `done` are those that lead into no circle.
    fn walk<'a>(
        edges: &'a BTreeMap<Module, BTreeSet<Module>>,
        way: &mut Vec<&'a Module>,
        done: &mut BTreeSet<&'a Module>,
    ) -> Option<Vec<String>> {
        let here = *way.last().unwrap();
        for next in edges.get(here).into_iter().flatten() {
            if let Some(begin) = way.iter().position(|module| *module == next) {
                return Some(
                    way[begin..]
                        .iter()
                        .map(|module| module.join("::"))
                        .collect(),
                );
            }
            if !done.contains(next) {
                way.push(next);
                let found = walk(edges, way, done);
                if found.is_some() {
                    return found;
                }
                way.pop();
            }
        }
        done.insert(here);
        None
    }
    let mut done = BTreeSet::new();
    edges
        .keys()
        .find_map(|begin| walk(edges, &mut vec![begin], &mut done))
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let edges = House::read().edges();
    let count: usize = edges.values().map(BTreeSet::len).sum();
    assert!(count > 500, "the imports are found: {count}");
    assert_eq!(circle(&edges), None, "these import each other");
}

#[test]
fn no_folders_import_each_other_in_a_circle() {
    let mut folders: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (from, used) in House::read().edges() {
        for to in used
            .into_iter()
            .filter(|to| to[0] != from.first().map_or("", |name| name))
        {
            let from = from[..from.len().min(1)].to_vec();
            folders.entry(from).or_default().insert(to[..1].to_vec());
        }
    }
    assert!(folders.len() > 10, "{folders:?}");
    assert_eq!(circle(&folders), None, "these import each other");
}

/// The modules that a folder's head allows: `tui::app` allows all that is below it too.
fn allowed(head: &str) -> Option<Vec<Module>> {
    let after = head.split("It may import: ").nth(1)?;
    let sentence = after.split("It must never know").next()?;
    let words = sentence.split('`').skip(1).step_by(2);
    Some(words.map(names).collect())
}

#[test]
fn every_folder_says_what_it_may_import_and_keeps_to_it() {
    let house = House::read();
    let edges = house.edges();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (folder, head) in house.folders() {
        count += 1;
        let name = folder.join("::");
        let (Some(allowed), true) = (allowed(head), head.contains("It must never know: ")) else {
            wrong.push(format!(
                "{name} does not say what it may import and must never know"
            ));
            continue;
        };
        let mut used = BTreeSet::new();
        for (module, imports) in &edges {
            if module.starts_with(folder) {
                used.extend(imports.iter().filter(|import| !import.starts_with(folder)));
            }
        }
        for import in &used {
            if !allowed.iter().any(|allowed| import.starts_with(allowed)) {
                wrong.push(format!("{name} imports {}", import.join("::")));
            }
        }
        for allowed in &allowed {
            if !used.iter().any(|import| import.starts_with(allowed)) {
                wrong.push(format!("{name} does not need {}", allowed.join("::")));
            }
        }
    }
    assert!(count > 15, "{count} folders");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Names that said nothing to a reader, and what stands for them now.
const REPLACED: &[(&str, &str)] = &[
    ("Hands|hands", "Effects, Executor"),
    ("Keeper", "SchedulerThread, LoadSupervisor"),
    ("Errand", "MoveBatch"),
    ("Heir|heir", "Standby"),
    ("Hold", "CurrentScheduler"),
    ("News", "SchedulerEvent, Playback"),
    ("Ruler|ruler", "ActiveScheduler"),
    ("Word", "SamplerRequest"),
    ("crew", "Workers"),
    ("drill", "failpoint"),
    ("give_up|put_off", "drop_unneeded, with_signals_blocked"),
    ("unowned", "orphan"),
];

#[test]
fn replaced_names_are_not_used_again() {
    let sources = House::read().sources;
    let mut wrong = Vec::new();
    for (names, now) in REPLACED {
        let names = Regex::new(&format!(r"\b(?:{names})\b")).unwrap();
        for (module, source) in &sources {
            if let Some(found) = names.find(&source.text) {
                let (name, file) = (found.as_str(), module.join("::"));
                wrong.push(format!("{file}: {name}, now {now}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_of_tests_have_at_most_60_characters() {
    let mut names = test_names::all();
    assert!(names.len() > 500, "{} tests", names.len());
    names.retain(|name| name.len() > 60);
    assert!(names.is_empty(), "{}", names.join("\n"));
}

#[test]
fn names_of_tests_begin_with_their_subject() {
    let mut names = test_names::all();
    names.retain(|name| {
        ["who_", "what_", "where_"]
            .iter()
            .any(|word| name.starts_with(word))
    });
    assert!(names.is_empty(), "{}", names.join("\n"));
}

#[test]
fn imports_and_circles_are_found() {
    let text = "use crate::a::{b, c::{self, D as E}};\nfn f() { super::g::h(\"x::y\") } // p::q";
    let found: Vec<String> = imports(&code(text))
        .iter()
        .map(|i| i.path.join("::"))
        .collect();
    assert_eq!(
        found,
        [
            "crate::a::b",
            "crate::a::c",
            "crate::a::c::D",
            "super::g::h"
        ]
    );
    let edge = |from: &str, to: &[&str]| (names(from), to.iter().map(|to| names(to)).collect());
    let mut edges = BTreeMap::from([edge("a", &["b"]), edge("b", &["c", "d"]), edge("c", &[])]);
    assert_eq!(circle(&edges), None);
    edges.extend([edge("d", &["b"])]);
    assert_eq!(circle(&edges).unwrap(), ["b", "d"]);
}
