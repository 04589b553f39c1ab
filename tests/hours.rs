//! Memory stays constant over hours of use.

#![allow(clippy::unwrap_used)]

mod support;

use dualq_top::model::Queue;
use dualq_top::tui::app::{App, Command, Event, Key};
use dualq_top::tui::event_queue;
use dualq_top::tui::run::Dashboard;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use support::{World, key};

/// Charts are full after ten minutes, what the allocator keeps in between later.
const BEGUN: u32 = 6000;
/// Long enough that what grows by 200 bytes a second shows beside what the allocator leaves between.
const HOURS: u32 = 24000;

/// Of this process, in KB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

/// Answers every move as asked, and remembers none.
fn forgetful(command: Command) -> Option<Event> {
    match command {
        Command::Move(batch) => {
            let answers = batch.requests().map(|(id, to, _)| (id, Ok(to)));
            Some(Event::Moved(answers.collect()))
        }
        _ => None,
    }
}

/// Each second ten processes end and ten others begin, two of them members; keys are pressed.
fn pass(world: &mut World, second: u32) -> Vec<Event> {
    let pid = |second: u32, n: u32| 10_000 + second * 10 + n;
    for n in 0..10 {
        if second > 0 {
            world.end(pid(second - 1, n));
        }
        world.add(pid(second, n), "ana", "short", "short --lived", 1.0);
    }
    world.put(pid(second, 0), Queue::Priority);
    world.put(pid(second, 1), Queue::Priority);
    let keys = [Key::Down, Key::Char('v'), Key::Char(' '), Key::Char('-')];
    let pressed = keys[second as usize % keys.len()];
    vec![world.tick(), key(pressed)]
}

#[test]
fn hours_of_watching_take_no_more_memory_than_the_first() {
    let (sender, received) = event_queue::channel();
    let seconds = std::thread::spawn(move || {
        let mut world = World::new(8);
        let mut at_first = 0;
        for second in 0..BEGUN + HOURS {
            for event in pass(&mut world, second) {
                sender.send_in_turn(event).unwrap();
            }
            if second == BEGUN {
                at_first = resident();
            }
        }
        (at_first, resident())
    });
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let mut effects = forgetful;
    let dashboard = Dashboard::new(App::new());
    dashboard
        .run(&mut terminal, &received, &mut effects)
        .unwrap();
    let (at_first, at_last) = seconds.join().unwrap();
    println!("{at_first} KB, then {at_last} KB");
    assert!(
        at_last < at_first + 3000,
        "{at_first} KB after {BEGUN} s, {at_last} KB after {HOURS} s more"
    );
}
