//! Tests of the dashboard as a user sees it: the whole program, fed with events.

#![allow(clippy::cast_possible_truncation, clippy::panic, clippy::unwrap_used)]

mod before_after;
mod changes;
mod children;
mod crowd;
mod demo;
mod inspect;
mod keys;
mod levels;
mod list;
mod moves;
mod pause;
mod queues;
mod rates;
mod rebound;
mod report;
mod screen;
mod signals;
#[path = "../support/mod.rs"]
mod support;
mod talk;
mod threads;
mod trace;
mod tunables;
mod view;
mod waits;

use dualq_top::tui::app::{Event, Key};
use support::{FakeEffects, Shown, World, key, play, typed};

pub const SMALL: (u16, u16) = (80, 24);
pub const SPACE: Key = Key::Char(' ');

pub fn show(events: impl IntoIterator<Item = Event>) -> Shown {
    play(SMALL, events, &mut FakeEffects::default())
}

/// A machine seen for two ticks, so that CPU times are known.
#[must_use]
pub fn seen(cpus: u32) -> (World, Vec<Event>) {
    let mut world = World::new(cpus);
    let events = vec![world.look(), world.tick()];
    (world, events)
}

/// Searches for a process and ends the search there.
#[must_use]
pub fn go_to(name: &str) -> Vec<Event> {
    let mut events = typed(&format!("/{name}"));
    events.push(key(Key::Enter));
    events
}

/// Events cannot be copied; the snapshots in them can.
#[must_use]
pub fn clone(events: &[Event]) -> Vec<Event> {
    events
        .iter()
        .map(|event| match event {
            Event::Snapshot(snapshot) => Event::Snapshot(snapshot.clone()),
            Event::Key(key) => Event::Key(*key),
            Event::Waits(result) => Event::Waits(result.clone()),
            Event::Scheduler(result) => Event::Scheduler(result.clone()),
            Event::Demo(news) => Event::Demo(news.clone()),
            other => panic!("{other:?} is not copied here"),
        })
        .collect()
}
