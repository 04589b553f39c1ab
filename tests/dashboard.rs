//! What a user of the dashboard notices, with the whole program fed with events.

#![allow(clippy::panic, clippy::unwrap_used)]

mod support;

use std::io;
use std::time::{Duration, Instant};

use dualq_top::app::keymap::KEYMAP;
use dualq_top::app::{App, Event, Key, Mouse, MouseAction, Outcome};
use dualq_top::model::{Exit, Queue, Role, Ruler};
use dualq_top::ui::theme::Theme;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use support::{Hands, Shown, World, busy, key, play, play_in, typed};

const SMALL: (u16, u16) = (80, 24);
const SPACE: Key = Key::Char(' ');

fn show(events: impl IntoIterator<Item = Event>) -> Shown {
    play(SMALL, events, &mut Hands::default())
}

/// A machine seen for two ticks, so that CPU times are known.
fn seen(cpus: u32) -> (World, Vec<Event>) {
    let mut world = World::new(cpus);
    let events = vec![world.look(), world.tick()];
    (world, events)
}

/// Searches for a process and ends the search there.
fn go_to(name: &str) -> Vec<Event> {
    let mut events = typed(&format!("/{name}"));
    events.push(key(Key::Enter));
    events
}

// --- the list and the cursor ---

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
    assert!(shown.has("1-12 of 42"));
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
    assert!(end.has("31-42 of 42"), "{}", end.text());
    let page = with(&[Key::PageDown]);
    assert!(page.has("2-13 of 42"), "{}", page.text());
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
    assert!(
        show(above).under_cursor().contains("ffmpeg"),
        "the head is no process"
    );
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

// --- moving between the queues ---

#[test]
fn space_moves_and_says_what_the_map_says() {
    let (_, mut events) = seen(2);
    events.push(key(SPACE));
    let mut hands = Hands::default();
    let shown = play(SMALL, events, &mut hands);
    assert_eq!(hands.asked, ["move 4121 to PRIORITY"]);
    assert!(shown.has("ffmpeg (4121) → PRIORITY"), "{}", shown.text());
    assert!(shown.line("ffmpeg -i").starts_with('★'));
}

#[test]
fn space_marks_only_what_the_kernel_says() {
    let (_, mut events) = seen(2);
    events.push(key(SPACE));
    let mut hands = Hands {
        answer: Some(Ok(Queue::Batch)),
        ..Hands::default()
    };
    let shown = play(SMALL, events, &mut hands);
    assert!(
        shown.line("ffmpeg -i").contains(" BATCH "),
        "{}",
        shown.text()
    );
    assert!(shown.has("ffmpeg (4121) is in BATCH, says the kernel's map."));
}

#[test]
fn space_moves_back() {
    let (mut world, mut events) = seen(2);
    world.put(4121, Queue::Priority);
    events.extend([world.tick(), key(SPACE)]);
    let mut hands = Hands::default();
    let shown = play(SMALL, events, &mut hands);
    assert_eq!(hands.asked, ["move 4121 to BATCH"]);
    assert!(shown.has("ffmpeg (4121) → BATCH"));
}

#[test]
fn a_refusal_is_said_and_changes_nothing() {
    let (_, mut events) = seen(2);
    events.push(key(SPACE));
    let full = "priority_pids_map is full (10,000).".to_owned();
    let mut hands = Hands {
        answer: Some(Err(full.clone())),
        ..Hands::default()
    };
    let shown = play(SMALL, events, &mut hands);
    assert!(shown.has(&full));
    assert!(shown.line("ffmpeg -i").contains(" BATCH "));
}

#[test]
fn a_snapshot_taken_before_the_move_does_not_undo_the_mark() {
    let (mut world, mut events) = seen(2);
    events.extend([key(SPACE), world.tick()]);
    let shown = show(clone(&events));
    assert!(
        shown.line("ffmpeg -i").contains("PRIORITY"),
        "{}",
        shown.text()
    );
    // But the one after it knows better than we do.
    events.push(world.tick());
    assert!(show(events).line("ffmpeg -i").contains(" BATCH "));
}

#[test]
fn kernel_threads_and_own_processes_are_refused_without_a_command() {
    for (name, sentence) in [
        ("ksoftirqd", "ksoftirqd/0 (17) is a kernel thread"),
        ("dualq-top", "dualq-top (5000) is part of dualq-top"),
    ] {
        let (_, mut events) = seen(2);
        events.extend(go_to(name));
        events.push(key(SPACE));
        let mut hands = Hands::default();
        let shown = play(SMALL, events, &mut hands);
        assert!(shown.has(sentence), "{}", shown.text());
        assert!(hands.asked.is_empty());
    }
}

#[test]
fn without_our_scheduler_space_says_what_to_do() {
    let (mut world, mut events) = seen(2);
    world.ruled_by(Ruler::KernelDefault);
    events.extend([world.tick(), key(SPACE)]);
    let mut hands = Hands::default();
    let shown = play(SMALL, events, &mut hands);
    assert!(
        shown.has("dualq is not attached, x attaches it."),
        "{}",
        shown.text()
    );
    assert!(hands.asked.is_empty());
}

#[test]
fn space_on_nothing_is_harmless() {
    let mut hands = Hands::default();
    let shown = play(
        SMALL,
        [key(SPACE), key(Key::Char('x')), key(Key::Down)],
        &mut hands,
    );
    assert!(hands.asked.is_empty());
    assert!(
        shown.has("Nothing has been seen of the kernel yet."),
        "{}",
        shown.text()
    );
}

// --- attaching and detaching ---

fn press_x(ruler: Ruler, role: Role) -> (Shown, Vec<String>) {
    let (mut world, mut events) = seen(2);
    if ruler != Ruler::Dualq {
        world.ruled_by(ruler);
    }
    world.scheduler().role = role;
    events.extend([world.tick(), key(Key::Char('x'))]);
    let mut hands = Hands::default();
    (play(SMALL, events, &mut hands), hands.asked)
}

#[test]
fn x_hands_over_to_the_kernel_and_back() {
    assert_eq!(press_x(Ruler::Dualq, Role::Owner).1, ["detach"]);
    assert_eq!(press_x(Ruler::KernelDefault, Role::Owner).1, ["attach"]);
}

#[test]
fn x_says_who_owns_the_scheduler() {
    let (shown, asked) = press_x(Ruler::Dualq, Role::Joined { owner: Some(1234) });
    assert!(shown.has("Process 1234 owns the scheduler: x there detaches it."));
    assert!(asked.is_empty());
}

#[test]
fn x_attaches_when_the_owner_has_gone() {
    let (shown, asked) = press_x(Ruler::KernelDefault, Role::Joined { owner: Some(1234) });
    assert_eq!(asked, ["attach"]);
    assert!(
        shown.has("the owner of the scheduler has gone"),
        "{}",
        shown.text()
    );
}

#[test]
fn x_never_evicts_another_scheduler() {
    let (shown, asked) = press_x(Ruler::Other("scx_rusty".into()), Role::Owner);
    assert!(asked.is_empty());
    assert!(
        shown.has("scx_rusty schedules and is never evicted"),
        "{}",
        shown.text()
    );
}

#[test]
fn view_mode_says_why_and_changes_nothing() {
    let reason = "not root: run sudo dualq-top";
    let (shown, asked) = press_x(
        Ruler::KernelDefault,
        Role::View {
            reason: reason.into(),
        },
    );
    assert!(asked.is_empty());
    assert!(
        shown.has(&format!("view mode: {reason}")),
        "{}",
        shown.text()
    );
    assert!(shown.has(&format!("Nothing can be changed in view mode: {reason}")));
}

#[test]
fn x_waits_for_the_change_that_is_under_way() {
    let (_, mut events) = seen(2);
    events.extend(typed("xx"));
    let mut hands = Hands::default();
    let shown = play(SMALL, events, &mut hands);
    assert_eq!(hands.asked, ["detach"]);
    assert!(shown.has("The kernel is still at the last change."));
}

#[test]
fn a_failed_attach_is_said_and_can_be_tried_again() {
    let (mut world, mut events) = seen(2);
    world.ruled_by(Ruler::KernelDefault);
    let sorry = "The kernel refused dualq: not now.";
    events.extend([
        world.tick(),
        key(Key::Char('x')),
        Event::Scheduler(Err(sorry.into())),
    ]);
    assert!(show(clone(&events)).has(sorry));
    events.push(key(Key::Char('x')));
    let mut hands = Hands::default();
    play(SMALL, events, &mut hands);
    assert_eq!(hands.asked, ["attach", "attach"]);
}

#[test]
fn why_the_kernel_ended_the_scheduler_stays_on_screen() {
    let (mut world, mut events) = seen(2);
    world.ruled_by(Ruler::KernelDefault);
    world.scheduler().exit = Some(Exit {
        kind: "a runnable task waited too long (watchdog)".into(),
        reason: "runnable task stall".into(),
        message: "hog[4711] failed to run for 30.1s".into(),
    });
    events.extend((0..30).map(|_| world.tick()));
    let shown = show(events);
    for part in [
        "The kernel ended dualq",
        "(watchdog)",
        "hog[4711]",
        "x attaches it again",
    ] {
        assert!(shown.has(part), "{part}:\n{}", shown.text());
    }
}

// --- rates ---

/// The dispatches per second on the screen.
fn dispatches(shown: &Shown) -> String {
    let line = shown.line("dispatches  ");
    line.split_whitespace().last().unwrap().to_owned()
}

#[test]
fn rates_survive_a_reattach() {
    let (mut world, mut events) = seen(2);
    world.reattach();
    events.push(world.tick());
    let shown = show(clone(&events));
    assert!(
        shown.has("attached anew: counting began again"),
        "{}",
        shown.text()
    );
    events.push(world.tick());
    let rate = dispatches(&show(events));
    assert!(rate.starts_with("3.") || rate.starts_with("4."), "{rate}");
}

#[test]
fn counters_that_begin_again_give_no_absurd_rate() {
    // The attachment's age says nothing here: only the counters went back.
    let (mut world, mut events) = seen(2);
    let age = world.scheduler().attached;
    world.reattach();
    world.scheduler().attached = age;
    events.push(world.tick());
    assert!(show(events).has("attached anew: counting began again"));
}

#[test]
fn counters_of_another_attachment_are_not_compared() {
    // It has counted further than the one before, so that no counter went back.
    let (mut world, mut events) = seen(2);
    world.scheduler().attached = Some(Duration::from_secs(5));
    for cpu in &mut world.snapshot.cpus {
        cpu.counters.as_mut().unwrap().batch_dis += 1_000_000_000;
    }
    events.push(world.tick());
    let shown = show(events);
    assert!(
        shown.has("attached anew: counting began again"),
        "{}",
        shown.text()
    );
}

#[test]
fn rates_are_per_second_of_the_monotonic_clock() {
    let rate = |interval| {
        let mut world = World::new(2);
        let mut app = App::new();
        app.handle(world.look());
        app.handle(world.pass(interval));
        app.tick().unwrap().total.dispatched.sum()
    };
    let (one, ten) = (rate(Duration::from_secs(1)), rate(Duration::from_secs(10)));
    assert!((one / ten - 1.0).abs() < 0.01, "{one} and {ten}");
}

#[test]
fn a_snapshot_of_the_same_moment_gives_no_rate() {
    let (world, mut events) = seen(2);
    events.push(world.look());
    let shown = show(events);
    assert!(
        shown.has("– measuring: rates come with the next tick"),
        "{}",
        shown.text()
    );
    assert!(!shown.has("inf") && !shown.has("NaN"));
}

#[test]
fn what_cannot_be_counted_is_a_dash_with_its_reason() {
    for (ruler, reason) in [
        (
            Ruler::KernelDefault,
            "dualq is not attached: nothing is counted",
        ),
        (
            Ruler::Transition,
            "the kernel is changing schedulers: counters pause",
        ),
    ] {
        let (mut world, mut events) = seen(2);
        world.ruled_by(ruler);
        events.push(world.tick());
        let shown = show(events);
        assert!(
            shown.line("dispatches  –").contains(reason),
            "{}",
            shown.text()
        );
    }
    let (mut world, mut events) = seen(2);
    world
        .snapshot
        .cpus
        .iter_mut()
        .for_each(|cpu| cpu.counters = None);
    events.push(world.tick());
    assert!(show(events).has("– dualq's counters cannot be read"));
}

#[test]
fn an_offline_cpu_is_shown_as_such_and_comes_back_sane() {
    let (mut world, mut events) = seen(4);
    world.offline(2);
    events.push(world.tick());
    let shown = show(clone(&events));
    assert!(
        shown.line(" 2 offline").starts_with("  2 "),
        "{}",
        shown.text()
    );
    assert!(shown.has("3 of 4 CPUs"));
    world.snapshot.cpus[2].online = true;
    world.snapshot.cpus[2].busy_percent = Some(97.0);
    events.push(world.tick());
    let shown = show(events);
    assert!(
        !shown.has("offline") && shown.has("4 CPUs"),
        "{}",
        shown.text()
    );
}

#[test]
fn an_idle_machine_says_that_a_move_changes_nothing() {
    let (mut world, mut events) = seen(2);
    assert!(!show(clone(&events)).has("CPUs stand idle"));
    world.busy = 0.2;
    events.push(world.tick());
    assert!(show(events).has("CPUs stand idle"));
}

#[test]
fn history_shows_what_a_move_did() {
    let (_, events) = busy(2, 300);
    let shown = play((120, 40), events, &mut Hands::default());
    let lowest = shown.line("  0 %");
    let (first, last) = (lowest.find('▒'), lowest.rfind('█'));
    assert!(
        first < last,
        "BATCH alone first, PRIORITY at the end:\n{}",
        shown.text()
    );
}

#[test]
fn a_move_leaves_its_mark_on_the_history() {
    let (mut world, mut events) = seen(2);
    events.push(key(SPACE));
    events.extend((0..20).map(|_| world.tick()));
    let shown = play((120, 40), events, &mut Hands::default());
    assert!(shown.has("ffmpeg → PRIORITY ▲"), "{}", shown.text());
}

#[test]
fn a_pause_does_not_bend_the_time_of_the_charts() {
    let mut world = World::new(1);
    let mut app = App::new();
    app.handle(world.look());
    for seconds in [1.0, 0.98, 1.03, 1.0, 5.0, 1.01] {
        app.handle(world.pass(Duration::from_secs_f64(seconds)));
    }
    assert_eq!(
        app.history().len(),
        10,
        "a slot for each second that passed"
    );
    let columns = app
        .history()
        .columns(12, 1, |tick| Some(tick.total.dispatched));
    assert_eq!(columns.iter().filter(|column| column.is_some()).count(), 10);
}

// --- searching, help, leaving ---

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
    let mut hands = Hands::default();
    let shown = play(SMALL, events, &mut hands);
    assert!(
        shown.has("/q x?") && hands.asked.is_empty(),
        "{}",
        shown.text()
    );
}

#[test]
fn the_help_names_every_key() {
    let (_, mut events) = seen(2);
    events.push(key(Key::Char('?')));
    let shown = play((100, 40), events, &mut Hands::default());
    for binding in KEYMAP {
        let line = shown.line(binding.help);
        for key in binding.keys {
            assert!(line.contains(&key.name()), "{line}");
        }
    }
}

#[test]
fn the_help_fits_the_smallest_screen_and_any_key_closes_it() {
    let (_, mut events) = seen(2);
    events.push(key(Key::Char('?')));
    let shown = show(clone(&events));
    assert!(
        shown.has("any key closes") && shown.has("guarantee"),
        "{}",
        shown.text()
    );
    events.push(key(SPACE));
    let mut hands = Hands::default();
    let shown = play(SMALL, events, &mut hands);
    assert!(shown.has("COMMAND") && hands.asked.is_empty());
}

#[test]
fn the_footer_names_keys_that_work() {
    let (_, events) = seen(2);
    let footer = show(events).lines().pop().unwrap();
    for binding in KEYMAP {
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
        let mut hands = Hands::default();
        assert_eq!(play(SMALL, events, &mut hands).outcome, Outcome::Quit);
        assert!(hands.asked.is_empty());
    }
}

#[test]
fn signals_panics_and_a_lost_terminal_end_the_dashboard_as_what_they_are() {
    let end = |event| show([event]).outcome;
    assert_eq!(end(Event::Signal(15)), Outcome::Signal(15));
    assert_eq!(end(Event::TerminalGone), Outcome::TerminalGone);
    let why = "thread sampling: boom".to_owned();
    assert_eq!(end(Event::Panicked(why.clone())), Outcome::Panicked(why));
}

#[test]
fn stopping_hands_the_terminal_back_and_redraws_on_return() {
    let (sender, events) = std::sync::mpsc::channel();
    let (_, seen) = seen(2);
    for event in seen
        .into_iter()
        .chain([key(Key::Ctrl('z')), Event::Signal(20)])
    {
        sender.send(event).unwrap();
    }
    drop(sender);
    let mut stops = 0;
    let mut terminal = ratatui::Terminal::new(Deaf(TestBackend::new(80, 24))).unwrap();
    dualq_top::dashboard::Dashboard::new(App::new())
        .on_suspend(|| {
            stops += 1;
            Ok(())
        })
        .run(&mut terminal, &events, &mut Hands::default())
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

// --- the screen ---

#[test]
fn too_small_is_said_not_drawn() {
    for size in [(79, 24), (80, 23), (40, 10), (20, 5)] {
        let (_, events) = seen(2);
        let shown = play(size, events, &mut Hands::default());
        let text = shown.lines().join(" ");
        assert!(
            text.contains("needs") && text.contains("80×24"),
            "{size:?}: {text}"
        );
        assert!(!text.contains("COMMAND"));
    }
}

#[test]
fn no_size_of_the_terminal_breaks_the_screen() {
    let (_, events) = busy(64, 5);
    let mut app = App::new();
    for event in events {
        app.handle(event);
    }
    for mode in [Key::Esc, Key::Char('?'), Key::Char('/')] {
        app.handle(key(mode));
        for (columns, rows) in
            (0..60)
                .map(|n| (n * 9, n))
                .chain([(1, 1), (0, 0), (500, 200), (80, 24), (81, 500)])
        {
            let backend = TestBackend::new(columns, rows);
            let mut terminal = ratatui::Terminal::new(backend).unwrap();
            dualq_top::ui::fit(&mut app, (columns, rows).into());
            terminal
                .draw(|frame| dualq_top::ui::draw(frame, &app, &Theme::colour()))
                .unwrap();
        }
        app.handle(key(Key::Esc));
    }
}

#[test]
fn without_colour_the_queues_still_differ() {
    let (_, events) = busy(2, 100);
    let shown = play_in(Theme::plain(), SMALL, events, &mut Hands::default());
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
    let queue = "      PID USER     S   CPU% ".len();
    assert_ne!(
        style(queue, row("pipewire")),
        style(queue, row("main.cpp")),
        "in the list"
    );
    let (priority, batch) = (row("    0  PRIORITY"), row("    0  PRIORITY") + 1);
    let end = 13 + 20;
    assert_ne!(style(end, priority), style(end, batch), "in the charts");
    assert!(
        lines[1].contains('█') && lines[1].contains('▒'),
        "in the bars: {}",
        lines[1]
    );
}

#[test]
fn names_of_any_kind_leave_the_columns_aligned() {
    let (mut world, mut events) = seen(2);
    let name = dualq_top::text::scrub("日本\u{202e}\x1b[31m語\u{301}".as_bytes());
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
    assert_eq!(at(head + 1, 19), "R", "the state stands in its column");
    assert!(
        rows.iter()
            .all(|row| !row.contains('\x1b') && !row.contains('\u{202e}'))
    );
}

#[test]
fn ten_thousand_processes_leave_the_keys_quick() {
    let mut world = World::new(64);
    for pid in 10_000..20_000 {
        world.add(
            pid,
            "load",
            "worker",
            "worker --many",
            f32::from((pid % 100) as u16) / 10.0,
        );
    }
    let mut app = App::new();
    app.handle(world.look());
    app.handle(world.tick());
    let mut terminal = ratatui::Terminal::new(TestBackend::new(200, 60)).unwrap();
    let begin = Instant::now();
    app.handle(world.tick());
    assert!(
        begin.elapsed() < Duration::from_millis(200),
        "{:?} a tick",
        begin.elapsed()
    );
    let begin = Instant::now();
    let keys = 20;
    for _ in 0..keys {
        app.handle(key(Key::PageDown));
        dualq_top::ui::fit(&mut app, (200, 60).into());
        terminal
            .draw(|frame| dualq_top::ui::draw(frame, &app, &Theme::colour()))
            .unwrap();
    }
    let each = begin.elapsed() / keys;
    assert!(each < Duration::from_millis(100), "{each:?} a key");
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

/// Events cannot be copied; the snapshots in them can.
fn clone(events: &[Event]) -> Vec<Event> {
    events
        .iter()
        .map(|event| match event {
            Event::Snapshot(snapshot) => Event::Snapshot(snapshot.clone()),
            Event::Key(key) => Event::Key(*key),
            Event::Scheduler(result) => Event::Scheduler(result.clone()),
            other => panic!("{other:?} is not copied here"),
        })
        .collect()
}
