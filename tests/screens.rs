//! The screens, as a whole, in the sizes that matter.

#![allow(clippy::cast_possible_truncation, clippy::panic, clippy::unwrap_used)]

mod support;

use dualq_top::model::DemoStatus;
use dualq_top::model::Queue;
use dualq_top::tui::app::{App, Event, Key};
use dualq_top::tui::ui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Size;
use ratatui::style::{Color, Style};
use support::scenes::{self, keys, then, toggled};
use support::{FakeEffects, Metronome, Shown, World, busy, key, play, play_in, typed};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
type Named = (&'static str, fn() -> Theme);
const THEMES: [Named; 3] = [
    ("dark", Theme::colour),
    ("light", Theme::light),
    ("mono", Theme::plain),
];

fn assert_screen(name: &str, size: (u16, u16), events: Vec<Event>) {
    let shown = play(size, events, &mut FakeEffects::default());
    insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), shown.text());
}

/// The state that events lead to, on a screen of this size.
fn state(size: (u16, u16), events: &[Event]) -> App {
    let mut app = App::new();
    for event in support::copies(events) {
        dualq_top::tui::ui::fit(&mut app, Size::from(size));
        app.handle(event);
    }
    dualq_top::tui::ui::fit(&mut app, Size::from(size));
    app
}

fn drawn(app: &App, (columns, rows): (u16, u16), theme: &Theme) -> Shown {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| dualq_top::tui::ui::HitMap::default().draw(frame, app, theme))
        .unwrap();
    Shown {
        buffer: terminal.backend().buffer().clone(),
        outcome: dualq_top::tui::app::Outcome::Quit,
    }
}

/// Words stand apart from each other, from rules, and from what a box lies over.
fn words_stand_apart(text: &str) {
    for line in text.lines() {
        let line: Vec<char> = line.chars().collect();
        for word in ["PRIORITY", "BATCH", "dispatches", "CPU time", "waits"] {
            let word: Vec<char> = word.chars().collect();
            for (place, _) in line
                .windows(word.len())
                .enumerate()
                .filter(|(_, w)| *w == word)
            {
                let before = place.checked_sub(1).and_then(|place| line.get(place));
                for neighbour in [before, line.get(place + word.len())].into_iter().flatten() {
                    assert!(!neighbour.is_alphanumeric(), "{text}");
                }
            }
        }
        // A single one is a branch of the tree.
        for three in line.windows(3) {
            let rule = three.iter().filter(|c| **c == '─').count() == 2;
            assert!(
                !rule || !three.iter().any(|c| c.is_alphanumeric()),
                "{text}"
            );
        }
    }
}

/// The styles of a screen: for each line the cells' styles, named by letters and counted.
fn styles(buffer: &Buffer, names: &mut Vec<Style>) -> String {
    let name = |cell: &Cell, names: &mut Vec<Style>| {
        let style = cell.style();
        let known = names.iter().position(|other| *other == style);
        let place = known.unwrap_or_else(|| {
            names.push(style);
            names.len() - 1
        });
        char::from_u32('a' as u32 + place as u32).unwrap()
    };
    let width = usize::from(buffer.area.width);
    let mut text = String::new();
    for line in buffer.content.chunks(width) {
        let letters: Vec<char> = line.iter().map(|cell| name(cell, names)).collect();
        let runs = letters.chunk_by(|a, b| a == b);
        let runs: Vec<String> = runs.map(|run| format!("{}{}", run[0], run.len())).collect();
        text.push_str(&runs.join(" "));
        text.push('\n');
    }
    text
}

fn legend(names: &[Style]) -> String {
    let line = |(place, style): (usize, &Style)| {
        let letter = char::from_u32('a' as u32 + place as u32).unwrap();
        let (fg, bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
        format!("{letter}: {fg} on {bg}, {:?}\n", style.add_modifier)
    };
    names.iter().enumerate().map(line).collect()
}

#[test]
fn every_panel_and_state_in_every_size_theme_and_in_ascii() {
    for (name, events) in scenes::all() {
        for size in SIZES {
            let app = state(size, &events);
            let shown = drawn(&app, size, &Theme::colour());
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), shown.text());
            words_stand_apart(&shown.text());
            let ascii = drawn(&app, size, &Theme::colour().in_ascii());
            assert!(ascii.text().is_ascii(), "{}", ascii.text());
            for (theme_name, theme) in THEMES {
                let themed = drawn(&app, size, &theme());
                assert_eq!(shown.text(), themed.text(), "{name} {theme_name} {size:?}");
                for cell in &themed.buffer.content {
                    let place = format!("{name} {theme_name} {size:?}: {cell:?}");
                    let plain = cell.fg == Color::Reset && cell.bg == Color::Reset;
                    assert!(plain || cell.fg != cell.bg, "{place}");
                    assert!(plain || theme_name != "mono", "{place}");
                }
            }
        }
    }
}

#[test]
fn every_panel_and_state_in_its_styles_and_in_ascii() {
    for (name, events) in scenes::all() {
        let app = state(SIZES[0], &events);
        let mut text = String::new();
        for (theme_name, theme) in THEMES {
            let mut names = Vec::new();
            let map = styles(&drawn(&app, SIZES[0], &theme()).buffer, &mut names);
            text.push_str(&format!("{theme_name}\n{map}{}\n", legend(&names)));
        }
        insta::assert_snapshot!(format!("styles_{name}"), text);
        let shown = drawn(&app, SIZES[0], &Theme::colour().in_ascii());
        insta::assert_snapshot!(format!("ascii_{name}"), shown.text());
    }
}

#[test]
fn a_busy_machine_in_every_size() {
    for cpus in [2, 8, 64] {
        for size in SIZES {
            assert_screen(&format!("busy_{cpus}_cpus"), size, toggled(cpus));
        }
    }
}

#[test]
fn lanes_of_every_cpu() {
    for (cpus, size) in [(4, (80, 24)), (64, (80, 24)), (256, (200, 60))] {
        let mut events = toggled(cpus);
        events.extend(keys("l"));
        assert_screen(&format!("lanes_{cpus}_cpus"), size, events);
    }
}

#[test]
fn cpus_stand_by_cache_and_node_and_fold_by_them() {
    for (cpus, caches, size) in [(64, 8, (80, 24)), (64, 8, (200, 60)), (256, 16, (120, 40))] {
        let mut world = World::new(cpus);
        world.places(caches, 4);
        let mut events = vec![world.look()];
        events.extend((0..60).map(|_| world.tick()));
        assert_screen(
            &format!("places_{cpus}_cpus"),
            size,
            support::copies(&events).collect(),
        );
        events.extend(keys("l"));
        assert_screen(&format!("places_lanes_{cpus}_cpus"), size, events);
    }
}

#[test]
fn too_small() {
    assert_screen("too_small", (60, 20), then(|_| {}));
}

#[test]
fn in_ascii_no_other_character_reaches_the_terminal() {
    let hostile = |world: &mut World| {
        let name = dualq_top::sys::text::scrub("日本\u{202e}\x1b[31m語 ö".as_bytes());
        world.add(6000, "名前名前名前", &name, &name, 300.0);
    };
    let mut all: Vec<Vec<Event>> = scenes::all()
        .into_iter()
        .map(|(_, events)| events)
        .collect();
    all.push(then(hostile));
    all.push(toggled(8));
    for keys in [
        "",
        "?",
        "/cc1",
        "/ö",
        "/öx\u{e000}",
        "\\ö",
        ">",
        "u",
        "t",
        " ",
        "x",
        "vv ",
        "l",
        "vz",
        "p",
        "N",
        "z",
        "F",
        "K",
        "H",
        "e",
        "]",
        "b",
        "b q",
        "d",
    ] {
        for change in [&hostile as &dyn Fn(&mut World), &|_| {}] {
            let mut world = World::new(4);
            change(&mut world);
            let mut events = vec![world.look(), world.tick()];
            events.extend(typed(keys));
            all.push(events);
        }
    }
    for size in [(80, 24), (60, 20), (200, 60)] {
        for events in &all {
            let theme = Theme::colour().in_ascii();
            let text = play_in(
                theme,
                size,
                support::copies(events),
                &mut FakeEffects::default(),
            )
            .text();
            assert!(text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn a_busy_machine_in_ascii() {
    for size in [(80, 24), (120, 40)] {
        let theme = Theme::colour().in_ascii();
        let shown = play_in(theme, size, toggled(8), &mut FakeEffects::default());
        insta::assert_snapshot!(format!("ascii_{}x{}", size.0, size.1), shown.text());
    }
}

#[test]
fn waits_are_beside_the_cpus_if_there_is_room() {
    for size in [(100, 24), (100, 30), (110, 36)] {
        assert_screen("waits", size, toggled(8));
    }
}

/// Some seconds in BATCH, then some in PRIORITY, with the key that did it.
fn demonstration(cpus: u32) -> Vec<Event> {
    let (mut world, mut events) = busy(cpus, 90);
    let mut metronome = Metronome::start(&mut world);
    world.watch(Metronome::PID);
    events.push(world.tick());
    events.extend([Event::Demo(DemoStatus::Starting), metronome.read()]);
    for _ in 0..20 {
        events.extend(metronome.second(&mut world, 48));
    }
    events.push(key(Key::Char(' ')));
    world.put(Metronome::PID, Queue::Priority);
    world.event();
    for _ in 0..12 {
        events.extend(metronome.second(&mut world, 0));
    }
    events.push(key(Key::Char(' ')));
    world.put(Metronome::PID, Queue::Batch);
    world.event();
    for _ in 0..5 {
        events.extend(metronome.second(&mut world, 47));
    }
    events
}

#[test]
fn the_demonstration_in_every_size() {
    for size in SIZES {
        assert_screen("demo", size, demonstration(4));
    }
    let mut starting = then(|_| {});
    starting.push(key(Key::Char('d')));
    assert_screen("demo_starting", (80, 24), starting);
}

#[test]
fn talk_mode_in_every_size_and_theme() {
    for size in SIZES {
        let mut events = demonstration(4);
        events.extend(typed("b"));
        assert_screen("talk_demo", size, events);
        let mut events = toggled(8);
        events.extend(typed("b"));
        assert_screen("talk_wait", size, events);
        let mut events = toggled(8);
        events.push(key(Key::Down));
        events.extend(typed("b"));
        assert_screen("talk_ratio", size, events);
    }
    // The same words and shapes in every theme.
    let themes = [Theme::colour(), Theme::light(), Theme::plain()];
    let texts = themes.map(|theme| {
        let events = demonstration(4).into_iter().chain(typed("bq"));
        play_in(theme, (80, 24), events, &mut FakeEffects::default()).text()
    });
    assert!(texts.iter().all(|text| *text == texts[0]));
    let events = demonstration(4).into_iter().chain(typed("bq"));
    let theme = Theme::colour().in_ascii();
    let shown = play_in(theme, (80, 24), events, &mut FakeEffects::default());
    insta::assert_snapshot!("talk_ascii_80x24", shown.text());
}
