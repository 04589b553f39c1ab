//! Measures the cost of the dashboard beside htop and btop: `make bench-dashboard`.
//!
//! Thousands of sleeping processes, and each program in turn in a terminal of 120×40 with a look each
//! second: CPU time over the same span, memory, time to the first whole screen. It prints tables in
//! Markdown and says which goals hold; it is no test, and never fails for being slow.

#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod herd;
mod measure;
mod report;

use std::path::{Path, PathBuf};

use herd::Herd;
use measure::{Figures, measure};

/// A program that is measured.
#[derive(Debug, Clone)]
pub struct Program {
    pub label: &'static str,
    command: Vec<String>,
    /// Its version, shortened.
    pub version: String,
    /// As root, or as a user without rights.
    with_rights: bool,
}

/// All rounds of one program at one size.
pub struct Row {
    pub program: Program,
    pub rounds: Vec<Figures>,
}

struct Options {
    sizes: Vec<usize>,
    rounds: usize,
    seconds: u64,
    /// An earlier dualq-top, to be measured in the same run.
    before: Option<PathBuf>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, count] = &arguments[..]
        && word == "herd"
    {
        return herd::serve(count.parse().expect("a number of processes"));
    }
    let options = options(&arguments);
    let room = Room::new();
    let programs = programs(&room, options.before.as_deref());
    report::head(&programs, go_first());
    for size in options.sizes {
        let herd = Herd::start(size);
        let mut rows: Vec<Row> = programs
            .iter()
            .map(|program| Row {
                program: program.clone(),
                rounds: Vec::new(),
            })
            .collect();
        // Interleaved, so that what else the machine does meets all of them.
        for round in 1..=options.rounds {
            for row in &mut rows {
                eprintln!("==> {size} processes, round {round}: {}", row.program.label);
                let figures = measure(&row.program, &room, options.seconds);
                row.rounds.push(figures);
            }
        }
        drop(herd);
        report::table(size, &rows);
        report::goals(size, &rows);
    }
}

/// Gives this program and its children real-time priority, so that other work on the machine does not affect
/// times of milliseconds. Returns false if this is not allowed.
fn go_first() -> bool {
    let priority = libc::sched_param { sched_priority: 1 };
    // SAFETY: the kernel reads the parameters during the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_RR, &raw const priority) == 0 }
}

fn options(arguments: &[String]) -> Options {
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let number = |name: &str, default: usize| {
        value(name).map_or(default, |text| text.parse().expect("a number"))
    };
    Options {
        sizes: value("--sizes").map_or_else(
            || vec![2000, 10_000],
            |list| {
                let sizes = list.split(',');
                sizes.map(|size| size.parse().expect("a size")).collect()
            },
        ),
        rounds: number("--rounds", 3),
        seconds: number("--seconds", 20) as u64,
        before: value("--before").map(PathBuf::from),
    }
}

/// A directory with what the programs need, gone with this program: the dashboard where a user
/// without rights can run it, and configurations of our making, not the user's.
pub struct Room(PathBuf);

impl Room {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("dualq-bench.{}", std::process::id()));
        let room = Self(path);
        let open = |path: &PathBuf| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        for who in ["root", "nobody"] {
            let btop = room.0.join(who).join("btop");
            std::fs::create_dir_all(&btop).unwrap();
            // It looks each two seconds by itself.
            std::fs::write(btop.join("btop.conf"), "update_ms = 1000\n").unwrap();
            open(&room.0.join(who));
            if rustix::process::geteuid().is_root() && who == "nobody" {
                for path in [room.0.join(who), btop.clone(), btop.join("btop.conf")] {
                    std::os::unix::fs::chown(path, Some(measure::NOBODY), Some(measure::NOBODY))
                        .unwrap();
                }
            }
        }
        open(&room.0);
        std::fs::copy(env!("CARGO_BIN_EXE_dualq-top"), room.program()).unwrap();
        open(&room.program());
        room
    }

    fn program(&self) -> PathBuf {
        self.0.join("dualq-top")
    }

    /// Returns the home directory with the configurations.
    #[must_use]
    pub fn home(&self, with_rights: bool) -> PathBuf {
        self.0.join(if with_rights { "root" } else { "nobody" })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn programs(room: &Room, before: Option<&Path>) -> Vec<Program> {
    let dualq = room.program().to_str().unwrap().to_owned();
    let before = before.map(|path| path.to_str().expect("a path in UTF-8"));
    let earlier = before.map(|path| ("dualq-top before, --view", vec![path, "--view"], true));
    let all = [
        ("dualq-top --view", vec![&*dualq, "--view"], true),
        ("htop", vec!["htop", "-d", "10"], true),
        ("btop", vec!["btop", "--utf-force"], true),
        (
            "dualq-top --view, no rights",
            vec![&*dualq, "--view"],
            false,
        ),
        ("btop, no rights", vec!["btop", "--utf-force"], false),
    ];
    let root = rustix::process::geteuid().is_root();
    all.into_iter()
        .chain(earlier)
        .filter(|(_, _, with_rights)| root || !with_rights)
        .map(|(label, command, with_rights)| Program {
            label,
            version: version(command[0]),
            command: command.into_iter().map(str::to_owned).collect(),
            with_rights,
        })
        .collect()
}

/// The first word with a digit in what it says of itself.
fn version(program: &str) -> String {
    let said = std::process::Command::new(program)
        .arg("--version")
        .output()
        .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let word = said
        .split_whitespace()
        .find(|word| word.contains(|c: char| c.is_ascii_digit()));
    word.unwrap_or("?").to_owned()
}
