//! Many processes.

use std::time::{Duration, Instant};

use dualq_top::tui::app::{App, Event, Key};
use dualq_top::tui::ui;
use dualq_top::tui::ui::theme::Theme;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::{Frame, Terminal};

use crate::support::{World, key};
use crate::{clone, go_to, show};

/// Drawn within this, a key feels immediate; the tests' build is several times slower than the
/// program.
const BUDGET: Duration = Duration::from_millis(100);

fn crowd() -> World {
    let mut world = World::new(8);
    for pid in 10_000..20_000 {
        world.add(pid, "ana", "sleep", &format!("sleep {pid}"), 0.0);
    }
    world
}

#[test]
fn a_list_of_10_000_processes_still_answers() {
    let mut world = crowd();
    let mut events = vec![world.look(), world.tick()];
    events.extend(go_to("sleep 19998"));
    // From below the cursor to the top: the cursor's row is another then.
    world.uses(19_999, 99.5);
    events.push(world.tick());
    let shown = show(clone(&events));
    assert!(
        shown.under_cursor().contains("sleep 19998"),
        "{}",
        shown.text()
    );
    events.extend([key(Key::Home), key(Key::Down)]);
    let shown = show(clone(&events));
    assert!(shown.under_cursor().contains("ffmpeg"), "{}", shown.text());
    events.extend([key(Key::Char('t')), key(Key::End), key(Key::Char('t'))]);
    assert!(show(events).has("-10,042 of 10,042"));
}

#[test]
fn tick_and_key_with_10_000_processes_meet_frame_budget() {
    let mut world = crowd();
    let mut events = vec![world.look()];
    for n in 0..20 {
        world.uses(10_000 + 37 * n, 50.0);
        events.extend([world.tick(), key(Key::Down)]);
    }
    let mut app = App::new();
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let mut time = |event: Event| {
        let begun = Instant::now();
        app.handle(event);
        let hits = ui::fit(&mut app, Size::new(200, 60));
        let draw = |frame: &mut Frame| hits.draw(frame, &app, &Theme::colour());
        terminal.draw(draw).unwrap();
        begun.elapsed()
    };
    let mut took: Vec<Duration> = events.into_iter().map(&mut time).collect();
    // The upper quartile: what else this machine does is not to fail the test.
    took.sort_unstable();
    assert!(took[took.len() * 3 / 4] < BUDGET, "{took:?}");
    // Sorted by text, as a tree, filtered.
    let keys = [
        [Key::F(6), Key::End, Key::Enter],
        ['t', 'I', 'K'].map(Key::Char),
        [Key::F(4), Key::Char('s'), Key::Enter],
    ];
    let all: Duration = keys.as_flattened().iter().map(|it| time(key(*it))).sum();
    assert!(all < 9 * BUDGET, "{all:?}");
    // Of ten thousand, the screen is given what it has room for.
    let given = app.rows().count();
    assert!((1..60).contains(&given), "{given} rows");
}
