//! Order, tree and filters of the list.

use dualq_top::model::Queue;
use dualq_top::tui::app::{Event, Key, Mouse, MouseAction};

use crate::support::{FakeEffects, Shown, World, key, play, typed};
use crate::{clone, go_to, seen, show};

/// Returns the list's rows, from the top.
fn rows(shown: &Shown) -> Vec<String> {
    let lines = shown.lines();
    let head = lines.iter().position(|line| line.contains("COMMAND"));
    lines[head.unwrap() + 1..lines.len() - 2].to_vec()
}

fn after(events: &[Event], text: &str) -> Shown {
    let mut events = clone(events);
    // Ctrl-T, as a terminal sends it.
    events.extend(text.chars().map(|c| match c {
        '\u{14}' => key(Key::Ctrl('t')),
        c => key(Key::Char(c)),
    }));
    show(events)
}

/// In the menu of columns, from its first on.
fn sorted_by(events: &[Event], down: usize) -> Shown {
    let mut events = clone(events);
    events.extend([key(Key::F(6)), key(Key::Home)]);
    events.extend((0..down).map(|_| key(Key::Down)));
    events.push(key(Key::Enter));
    show(events)
}

#[test]
fn every_column_can_be_sorted_by() {
    let (mut world, mut events) = seen(2);
    world.put(640, Queue::Priority);
    events.push(world.tick());
    for (down, first, mark) in [
        (0, "    1 root", "PID▲"),
        (1, "ana", "USER▲"),
        (2, " R ", "S▲"),
        (3, "ffmpeg -i", "CPU%▼"),
        (4, "dbus-daemon", "QUEUE▲"),
        (5, "dbus-daemon", "LEVEL▼"),
        (6, " 112 ", "THR▼"),
        (7, "dualq-top", "▼"),
        // Nobody has waited often enough.
        (8, "/sbin/init", "▼"),
        // Not read here: the order of ids.
        (9, "/sbin/init", "NI▲"),
        (10, "/sbin/init", "POLICY▲"),
        (11, "/sbin/init", "AFFINITY▲"),
        (12, "/sbin/init", "UNIT▲"),
        (13, "bash", "▲"),
        (14, "/sbin/init", "COMMAND▲"),
    ] {
        let shown = sorted_by(&events, down);
        let text = shown.text();
        assert!(rows(&shown)[0].contains(first), "{first}: {text}");
        // TIME, WAIT and NAME have no column where the screen is narrow.
        assert!(shown.line("COMMAND").contains(mark) || [7, 8, 13].contains(&down));
    }
}

#[test]
fn the_order_can_be_turned_round() {
    let (_, events) = seen(2);
    let shown = after(&events, "I");
    assert!(shown.has("CPU%▲"), "{}", shown.text());
    assert!(!rows(&shown)[0].contains("ffmpeg"));
    assert!(after(&events, "II").has("CPU%▼"));
    let time = after(&events, "I\u{14}");
    assert!(
        rows(&time)[0].contains("dualq-top"),
        "a new key, its usual direction"
    );
    assert!(rows(&after(&events, "\u{14}P"))[0].contains("ffmpeg"));
}

#[test]
fn cursor_stays_on_its_process_whatever_the_order() {
    let (_, mut events) = seen(2);
    events.extend(go_to("postgres"));
    for keys in ["I", "t", "\u{14}", "K", "tI"] {
        let shown = after(&events, keys);
        assert!(
            shown.under_cursor().contains("postgres:"),
            "{keys}: {}",
            shown.text()
        );
    }
}

#[test]
fn a_click_on_a_head_sorts_and_a_second_one_turns_the_order() {
    let (_, events) = seen(2);
    let lines = show(clone(&events)).lines();
    let head = lines
        .iter()
        .position(|line| line.contains("COMMAND"))
        .unwrap();
    let before = lines[head].split("THR").next().unwrap();
    let column = before.chars().count();
    let click = || {
        Event::Mouse(Mouse {
            action: MouseAction::Click,
            column: u16::try_from(column).unwrap(),
            row: u16::try_from(head).unwrap(),
        })
    };
    let mut once = clone(&events);
    once.push(click());
    let shown = show(once);
    assert!(
        shown.has("THR▼") && rows(&shown)[0].contains("firefox"),
        "{}",
        shown.text()
    );
    let mut twice = clone(&events);
    twice.extend([click(), click()]);
    assert!(show(twice).has("THR▲"));
}

#[test]
fn a_menu_is_left_without_a_choice() {
    let (_, events) = seen(2);
    let open = after(&events, ">");
    assert!(
        open.has("Sort by") && open.has("share of one CPU"),
        "{}",
        open.text()
    );
    let mut left = clone(&events);
    left.extend([key(Key::F(6)), key(Key::Home), key(Key::Esc)]);
    let shown = show(left);
    assert!(shown.has("CPU%▼") && !shown.has("Sort by"));
}

#[test]
fn the_mouse_takes_a_choice_and_a_click_beside_it_none() {
    let (_, events) = seen(2);
    let open = after(&events, ">");
    let row = open
        .lines()
        .iter()
        .position(|line| line.contains("THR      "))
        .unwrap();
    let click = |column, row: usize| {
        Event::Mouse(Mouse {
            action: MouseAction::Click,
            column,
            row: u16::try_from(row).unwrap(),
        })
    };
    let mut taken = clone(&events);
    taken.extend([key(Key::F(6)), click(6, row)]);
    let shown = show(taken);
    assert!(
        shown.has("THR▼") && !shown.has("Sort by"),
        "{}",
        shown.text()
    );
    let mut beside = clone(&events);
    beside.extend([key(Key::F(6)), click(79, row)]);
    let shown = show(beside);
    assert!(
        shown.has("CPU%▼") && !shown.has("Sort by"),
        "{}",
        shown.text()
    );
}

/// make has two compilers, one of which has an assembler.
fn family() -> Vec<Event> {
    let mut world = World::new(2);
    world.add(6000, "ana", "make", "make -j2", 0.1);
    world.add(6001, "ana", "as", "as -o queue.o", 50.0);
    world.process(3977).parent = 6000;
    world.process(3978).parent = 6000;
    world.process(6001).parent = 3978;
    vec![world.look(), world.tick()]
}

#[test]
fn the_tree_has_children_below_their_parents() {
    let mut events = family();
    events.extend(typed("t"));
    events.extend(go_to("make"));
    let shown = play((100, 120), clone(&events), &mut FakeEffects::default());
    let lines = shown.lines();
    let at = |part: &str| {
        let found = lines.iter().position(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("{part}: {}", shown.text()))
    };
    let make = at("─make -j2");
    assert_eq!(
        at("├─cc1plus -quiet -O2 queue.cpp"),
        make + 1,
        "{}",
        shown.text()
    );
    assert_eq!(at("└─cc1plus -quiet -O2 main.cpp"), make + 2);
    assert_eq!(at("└─as -o queue.o"), make + 3);
}

#[test]
fn a_fold_hides_the_children_and_says_so() {
    let mut events = family();
    events.extend(typed("t"));
    events.extend(go_to("make"));
    events.push(key(Key::Left));
    let shown = play((100, 120), clone(&events), &mut FakeEffects::default());
    assert!(
        shown.has("+ make -j2") && !shown.has("cc1plus"),
        "{}",
        shown.text()
    );
    events.push(key(Key::Right));
    let shown = play((100, 120), events, &mut FakeEffects::default());
    assert!(
        shown.has("─make -j2") && shown.has("cc1plus"),
        "{}",
        shown.text()
    );
    let mut flat = family();
    flat.push(key(Key::Left));
    let shown = play((100, 120), flat, &mut FakeEffects::default());
    assert!(shown.has("Only a tree folds"));
}

#[test]
fn processes_in_a_parent_cycle_are_still_shown() {
    let mut world = World::new(2);
    world.process(4121).parent = 3977;
    world.process(3977).parent = 4121;
    let mut events = vec![world.look(), world.tick()];
    events.extend(typed("t"));
    let shown = play((100, 120), events, &mut FakeEffects::default());
    assert!(
        shown.has("ffmpeg -i") && shown.has("queue.cpp"),
        "{}",
        shown.text()
    );
}

#[test]
fn a_filter_leaves_what_matches_and_says_so() {
    let (_, events) = seen(2);
    let typing = after(&events, "\\cc1");
    assert!(rows(&typing).concat().contains("main.cpp") && !typing.has("ffmpeg"));
    let mut kept = clone(&events);
    kept.extend(typed("\\cc1"));
    kept.push(key(Key::Enter));
    let shown = show(clone(&kept));
    assert!(shown.has("1-2 of 2, filtered"), "{}", shown.text());
    assert!(
        shown.has("Left out: processes that do not match “cc1”"),
        "{}",
        shown.text()
    );
    kept.extend([key(Key::F(4)), key(Key::Esc)]);
    assert!(show(kept).has("of 42"), "Esc shows all");
    assert!(after(&events, "\\nobody").has("nothing matches"));
}

#[test]
fn a_filtered_process_has_not_ended() {
    let (mut world, mut events) = seen(2);
    events.extend(go_to("ffmpeg"));
    events.extend(typed("\\cc1"));
    events.extend([key(Key::Enter), world.tick()]);
    let shown = show(events);
    assert!(!shown.has("has ended"), "{}", shown.text());
}

#[test]
fn kernel_threads_are_hidden_and_shown() {
    let (_, events) = seen(2);
    let mut events = clone(&events);
    events.extend(typed("\\ksoftirqd"));
    events.push(key(Key::Enter));
    assert!(show(clone(&events)).has("ksoftirqd/"));
    let hidden = after(&events, "K");
    assert!(!hidden.has("ksoftirqd/") && hidden.has("Kernel threads are hidden."));
    assert!(after(&events, "KK").has("ksoftirqd/"));
}

#[test]
fn one_users_processes_can_be_picked() {
    let (_, mut events) = seen(2);
    events.extend(typed("up"));
    events.push(key(Key::Enter));
    let shown = show(clone(&events));
    assert!(
        shown.has("postgres: 17") && !shown.has("ffmpeg"),
        "{}",
        shown.text()
    );
    assert!(shown.has("other users than postgres (u)"));
    events.extend([key(Key::Char('u')), key(Key::Home), key(Key::Enter)]);
    assert!(show(events).has("ffmpeg"));
}

#[test]
fn lanes_take_the_place_of_the_list_and_give_it_back() {
    let (_, events) = seen(2);
    let shown = after(&events, "l");
    assert!(
        !shown.has("COMMAND") && shown.has("space: ffmpeg (4121)"),
        "{}",
        shown.text()
    );
    assert!(after(&events, "ll").under_cursor().contains("ffmpeg"));
    let mut effects = FakeEffects::default();
    let mut moved = clone(&events);
    moved.extend(typed("l "));
    play((80, 24), moved, &mut effects);
    assert_eq!(effects.asked, ["move 4121 to PRIORITY"]);
}

#[test]
fn lanes_tell_what_is_idle_from_what_others_use() {
    let (mut world, mut events) = seen(2);
    world.busy = 0.0;
    events.push(world.tick());
    world.snapshot.cpus[0].busy_percent = Some(100.0);
    events.push(world.look_later());
    events.extend(typed("l"));
    let shown = show(events);
    let lines = shown.lines();
    let lane = |number: &str| {
        let found = lines
            .iter()
            .find(|line| line.trim_start().starts_with(number));
        found.cloned().unwrap_or_else(|| panic!("{}", shown.text()))
    };
    assert!(lane("0 ").ends_with('░'), "{}", shown.text());
    assert!(!lane("1").ends_with('░'), "{}", shown.text());
}

#[test]
fn arrows_move_the_cursor_while_a_filter_is_typed() {
    let (_, mut events) = seen(2);
    events.extend(typed("\\cc1plus"));
    let first = show(clone(&events)).under_cursor();
    let mut moved = clone(&events);
    moved.push(key(Key::Down));
    let second = show(clone(&moved));
    assert_ne!(second.under_cursor(), first, "{}", second.text());
    assert!(second.has("\\cc1plus"), "it is typed on: {}", second.text());
    let mut back = clone(&moved);
    back.push(key(Key::Home));
    assert_eq!(show(back).under_cursor(), first);
    // The cursor stays where it was brought.
    moved.push(key(Key::Backspace));
    assert_eq!(show(moved).under_cursor(), second.under_cursor());
}

#[test]
fn the_end_of_a_long_search_and_its_failure_are_seen() {
    let (_, events) = seen(2);
    let long = format!("{}the-end", "x".repeat(100));
    for (sign, said) in [("/", "not found"), ("\\", "nothing matches")] {
        let shown = after(&events, &format!("{sign}{long}"));
        let line = shown.line(said);
        assert!(line.contains("the-end"), "{line}");
    }
    let mut kept = clone(&events);
    kept.extend(typed(&format!("/{long}")));
    kept.push(key(Key::Enter));
    let shown = after(&kept, "n");
    assert!(shown.has("Not in the list: “xxx"), "{}", shown.text());
}

#[test]
fn rows_deeper_than_the_tree_is_drawn_say_how_deep() {
    let mut world = World::new(2);
    for level in 0..20 {
        let pid = 20_000 + level;
        world.add(pid, "ana", "nested", &format!("nested-{level:02}"), 0.0);
        world.process(pid).parent = if level == 0 { 1 } else { pid - 1 };
    }
    let mut events = vec![world.look(), world.tick()];
    events.extend(typed("\\nested"));
    events.push(key(Key::Enter));
    events.extend(typed("t"));
    let shown = play((120, 80), events, &mut FakeEffects::default());
    let place = |level: u32| -> String {
        let row = shown.line(&format!("nested-{level:02}"));
        let before = row.split("nested").next().unwrap();
        before.chars().rev().take(24).collect()
    };
    assert!(place(0) != place(1), "{}", shown.text());
    for level in 12..19 {
        assert_ne!(place(level), place(level + 1), "{}", shown.text());
    }
    assert!(shown.line("nested-15").contains("15…"), "{}", shown.text());
}
