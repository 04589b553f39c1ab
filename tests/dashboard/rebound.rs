//! Keys that the settings have changed: every sentence names the keys in force.

use dualq_top::model::{ActiveScheduler, DemoStatus, Exit, NoWaits, Role};
use dualq_top::tui::app::App;
use dualq_top::tui::app::keymap::{Action, KEYMAP, Keymap};
use dualq_top::tui::app::preferences::Preferences;
use dualq_top::tui::ui::theme::Theme;

use super::*;
use crate::support::{Metronome, play_app};

/// Every action has another key than in the table: a letter that nothing else on the screen uses.
fn rebound() -> Keymap {
    let mut keymap = Keymap::default();
    for (letter, binding) in ('\u{4e00}'..).zip(KEYMAP) {
        keymap.rebind(binding.action, vec![Key::Char(letter)]);
    }
    keymap
}

/// With these keys pressed afterwards, `sentence` is said, with the key in force in place of `{}`.
fn says(mut events: Vec<Event>, pressed: &[Action], named: &[Action], sentence: &str) {
    let keymap = rebound();
    let bound = |action: &Action| keymap.key(*action).chars().next().unwrap();
    events.extend(pressed.iter().map(|action| key(Key::Char(bound(action)))));
    let mut sentence = sentence.to_owned();
    for action in named {
        sentence = sentence.replacen("{}", &keymap.key(*action), 1);
    }
    let app = App::with(Preferences {
        keymap: keymap.clone(),
        ..Preferences::default()
    });
    let effects = &mut FakeEffects::default();
    let shown = play_app(app, Theme::colour(), (120, 24), events, effects);
    assert!(shown.has(&sentence), "{sentence}:\n{}", shown.text());
}

/// After this change of the world.
fn then(change: impl FnOnce(&mut World)) -> Vec<Event> {
    let (mut world, mut events) = seen(2);
    change(&mut world);
    events.push(world.tick());
    events
}

fn handed_back(world: &mut World) {
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.scheduler().role = Role::Joined { owner: Some(1234) };
}

fn ended_by_the_kernel(world: &mut World) {
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.scheduler().exit = Some(Exit {
        kind: "a runnable task waited too long (the watchdog)".into(),
        reason: "runnable task stall".into(),
        message: "make[7] failed to run for 30.1s".into(),
        dump: (0..60).map(|n| format!("  CPU {n} : nr_run=3")).collect(),
        asks_restart: false,
    });
}

fn news(status: DemoStatus) -> Vec<Event> {
    let (_, mut events) = seen(2);
    events.extend([Event::Demo(DemoStatus::Starting), Event::Demo(status)]);
    events
}

#[test]
fn every_sentence_names_the_keys_in_force() {
    use Action::*;
    let (_, quiet) = seen(2);
    says(
        news(DemoStatus::Stopped),
        &[],
        &[Demo],
        "has stopped: {} starts it.",
    );
    says(
        news(DemoStatus::Over("Its time is over".into())),
        &[],
        &[Demo],
        "Its time is over: {} starts it again.",
    );
    let (mut world, mut events) = seen(2);
    let metronome = Metronome::start(&mut world);
    events.extend([Event::Demo(DemoStatus::Starting), metronome.read()]);
    events.push(world.tick());
    says(events, &[], &[Toggle], "{} moves it to PRIORITY and back");
    says(
        clone(&quiet),
        &[SearchNext],
        &[Search],
        "No search yet: {} starts",
    );
    says(clone(&quiet), &[UntagAll], &[Tag], "{} tags.");
    says(clone(&quiet), &[Fold], &[Tree], "{} shows it.");
    says(clone(&quiet), &[Pause], &[Pause], "{} continues.");
    says(clone(&quiet), &[Help], &[Up, Down], "{} {} scroll");
    let mut off = clone(&quiet);
    off.push(Event::Waits(Ok(false)));
    says(off, &[], &[Waits], "measuring waits; {} turns it on.");
    let off = || then(|world| world.no_waits(NoWaits::Off));
    says(off(), &[], &[Waits], "not measured: {} switches it on");
    says(off(), &[Talk], &[Waits], "not measured: {} switches it on");
    says(
        then(handed_back),
        &[],
        &[Scheduler],
        "kernel's scheduler; {} there switches back",
    );
    says(
        then(handed_back),
        &[Scheduler],
        &[Scheduler],
        "owns the scheduler: {} there attaches it.",
    );
    says(
        then(ended_by_the_kernel),
        &[],
        &[Scheduler, Up, Down],
        "{} attaches dualq again, {} {} scroll",
    );
    let idle = then(|world| world.busy = 0.1);
    says(idle, &[], &[Demo], "changes nothing; {} starts a load.");
}
