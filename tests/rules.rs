//! `rules check`, `rules test` and `rules import`, from outside and without a kernel of ours.

#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use dualq_top::model::Queue;
use dualq_top::rules::{Field, Place, Rule, RuleSet, Subject};

/// A folder of its own for a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dualq-rules-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn rules(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dualq-top"))
        .arg("rules")
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn every_fault_is_told_with_its_line_and_a_remedy() {
    let folder = Folder::new("faults");
    let text = "# a comment\n[[rule]]\nname = \"(\"\n\n[[rule]]\nnmae = \"^a$\"\n\n[[rule]]\nqueue = \"fast\"\nname = \"^a$\"\n\n\
                [[rule]]\nqueue = \"batch\"\n\n[[rule]]\nname = \".*\"\nuser = \"\"\n\n[[rules]]\n\n[[rule]]\nname = 7\n\n\
                [[rule]]\nname = \"^a$\"\nqueue = \"batch\"\nchildren = true\n\n\
                [[rule]]\nname = \"^a$\"\nlevel = 256\n\n[[rule]]\nname = \"^a$\"\nqueue = \"batch\"\nlevel = 1\n";
    let file = folder.write("rules.toml", text);
    let output = rules(&["check", "--rules", &file]);
    assert_eq!(output.status.code(), Some(2));
    let said = stdout(&output);
    let expected = [
        (3, "invalid regular expression \"(\": unclosed group"),
        (6, "unknown name \"nmae\": did you mean \"name\"?"),
        (9, "expected \"priority\" or \"batch\""),
        (12, "matches everything: add a condition"),
        (15, "matches everything: add a condition"),
        (19, "unknown name \"rules\": a rule begins with [[rule]]"),
        (22, "expected a regular expression in quotes"),
        (24, "leave `children` out"),
        (31, "expected a whole number from 0 to 255"),
        (33, "leave `level` out"),
    ];
    for (line, fault) in expected {
        let at = format!("{file}:{line}: ");
        let found = said.lines().find(|said| said.starts_with(&at));
        assert!(
            found.is_some_and(|found| found.contains(fault)),
            "{line} {fault}: {said}"
        );
    }
    assert_eq!(said.lines().count(), expected.len(), "{said}");
    assert!(stderr(&output).contains("10 faults"), "{output:?}");
}

#[test]
fn whatever_the_file_is_it_is_refused_or_read() {
    let folder = Folder::new("files");
    let check = |file: &str| rules(&["check", "--rules", file]).status.code();
    assert_eq!(check(&folder.write("empty", "")), Some(0));
    assert_eq!(check(&folder.write("toml", "[[rule]")), Some(2));
    assert_eq!(check(&folder.write("number", "rule = 3")), Some(2));
    assert_eq!(check("/dev/null"), Some(2));
    assert_eq!(check(folder.0.to_str().unwrap()), Some(2));
    assert_eq!(check("/no/such/file"), Some(2));
    let sample = include_str!("../assets/rules.toml");
    let uncommented = sample.replace("\n#", "\n");
    for end in
        (0..uncommented.len()).filter(|end| end % 97 == 0 && uncommented.is_char_boundary(*end))
    {
        let file = folder.write("cut", &uncommented[..end]);
        assert!([Some(0), Some(2)].contains(&check(&file)), "{end}");
    }
    let output = rules(&["check", "--rules", &folder.write("sample", sample)]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn the_first_rule_that_matches_is_named_with_its_reasons() {
    let folder = Folder::new("test");
    let text = "[[rule]]\nname = \"^sh$\"\ncommand = \"nothing like it\"\n\n\
                [[rule]]\nexecutable = \"/(dash|bash|busybox|sh)$\"\ncommand = \"^sh -c true$\"\nchildren = true\nlevel = 200\n\n\
                [[rule]]\nname = \"^sh$\"\nqueue = \"batch\"\n";
    let file = folder.write("rules.toml", text);
    let output = rules(&["test", "--rules", &file, "--", "sh", "-c", "true"]);
    let said = stdout(&output);
    assert!(
        said.starts_with(&format!("{file}:5 → PRIORITY, level 200, with children\n")),
        "{said}"
    );
    assert!(
        said.contains("command = \"^sh -c true$\" matches \"sh -c true\""),
        "{said}"
    );
    let none = stdout(&rules(&["test", "--rules", &file, "--", "ls"]));
    assert!(none.starts_with("no rule matches"), "{none}");
    assert!(none.contains("name: \"ls\""), "{none}");

    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    let file = folder.write(
        "sleep.toml",
        "[[rule]]\ncommand = \"^sleep 1000$\"\nparent = \".\"\n",
    );
    let pid = child.id().to_string();
    // Until its exec it has another command line.
    while !stdout(&rules(&["test", "--rules", &file, &pid])).starts_with(&format!("{file}:1 →")) {
        assert!(child.try_wait().unwrap().is_none());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = rules(&["test", "--rules", &file, &pid]);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

#[test]
fn the_manual_page_and_the_sample_name_every_condition() {
    let page = include_str!("../assets/man/dualq-rules.5");
    let sample = include_str!("../assets/rules.toml");
    let words = Field::ALL
        .map(Field::key)
        .into_iter()
        .chain(["queue", "children"]);
    for word in words {
        assert!(page.contains(&format!(".B {word}\n")), "{word}");
        assert!(sample.contains(&format!("\n#   {word} ")), "{word}");
    }
}

#[test]
fn rules_of_ananicy_become_ours_and_the_rest_is_listed() {
    let folder = Folder::new("ananicy");
    folder.write(
        "00-types.types",
        "# types\n{ \"type\": \"Player-Video\", \"nice\": -3, \"ioclass\": \"best-effort\" }\n\
         {\"type\":\"BG_CPUIO\",\"nice\":16,\"ioclass\":\"idle\",\"sched\":\"idle\"}\n{\"type\":\"Doc-View\",\"nice\":0}\n",
    );
    folder.write(
        "00-default/media/mpv.rules",
        "# https://mpv.io\n{\"name\":\"mpv\",\"type\":\"Player-Video\"} # trailing\n{\"name\":\"gtk+ player.bin\",\"type\":\"Player-Video\"}\n",
    );
    folder.write(
        "00-default/build.rules",
        "{\"name\":\"a-compiler-with-a-long-name\",\"type\":\"BG_CPUIO\"}\n{\"name\":\"evince\",\"type\":\"Doc-View\"}\n\
         {\"name\":\"x\",\"type\":\"No-Such\"}\nnonsense\n{\"name\":\"y\",\"cgroup\":\"cpu80\"}\n{\"name\":\"z\",\"nice\":5}\n",
    );
    let output = rules(&["import", "ananicy", folder.0.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let (toml, left_out) = (stdout(&output), stderr(&output));
    let file = folder.write("imported.toml", &toml);
    let checked = rules(&["check", "--rules", &file]);
    assert!(
        stdout(&checked).starts_with("4 rules in 1 file: no faults"),
        "{checked:?} {toml}"
    );
    for (command, effect) in [
        ("mpv", "PRIORITY, level 146"),
        ("gtk+ player.bin", "PRIORITY, level 146"),
        ("a-compiler-with-a-long-name", "BATCH"),
        ("z", "BATCH"),
    ] {
        let path = folder.write(&format!("bin/{command}"), "");
        let said = stdout(&rules(&["test", "--rules", &file, "--", &path]));
        assert!(
            said.lines()
                .next()
                .unwrap()
                .ends_with(&format!("→ {effect}")),
            "{command}: {said}"
        );
    }
    for reason in [
        "build.rules:2: it says neither",
        "build.rules:3: the type No-Such",
        "build.rules:4: it is no JSON",
        "build.rules:5: it only names a cgroup",
    ] {
        assert!(left_out.contains(reason), "{reason}: {left_out}");
    }
    assert!(left_out.contains("4 rules taken over, 4 not"), "{left_out}");
}

/// A process of which everything is known, as of one whose exec the kernel has just reported.
struct Known {
    name: String,
}

impl Subject for Known {
    fn text(&mut self, field: Field) -> Option<Cow<'_, str>> {
        Some(match field {
            Field::Name => Cow::Borrowed(&self.name),
            Field::User => "ana".into(),
            Field::Parent => "make".into(),
            Field::Executable => "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus".into(),
            Field::Command => "cc1plus -quiet -imultiarch x86_64-linux-gnu main.cpp".into(),
            Field::Unit => "session-3.scope".into(),
            Field::Cgroup => "/user.slice/user-1000.slice/session-3.scope".into(),
        })
    }
}

/// As many rules, nine of ten with an exact name, the others with expressions over several fields.
fn many(count: usize) -> RuleSet {
    let rule = |number: usize| {
        let conditions = match number % 20 {
            0 => vec![(Field::Name, format!("^worker{number}-[0-9]+$"))],
            1 => vec![
                (Field::Command, format!("--job={number}( |$)")),
                (Field::User, "^ana$".to_owned()),
            ],
            _ => vec![(Field::Name, format!("^program-{number}$"))],
        };
        Rule {
            place: Place {
                file: Path::new("x").into(),
                line: number,
            },
            conditions,
            queue: Queue::Priority,
            children: false,
            level: None,
        }
    };
    RuleSet::new((0..count).map(rule).collect()).unwrap()
}

/// The shortest of many rounds over some names, for each of them.
fn nanoseconds_each(set: &RuleSet) -> u128 {
    let names = ["cc1plus", "program-4444", "worker40-17", "sh", "make", "ld"];
    let round = || {
        let begin = Instant::now();
        for name in names {
            let mut known = Known {
                name: name.to_owned(),
            };
            std::hint::black_box(set.first(&mut known));
        }
        begin.elapsed().as_nanos() / names.len() as u128
    };
    (0..300).map(|_| round()).min().unwrap()
}

#[test]
fn thousands_of_rules_cost_little_more_than_a_few() {
    let (few, thousands) = (many(40), many(10_000));
    let mut known = Known {
        name: "program-4444".to_owned(),
    };
    assert_eq!(thousands.first(&mut known).unwrap().place.line, 4444);
    let (few, thousands) = (nanoseconds_each(&few), nanoseconds_each(&thousands));
    println!("40 rules: {few} ns a start; 10,000 rules: {thousands} ns");
    assert!(thousands < few * 25, "{few} ns, {thousands} ns");
}
