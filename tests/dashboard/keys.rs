//! Searching, help, and the ways out.

use std::io;

use dualq_top::tui::app::keymap::KEYMAP;
use dualq_top::tui::app::{App, Event, Key, Outcome};
use dualq_top::tui::event_queue::EventReceiver;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use crate::support::{FakeEffects, key, play, typed};
use crate::{SMALL, SPACE, clone, seen, show};

#[test]
fn a_search_moves_the_cursor_as_one_types() {
    let (_, events) = seen(2);
    let with = |text: &str, keys: &[Key]| {
        let mut events = clone(&events);
        events.extend(typed(text));
        events.extend(keys.iter().map(|k| key(*k)));
        show(events)
    };
    assert!(with("/fire", &[]).under_cursor().contains("firefox"));
    assert!(with("/FIRE", &[]).has("not found"));
    assert!(
        with("/cc", &[]).under_cursor().contains("queue.cpp"),
        "each letter narrows"
    );
    assert!(with("/2955", &[]).under_cursor().contains("firefox"));
    let back = with("/fire", &[Key::Esc]);
    assert!(back.under_cursor().contains("ffmpeg"), "Esc goes back");
    let next = with("/cc1", &[Key::Enter, Key::Char('n')]);
    assert!(next.under_cursor().contains("main.cpp"), "{}", next.text());
    let previous = with("/cc1", &[Key::Enter, Key::Char('n'), Key::Char('N')]);
    assert!(previous.under_cursor().contains("queue.cpp"));
    let taken_back = with("/fi", &[Key::Backspace]);
    assert!(
        taken_back.under_cursor().contains("ffmpeg"),
        "the way back too"
    );
    let shorter = with("/cc1x", &[Key::Backspace]);
    assert!(shorter.under_cursor().contains("queue.cpp") && !shorter.has("not found"));
}

#[test]
fn keys_are_letters_while_one_searches() {
    let (_, mut events) = seen(2);
    events.extend(typed("/q x?"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert!(
        shown.has("/q x?") && effects.asked.is_empty(),
        "{}",
        shown.text()
    );
}

#[test]
fn the_help_names_every_key() {
    let (_, mut events) = seen(2);
    events.push(key(Key::Char('?')));
    let shown = play((120, 90), events, &mut FakeEffects::default());
    for binding in KEYMAP {
        let line = shown.line(binding.help);
        for key in binding.keys {
            assert!(line.contains(&key.name()), "{line}");
        }
    }
}

#[test]
fn help_is_readable_on_smallest_screen_and_any_key_closes() {
    let (_, mut events) = seen(2);
    events.push(key(Key::Char('?')));
    let shown = show(clone(&events));
    assert!(
        shown.has("scroll") && shown.has("any other key closes"),
        "{}",
        shown.text()
    );
    let mut to_the_end = clone(&events);
    to_the_end.extend((0..9).map(|_| key(Key::PageDown)));
    let shown = show(to_the_end);
    assert!(shown.has("guarantee"), "{}", shown.text());
    events.push(key(SPACE));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert!(shown.has("COMMAND") && effects.asked.is_empty());
}

#[test]
fn the_footer_names_keys_that_work() {
    let (_, events) = seen(2);
    let narrow = show(clone(&events)).lines().pop().unwrap();
    assert!(
        narrow.contains("space PRIORITY/BATCH") && narrow.contains("? help"),
        "{narrow}"
    );
    let shown = play((160, 40), events, &mut FakeEffects::default());
    let footer = shown.lines().pop().unwrap();
    let here = dualq_top::tui::app::App::new();
    for binding in KEYMAP.iter().filter(|binding| here.offers(binding.action)) {
        if let Some((_, word)) = binding.footer {
            let hint = format!("{} {word}", binding.keys[0].name());
            assert!(footer.contains(&hint), "{hint}: {footer}");
        }
    }
}

#[test]
fn quitting_works_from_everywhere() {
    for keys in [
        &[Key::Char('q')][..],
        &[Key::F(10)],
        &[Key::Ctrl('c')],
        &[Key::Char('/'), Key::Ctrl('c')],
        &[Key::Char('?'), Key::Ctrl('c')],
    ] {
        let (mut world, mut events) = seen(2);
        events.extend(keys.iter().map(|k| key(*k)));
        // What comes after is not taken in any more.
        events.push(key(SPACE));
        events.push(world.tick());
        let mut effects = FakeEffects::default();
        assert_eq!(play(SMALL, events, &mut effects).outcome, Outcome::Quit);
        assert!(effects.asked.is_empty());
    }
}

#[test]
fn signal_panic_and_lost_terminal_end_with_their_outcome() {
    let end = |event| show([event]).outcome;
    assert_eq!(end(Event::Terminated(15)), Outcome::Signal(15));
    assert_eq!(end(Event::TerminalGone), Outcome::TerminalGone);
    let why = "thread sampling: boom".to_owned();
    assert_eq!(end(Event::Panicked(why.clone())), Outcome::Panicked(why));
}

#[test]
fn stopping_hands_the_terminal_back_and_redraws_on_return() {
    let (_, seen) = seen(2);
    let stops = [key(Key::Ctrl('z')), Event::Suspend];
    let events = EventReceiver::of(seen.into_iter().chain(stops));
    let mut stops = 0;
    let mut terminal = ratatui::Terminal::new(Deaf(TestBackend::new(80, 24))).unwrap();
    dualq_top::tui::run::Dashboard::new(App::new())
        .on_suspend(|| {
            stops += 1;
            Ok(())
        })
        .run(&mut terminal, &events, &mut FakeEffects::default())
        .unwrap();
    assert_eq!(stops, 2, "by the key and by the signal");
    let first = terminal.backend().0.buffer()[(1, 0)].symbol();
    assert_eq!(first, "d", "drawn again after it was cleared");
}

/// A terminal that answers no question: the thread that reads the keys would get the answer.
struct Deaf(TestBackend);

impl Backend for Deaf {
    type Error = std::io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        self.0.draw(content).map_err(|never| match never {})
    }
    fn hide_cursor(&mut self) -> io::Result<()> {
        self.0.hide_cursor().map_err(|never| match never {})
    }
    fn show_cursor(&mut self) -> io::Result<()> {
        self.0.show_cursor().map_err(|never| match never {})
    }
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Err(io::Error::other("the cursor was asked for"))
    }
    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.0
            .set_cursor_position(position)
            .map_err(|never| match never {})
    }
    fn clear(&mut self) -> io::Result<()> {
        self.0.clear().map_err(|never| match never {})
    }
    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.0.clear_region(region).map_err(|never| match never {})
    }
    fn size(&self) -> io::Result<Size> {
        self.0.size().map_err(|never| match never {})
    }
    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.0.window_size().map_err(|never| match never {})
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(|never| match never {})
    }
}
