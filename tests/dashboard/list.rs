//! The list and the cursor.

use std::time::Duration;

use dualq_top::tui::app::{Event, Key, Mouse, MouseAction};

use crate::support::key;
use crate::{clone, seen, show};

#[test]
fn the_busiest_processes_are_on_the_first_screen() {
    let (_, events) = seen(2);
    let shown = show(events);
    assert!(shown.under_cursor().contains("ffmpeg"), "{}", shown.text());
    assert!(shown.line("ffmpeg").contains("  88.2 BATCH "));
}

#[test]
fn cursor_stays_on_its_process_while_the_list_resorts() {
    let (mut world, mut events) = seen(2);
    events.extend([key(Key::Down), key(Key::Down), key(Key::Down)]);
    assert!(show(clone(&events)).under_cursor().contains("rustc"));
    world.uses(3990, 99.0);
    events.push(world.tick());
    let shown = show(events);
    assert!(shown.under_cursor().contains("rustc"), "{}", shown.text());
    let rows = shown.lines();
    let first = rows
        .iter()
        .position(|line| line.contains("COMMAND"))
        .unwrap()
        + 1;
    assert!(rows[first].contains("rustc"), "it leads the list now");
}

#[test]
fn cursor_stays_in_view_when_its_process_falls_far_down() {
    let (mut world, mut events) = seen(2);
    events.extend([key(Key::Down)]);
    world.uses(3977, 0.0);
    events.push(world.tick());
    let shown = show(events);
    assert!(
        shown.under_cursor().contains("queue.cpp"),
        "{}",
        shown.text()
    );
}

#[test]
fn an_untouched_cursor_does_not_scroll_the_busiest_away() {
    let (mut world, mut events) = seen(2);
    world.uses(4121, 0.0);
    events.push(world.tick());
    let shown = show(events);
    assert!(
        shown.under_cursor().contains("queue.cpp"),
        "{}",
        shown.text()
    );
    assert!(shown.has("1-10 of 42"));
}

#[test]
fn a_process_that_ends_under_the_cursor_is_named() {
    let (mut world, mut events) = seen(2);
    events.push(key(Key::Down));
    world.end(3977);
    events.push(world.tick());
    let shown = show(events);
    assert!(shown.has("cc1plus (3977) has ended."), "{}", shown.text());
    assert!(
        shown.under_cursor().contains("main.cpp"),
        "its neighbour has the cursor"
    );
}

#[test]
fn an_id_that_is_used_again_is_another_process() {
    let (mut world, mut events) = seen(2);
    events.push(key(Key::Home));
    world.process(4121).id.start_ticks += 1;
    world.process(4121).cpu_time = Duration::from_secs(7200);
    events.push(world.tick());
    let shown = show(events);
    assert!(shown.has("ffmpeg (4121) has ended."), "{}", shown.text());
    assert!(!shown.under_cursor().contains("ffmpeg"));
    assert!(
        !shown.has("ffmpeg -i"),
        "not measured yet, it stands below the others"
    );
}

#[test]
fn pages_and_ends_of_the_list_are_reached() {
    let (_, events) = seen(2);
    let with = |keys: &[Key]| {
        let mut events = clone(&events);
        events.extend(keys.iter().map(|k| key(*k)));
        show(events)
    };
    let end = with(&[Key::End]);
    assert!(end.has("33-42 of 42"), "{}", end.text());
    let page = with(&[Key::PageDown]);
    assert!(page.has("2-11 of 42"), "{}", page.text());
    let home = with(&[Key::End, Key::Up, Key::Home]);
    assert!(home.under_cursor().contains("ffmpeg"));
}

#[test]
fn equal_processes_keep_their_places() {
    let (mut world, mut events) = seen(2);
    let before = show(clone(&events)).lines();
    world.snapshot.processes.reverse();
    world.uses.reverse();
    events.push(world.tick());
    let after = show(events).lines();
    assert_eq!(before[12..22], after[12..22]);
}

#[test]
fn the_mouse_selects_and_scrolls() {
    let (_, events) = seen(2);
    let head = show(clone(&events)).lines();
    let head = head
        .iter()
        .position(|line| line.contains("COMMAND"))
        .unwrap() as u16;
    let mouse = |action, row| {
        Event::Mouse(Mouse {
            action,
            column: 9,
            row,
        })
    };
    let mut clicked = clone(&events);
    clicked.push(mouse(MouseAction::Click, head + 3));
    assert!(show(clicked).under_cursor().contains("main.cpp"));
    let mut above = clone(&events);
    above.push(mouse(MouseAction::Click, head));
    let above = show(above);
    assert!(above.has("PID▲"), "the head is no process");
    let mut below = clone(&events);
    below.push(mouse(MouseAction::Click, 22));
    assert!(
        show(below).under_cursor().contains("ffmpeg"),
        "the message line is no process"
    );
    let mut scrolled = events;
    scrolled.push(mouse(MouseAction::ScrollDown, 3));
    assert!(show(scrolled).under_cursor().contains("rustc"));
}
