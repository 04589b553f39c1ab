//! A replay shows what was on the screen.

use dualq_top::model::Queue;
use dualq_top::record;
use dualq_top::tui::app::{App, Command, Event, Key};
use dualq_top::tui::effects::{Effects, Happened};
use dualq_top::tui::event_queue;
use dualq_top::tui::run::Dashboard;
use dualq_top::tui::ui::theme::Theme;

use crate::read;
use crate::support::{self, FakeEffects, World, play_app, play_dashboard};

/// Refuses one of the moves.
struct Refusing(FakeEffects);

impl Effects for Refusing {
    fn perform(&mut self, command: Command) -> Option<Event> {
        let mut answers = match self.0.perform(command) {
            Some(Event::Moved(answers)) => answers,
            other => return other,
        };
        for (id, result) in &mut answers {
            if id.pid == 3977 {
                *result = Err("the map is full (10,000)".into());
            }
        }
        Some(Event::Moved(answers))
    }
}

/// Waits until the file is longer, and returns its length.
fn grown(path: &std::path::Path, from: u64) -> u64 {
    loop {
        let length = std::fs::metadata(path).unwrap().len();
        if length > from {
            return length;
        }
        std::thread::yield_now();
    }
}

/// Records what the dashboard does with these events; what it showed at their end, and the replay.
fn recorded(name: &str, size: (u16, u16), events: Vec<Event>) -> [String; 2] {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    let (sender, _received) = event_queue::channel();
    let (recorder, ending) = record::start(&path, sender).unwrap();
    let mut effects = Refusing(FakeEffects::default());
    let mut length = 0;
    let note = |happened: Happened<'_>| {
        let said = recorder.note(happened);
        // As many seconds in a moment are more than the writing thread holds.
        if matches!(happened, Happened::Event(Event::Snapshot(_))) {
            length = grown(&path, length);
        }
        said
    };
    let dashboard = Dashboard::new(App::new()).on_happened(note);
    let live = play_dashboard(dashboard, size, events, &mut effects);
    recorder.end();
    ending.wait();
    let (whats, end) = read(&std::fs::read(&path).unwrap());
    assert_eq!(end, Ok(()));
    let events = whats.into_iter().map(Event::from);
    let app = App::new().replaying();
    let mut effects = FakeEffects::default();
    let again = play_app(app, Theme::colour(), size, events, &mut effects);
    assert_eq!(effects.asked, Vec::<String>::new());
    [live.text(), again.text()]
}

#[test]
fn several_processes_moved_together_are_one_move_in_a_replay() {
    let mut world = World::new(2);
    let mut events = vec![world.look()];
    events.extend((0..12).map(|_| world.tick()));
    events.extend(support::typed("\x1bvvvv "));
    for pid in [4121, 3977, 2210] {
        world.put(pid, Queue::Priority);
    }
    world.event();
    events.extend((0..3).map(|_| world.tick()));
    let [live, again] = recorded("moved-together.rec", (120, 40), events);
    let line = |screen: &str, part: &str| {
        let found = screen.lines().find(|line| line.contains(part));
        found.map_or_else(|| panic!("no {part}\n{screen}"), str::to_owned)
    };
    assert!(live.contains("3 processes"), "{live}");
    for part in ["1 not moved", "BATCH → PRIORITY"] {
        assert_eq!(line(&live, part), line(&again, part), "{again}");
    }
}

/// The line of the marks below the chart of CPU time, which large screens have.
fn marks(screen: &str) -> Vec<&str> {
    let marked = |line: &&str| line.contains('▲');
    screen.lines().filter(marked).collect()
}

/// The chart of a level, the guarantee and a key, with a snapshot on the way that was begun before the change.
fn levels_and_guarantee() -> Vec<Event> {
    let (mut world, mut events) = support::busy(4, 15);
    world.put(4121, Queue::Priority);
    events.push(world.tick());
    events.extend(support::typed("/ffmpeg"));
    events.push(support::key(Key::Enter));
    events.extend((0..10).map(|_| world.tick()));
    events.extend(support::typed("+"));
    world.on_level(4121, 144);
    events.extend((0..120).map(|_| world.tick()));
    events.extend(support::typed("G"));
    events.push(world.tick());
    world.scheduler().tunables = Some(dualq_top::model::Tunables {
        guarantee_percent: 15,
        ..Default::default()
    });
    events.extend((0..12).map(|_| world.tick()));
    events
}

#[test]
fn levels_and_guarantee_are_marked_in_a_replay_as_live() {
    let [live, again] = recorded("levels.rec", (200, 60), levels_and_guarantee());
    let expected = marks(&live);
    for label in ["▲ ffmpeg", "guarantee 15 %"] {
        assert!(expected.iter().any(|line| line.contains(label)), "{live}");
    }
    assert_eq!(marks(&again), expected, "{again}");
}

#[test]
fn levels_and_guarantee_are_marked_in_the_past_as_live() {
    let events = levels_and_guarantee();
    let (shown, _) = crate::past::show_in(
        (200, 60),
        support::copies(&events[..events.len() - 1]).collect(),
    );
    let live = shown.text();
    let back = events.into_iter().chain(support::typed(","));
    let (shown, _) = crate::past::show_in((200, 60), back.collect());
    let again = shown.text();
    assert!(again.contains(" 1s ago "), "{again}");
    let expected = marks(&live);
    for label in ["▲ ffmpeg", "guarantee 15 %"] {
        assert!(expected.iter().any(|line| line.contains(label)), "{live}");
    }
    assert_eq!(marks(&again), expected, "{again}");
}

/// Nothing is at stake where the folder is the user's own; root records into folders of others as well.
#[test]
fn a_discarded_recording_takes_no_other_file_along() {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("discarded");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(dir.join("folder")).unwrap();
    let (sender, _received) = event_queue::channel();
    let (recorder, ending) = record::start(&dir.join("folder/passwd"), sender.clone()).unwrap();
    std::fs::rename(dir.join("folder"), dir.join("moved")).unwrap();
    std::fs::create_dir(dir.join("folder")).unwrap();
    std::fs::write(dir.join("folder/passwd"), "precious").unwrap();
    ending.discard();
    recorder.end();
    ending.wait();
    assert!(dir.join("folder/passwd").exists(), "that is another file");
    assert!(!dir.join("moved/passwd").exists(), "and this one is empty");

    let anybodys = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(dir.join("folder"), anybodys).unwrap();
    let refused = record::start(&dir.join("folder/new"), sender.clone()).err();
    let said = refused.unwrap().to_string();
    assert!(said.contains("anybody may put another"), "{said}");
    let as_tmp = std::os::unix::fs::PermissionsExt::from_mode(0o1777);
    std::fs::set_permissions(dir.join("folder"), as_tmp).unwrap();
    assert!(record::start(&dir.join("folder/new"), sender).is_ok());
}
