//! The screen itself.

use dualq_top::tui::app::{App, Key};
use dualq_top::tui::ui::theme::Theme;
use ratatui::backend::TestBackend;

use crate::support::{FakeEffects, busy, key, play, play_in, scenes};
use crate::{SMALL, clone, seen, show};

#[test]
fn too_small_is_said_not_drawn() {
    for size in [(79, 24), (80, 22), (40, 10), (20, 5)] {
        let (_, events) = seen(2);
        let shown = play(size, events, &mut FakeEffects::default());
        let text = shown.lines().join(" ");
        assert!(
            text.contains("needs") && text.contains("80×23"),
            "{size:?}: {text}"
        );
        assert!(!text.contains("COMMAND"));
    }
}

/// A terminal of 80×24 with a status line of tmux in it.
#[test]
fn one_line_less_than_usual_shows_all_the_same() {
    let in_view = |name: &String| !name.ends_with("menu");
    for (name, events) in scenes::all().into_iter().filter(|(name, _)| in_view(name)) {
        let shown = play((80, 23), events, &mut FakeEffects::default());
        let lines = shown.lines();
        assert!(!shown.has("needs 80"), "{name}");
        assert!(!lines[22].is_empty(), "{name}:\n{}", shown.text());
        let head = lines.iter().position(|line| line.contains("COMMAND "));
        let rows = head.map(|head| lines[head + 1..21].iter().filter(|row| !row.is_empty()));
        let least = if name == "nothing_seen" { 0 } else { 2 };
        assert!(
            rows.is_none_or(|rows| rows.count() >= least),
            "{name}:\n{}",
            shown.text()
        );
    }
}

#[test]
fn beside_the_help_stands_what_can_be_read_or_nothing() {
    let (_, mut events) = busy(4, 20);
    events.push(key(Key::Char('?')));
    // Up to there it has the whole width.
    for columns in 100..116 {
        let shown = play((columns, 30), clone(&events), &mut FakeEffects::default());
        let area = shown.buffer.area;
        let edge = (columns - 92) / 2;
        for y in 0..30 {
            for x in (0..edge).chain(area.width - edge..area.width) {
                let cell = shown.buffer[(x, y)].symbol();
                assert_eq!(cell, " ", "{columns}: {x}, {y}:\n{}", shown.text());
            }
        }
    }
}

#[test]
fn home_and_end_scroll_the_help() {
    let (_, mut events) = busy(4, 20);
    events.extend([key(Key::Char('?')), key(Key::End), key(Key::Down)]);
    let shown = play(SMALL, clone(&events), &mut FakeEffects::default());
    assert!(shown.has("a process that never sleeps"), "{}", shown.text());
    events.push(key(Key::Home));
    let shown = play(SMALL, events, &mut FakeEffects::default());
    assert!(shown.has("Queues and scheduler"), "{}", shown.text());
    assert!(!shown.has("a process that never sleeps"));
}

#[test]
fn the_headings_of_the_charts_stand_apart() {
    let (_, events) = busy(2, 100);
    for columns in [80, 100, 110, 120, 140] {
        let shown = play((columns, 40), clone(&events), &mut FakeEffects::default());
        let line = shown.line("CPU time, last");
        assert!(
            line.contains(" CPU time, last") && !line.contains('…'),
            "{line}"
        );
        assert!(!line.contains("1 CPU time"), "{line}");
    }
}

#[test]
fn no_size_of_the_terminal_breaks_the_screen() {
    let (_, events) = busy(64, 5);
    let mut app = App::new();
    for event in events {
        app.handle(event);
    }
    for mode in [
        Key::Esc,
        Key::Char('?'),
        Key::Char('/'),
        Key::Char('>'),
        Key::Char('u'),
        Key::Char('k'),
        Key::Char('l'),
        Key::Char('b'),
        Key::Char('d'),
    ] {
        app.handle(key(mode));
        for (columns, rows) in
            (0..60)
                .map(|n| (n * 9, n))
                .chain([(1, 1), (0, 0), (500, 200), (80, 24), (81, 500)])
        {
            let backend = TestBackend::new(columns, rows);
            let mut terminal = ratatui::Terminal::new(backend).unwrap();
            let hits = dualq_top::tui::ui::fit(&mut app, (columns, rows).into());
            terminal
                .draw(|frame| hits.draw(frame, &app, &Theme::colour()))
                .unwrap();
        }
        app.handle(key(Key::Esc));
    }
}

#[test]
fn without_colour_the_queues_still_differ() {
    let (_, events) = busy(2, 100);
    let shown = play_in(Theme::plain(), SMALL, events, &mut FakeEffects::default());
    let style = |x: usize, y: usize| shown.buffer[(x as u16, y as u16)].style();
    for cell in shown.buffer.content() {
        let none = [None, Some(ratatui::style::Color::Reset)];
        assert!(
            none.contains(&cell.style().fg) && none.contains(&cell.style().bg),
            "{cell:?}"
        );
    }
    let lines = shown.lines();
    let row = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap();
    let queue = "│      PID USER     S   CPU% ".chars().count();
    assert_ne!(
        style(queue, row("pipewire")),
        style(queue, row("main.cpp")),
        "in the list"
    );
    let (priority, batch) = (row("    0  PRIORITY"), row("    0  PRIORITY") + 1);
    let end = 14 + 20;
    assert_ne!(style(end, priority), style(end, batch), "in the charts");
    assert!(
        lines[2].contains('█') && lines[2].contains('▒'),
        "in the bars: {}",
        lines[2]
    );
}

#[test]
fn names_of_any_kind_leave_the_columns_aligned() {
    let (mut world, mut events) = seen(2);
    let name = dualq_top::sys::text::scrub("日本\u{202e}\x1b[31m語\u{301}".as_bytes());
    world.add(6000, "名前名前名前", &name, &name, 300.0);
    events.extend([world.tick(), world.tick()]);
    let shown = show(events);
    let rows = shown.lines();
    let head = rows
        .iter()
        .position(|line| line.contains("COMMAND"))
        .unwrap();
    let at = |row: usize, column: u16| shown.buffer[(column, row as u16)].symbol().to_owned();
    assert!(rows[head + 1].contains("日本"), "{}", shown.text());
    assert_eq!(at(head + 1, 20), "R", "the state stands in its column");
    assert!(
        rows.iter()
            .all(|row| !row.contains('\x1b') && !row.contains('\u{202e}'))
    );
}

#[test]
fn keys_that_mean_nothing_draw_nothing() {
    let mut app = App::new();
    app.take_changed();
    app.handle(key(Key::Char('@')));
    assert!(!app.take_changed());
    app.handle(key(Key::Down));
    assert!(app.take_changed());
}

#[test]
fn a_stranger_is_told_what_to_do_until_the_first_key() {
    let (_, mut events) = seen(2);
    assert!(show(clone(&events)).has("space puts it first"));
    events.push(key(Key::Down));
    assert!(!show(events).has("space puts it first"));
}

#[test]
fn a_process_that_stops_working_is_seen_to_have_worked() {
    let (mut world, mut events) = seen(2);
    events.extend((0..3).map(|_| world.tick()));
    world.uses(4121, 5.0);
    events.push(world.tick());
    let shown = play((120, 40), events, &mut FakeEffects::default());
    assert!(shown.line("ffmpeg -i").contains("██▁ "), "{}", shown.text());
}

#[test]
fn wide_screen_shows_more_of_the_past_of_each_process() {
    let (mut world, mut events) = seen(2);
    events.extend((0..12).map(|_| world.tick()));
    let row = |width: u16| {
        let shown = play((width, 40), clone(&events), &mut FakeEffects::default());
        (shown.line("ffmpeg -i"), shown.has("POLICY"))
    };
    let (usual, policy) = row(120);
    assert!(!usual.contains("██████") && !policy, "{usual}");
    let (wide, policy) = row(160);
    assert!(wide.contains("████████████") && policy, "{wide}");
}

#[test]
fn long_directories_leave_room_for_the_arguments() {
    let (mut world, mut events) = seen(2);
    let line = "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet main.cpp";
    world.add(6000, "ana", "cc1plus", line, 300.0);
    events.extend([world.tick(), world.tick()]);
    assert!(show(events).has("/usr/…/cc1plus -quiet main"));
}
