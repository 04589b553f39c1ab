//! Keys and mouse of the process list, through a terminal, on processes that are there.

use crate::support::guest::{PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program;
use crate::support::terminal::Terminal;

/// The rows of the list, from the top.
fn rows(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let head = lines.iter().position(|line| line.contains("COMMAND"));
    let from = head.map_or(lines.len(), |head| head + 1);
    let list = &lines[from..lines.len().saturating_sub(2).max(from)];
    list.iter()
        .copied()
        .filter(|row| !row.trim().is_empty())
        .collect()
}

/// The process id of a row.
fn pid(row: &str) -> Option<u32> {
    row.split_whitespace().find_map(|word| word.parse().ok())
}

fn lists(text: &str, process: u32) -> bool {
    rows(text).iter().any(|row| pid(row) == Some(process))
}

fn attached() -> Terminal {
    let terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached, processes are listed", |text| {
        text.contains("● dualq") && rows(text).len() > 5
    });
    terminal
}

/// Only processes of this name.
fn filter(terminal: &mut Terminal, name: &str) {
    terminal.press(format!("\\{name}\r").as_bytes());
    terminal.wait_for_screen("the filter holds", |text| text.contains("filtered"));
}

fn wait_for_cursor(terminal: &Terminal, process: u32) {
    wait_until("the cursor is on the process", PATIENCE, || {
        pid(&terminal.under_cursor()) == Some(process)
    });
}

#[test]
fn the_list_is_sorted_searched_filtered_and_shown_as_a_tree() {
    let hog = Load::hog().named("needle").start();
    let mut terminal = attached();
    terminal.press(b">\x1b[H\r");
    terminal.wait_for_screen("sorted by process id", |text| {
        text.contains("PID▲") && rows(text).first().and_then(|row| pid(row)) == Some(1)
    });
    terminal.press(b"I");
    terminal.wait_for_screen("the other way round", |text| {
        let first = rows(text).first().and_then(|row| pid(row));
        text.contains("PID▼") && first.is_some_and(|first| first >= hog.pid())
    });
    terminal.press(b"P");
    terminal.wait_for_screen("the busiest first", |text| {
        text.contains("CPU%▼") && rows(text).first().and_then(|row| pid(row)) == Some(hog.pid())
    });
    terminal.press(b"\x1b[F/needle\r");
    wait_for_cursor(&terminal, hog.pid());
    filter(&mut terminal, "needle");
    terminal.wait_for_screen("it alone", |text| {
        rows(text).len() == 1 && lists(text, hog.pid())
    });
    terminal.press(b"\\\x1b");
    terminal.wait_for_screen("all again", |text| rows(text).len() > 5);
    terminal.press(b"t");
    terminal.wait_for_screen("the tree", |text| {
        text.contains("├─") || text.contains("└─")
    });
}

#[test]
fn threads_kernel_threads_and_other_users_come_and_go() {
    let workers = Load::new(&["threads", "3"]).named("workers").start();
    let nobody = Load::hog().named("stranger").user(65_534).start();
    let mut terminal = attached();
    filter(&mut terminal, "workers");
    terminal.wait_for_screen("the process", |text| rows(text).len() == 1);
    terminal.press(b"H");
    let thread = format!("thread of workers ({})", workers.pid());
    terminal.wait_for_screen("its other threads as well", |text| {
        text.matches(&thread).count() == 2 && rows(text).len() == 3
    });
    terminal.press(format!("/{thread}\r ").as_bytes());
    wait_until("space on a thread moves its process", PATIENCE, || {
        maps::members() == [workers.pid()]
    });
    terminal.press(b"H");
    terminal.wait_for_screen("the process alone", |text| rows(text).len() == 1);
    wait_for_cursor(&terminal, workers.pid());

    terminal.press(b"\\\x1b");
    terminal.wait_for_screen("all again", |text| rows(text).len() > 5);
    terminal.press(b">\x1b[H\r\x1b[H");
    terminal.wait_for_screen("kernel threads", |text| text.contains("kthreadd"));
    terminal.press(b"K");
    terminal.wait_for_screen("none", |text| {
        text.contains("Kernel threads are hidden.") && !text.contains("kthreadd")
    });
    terminal.press(b"u6\r");
    terminal.wait_for_screen("one user's alone", |text| {
        rows(text).len() == 1 && lists(text, nobody.pid())
    });
}

#[test]
fn tagged_processes_move_together_and_undo_takes_it_back() {
    let (one, two) = (
        Load::hog().named("first-of-two").start(),
        Load::hog().named("second-of-two").start(),
    );
    let mut both = [one.pid(), two.pid()];
    both.sort_unstable();
    let members = || {
        let mut members = maps::members();
        members.sort_unstable();
        members
    };
    let mut terminal = attached();
    terminal.press(b"/first-of-two\rv/second-of-two\rv");
    terminal.wait_for_screen("two are tagged", |text| text.contains("2 tagged"));
    terminal.press(b" ");
    wait_until("both are members", PATIENCE, || members() == both);
    terminal.wait_for_screen("it is said", |text| text.contains("2 processes → PRIORITY"));
    terminal.press(b"z");
    wait_until("none is", PATIENCE, || members().is_empty());
    terminal.wait_for_screen("it is said", |text| text.contains("Undone: 2 processes"));
    terminal.press(b"U");
    terminal.wait_for_screen("none is tagged", |text| !text.contains("2 tagged"));
}

#[test]
fn screen_pauses_follows_and_refreshes_faster() {
    let mut terminal = attached();
    terminal.press(b"p");
    terminal.wait_for_screen("it stands still", |text| text.contains("PAUSED"));
    let newcomer = Load::hog().named("newcomer").start();
    // Keys work meanwhile, on what is shown.
    terminal.press(b"/newcomer");
    terminal.wait_for_screen("it is not there yet", |text| text.contains("not found"));
    terminal.press(b"\x1b");
    terminal.wait_for_screen("the search is over", |text| !text.contains("not found"));
    terminal.press(b"p");
    terminal.wait_for_screen("it goes on", |text| lists(text, newcomer.pid()));
    terminal.press(b"/newcomer\rF");
    terminal.wait_for_screen("it is followed", |text| text.contains("following"));
    wait_for_cursor(&terminal, newcomer.pid());
    terminal.press(b"[");
    terminal.wait_for_screen("twice as often", |text| {
        text.contains("Refreshing every 0.5 s")
    });
    terminal.press(b"]]");
    terminal.wait_for_screen("half as often", |text| {
        text.contains("Refreshing every 2 s")
    });
}

#[test]
fn a_signal_is_sent_after_a_question_only() {
    let mut victim = Load::hog().named("victim").start();
    let mut terminal = attached();
    terminal.press(b"/victim\rk");
    let to = format!("Send to victim ({})", victim.pid());
    terminal.wait_for_screen("the signals", |text| text.contains(&to));
    terminal.press(b"\r");
    terminal.wait_for_screen("the question", |text| {
        text.contains("Send SIGTERM to victim")
    });
    terminal.press(b"n");
    terminal.wait_for_screen("no", |text| text.contains("No signal was sent."));
    assert!(!victim.has_ended());
    terminal.press(b"k\ry");
    wait_until("the process has ended", PATIENCE, || victim.has_ended());
    terminal.wait_for_screen("it is said", |text| text.contains("SIGTERM sent to victim"));
}

#[test]
fn the_mouse_sorts_selects_and_scrolls() {
    let hog = Load::hog().start();
    let mut terminal = attached();
    let head_of = |text: &str| text.lines().position(|line| line.contains("COMMAND"));
    let head = head_of(&terminal.screen()).unwrap();
    terminal.click(7, head);
    terminal.wait_for_screen("sorted by process id", |text| text.contains("PID▲"));
    terminal.click(7, head);
    terminal.wait_for_screen("the newest on top", |text| {
        text.contains("PID▼") && lists(text, hog.pid())
    });
    let place = |text: &str| {
        let found = text
            .lines()
            .position(|line| line.contains(&hog.pid().to_string()));
        found.unwrap()
    };
    terminal.click(40, place(&terminal.screen()));
    wait_for_cursor(&terminal, hog.pid());
    let below = rows(&terminal.screen())
        .iter()
        .skip_while(|row| pid(row) != Some(hog.pid()))
        .nth(3)
        .and_then(|row| pid(row))
        .unwrap();
    terminal.press(b"\x1b[<65;10;20M");
    wait_for_cursor(&terminal, below);
    terminal.press(b"\x1b[<64;10;20M");
    wait_for_cursor(&terminal, hog.pid());
}

#[test]
fn keys_and_guarantee_come_from_the_settings_of_root() {
    let hog = Load::hog().named("encoder").start();
    let directory = std::path::Path::new("/tmp/settings/dualq-top");
    std::fs::create_dir_all(directory).unwrap();
    let text = "batch-guarantee = 25\nsort = \"PID\"\n[keys]\ntoggle = \"F2\"\n";
    std::fs::write(directory.join("config.toml"), text).unwrap();
    let mut command = program::command();
    command.env("XDG_CONFIG_HOME", "/tmp/settings");
    let mut terminal = Terminal::start(command, 30, 130);
    terminal.wait_for_screen("guarantee, order and key are those of the file", |text| {
        text.contains("guarantee 25 %")
            && text.contains("PID▲")
            && text.contains("F2 PRIORITY/BATCH")
    });
    terminal.press(b"/encoder\r \x1bOQ");
    wait_until("F2 moves it, space does not", PATIENCE, || {
        maps::members() == [hog.pid()]
    });
    terminal.press(b"q");
    assert!(terminal.wait(PATIENCE).success());
    // Somebody else's settings are not root's.
    std::os::unix::fs::chown(directory.join("config.toml"), Some(65_534), None).unwrap();
    let mut command = program::command();
    command.env("XDG_CONFIG_HOME", "/tmp/settings");
    let terminal = Terminal::start(command, 30, 130);
    terminal.wait_for_screen("it says so and goes on without", |text| {
        text.contains("Defaults in use") && text.contains("guarantee 10 %")
    });
}
