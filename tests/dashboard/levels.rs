//! The keys that change a member's level, and where levels show.

use dualq_top::model::Queue;
use dualq_top::tui::app::order::SortKey;
use dualq_top::tui::app::preferences::Preferences;
use dualq_top::tui::app::{App, Event};
use dualq_top::tui::ui::theme::Theme;

use crate::support::{FakeEffects, World, play, play_app, typed};
use crate::{SMALL, clone, go_to, seen};

/// ffmpeg is a member, and the cursor is on it.
fn member() -> (World, Vec<Event>) {
    let (mut world, mut events) = seen(2);
    world.put(4121, Queue::Priority);
    events.push(world.tick());
    events.extend(go_to("ffmpeg"));
    (world, events)
}

#[test]
fn plus_and_minus_change_a_members_level_in_steps() {
    let (_, mut events) = member();
    events.extend(typed("++-"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    let expected = [144, 160, 144].map(|level| format!("level {level} for 4121"));
    assert_eq!(effects.asked, expected);
    assert!(shown.has("ffmpeg (4121) → level 144"), "{}", shown.text());
    assert!(
        shown.line("ffmpeg -i").contains("PRIORITY·144 "),
        "{}",
        shown.text()
    );
    // Where no level is another than the default, there is no need for the room.
    let (_, mut events) = member();
    events.extend(typed("+-"));
    let shown = play(SMALL, events, &mut FakeEffects::default());
    assert!(!shown.has("PRIORITY·"), "{}", shown.text());
}

#[test]
fn a_batch_process_has_no_level_and_the_highest_is_said() {
    let (_, mut events) = seen(2);
    events.extend(typed("+"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, clone(&events), &mut effects);
    assert!(effects.asked.is_empty());
    assert!(
        shown.has("only members have a level: space moves it"),
        "{}",
        shown.text()
    );
    let (_, mut events) = member();
    events.extend(typed("+++++++++"));
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked.last().unwrap(), "level 255 for 4121");
    assert!(shown.has("has the highest level, 255"), "{}", shown.text());
}

#[test]
fn tagged_members_change_their_levels_together() {
    let (mut world, mut events) = seen(2);
    world.put(4121, Queue::Priority);
    world.put(3977, Queue::Priority);
    events.push(world.tick());
    events.extend(typed("vv-"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["level 112 for 4121", "level 112 for 3977"]);
    assert!(shown.has("2 processes → level 112"), "{}", shown.text());
}

#[test]
fn the_column_level_can_be_chosen_and_sorted_by() {
    let (mut world, mut events) = seen(2);
    world.put(640, Queue::Priority);
    world.put(4121, Queue::Priority);
    world.on_level(640, 200);
    events.push(world.tick());
    let app = App::with(Preferences {
        columns: vec![SortKey::Pid, SortKey::Level, SortKey::Command],
        sort: SortKey::Level,
        ..Preferences::default()
    });
    let shown = play_app(
        app,
        Theme::colour(),
        SMALL,
        events,
        &mut FakeEffects::default(),
    );
    let lines = shown.lines();
    let head = lines
        .iter()
        .position(|line| line.contains("LEVEL▼"))
        .unwrap();
    assert!(lines[head + 1].contains(" 640   200 "), "{}", shown.text());
    assert!(lines[head + 2].contains(" 4121   128 "), "{}", shown.text());
    assert!(lines[head + 3].contains("     – "), "{}", shown.text());
}

#[test]
fn undo_gives_a_member_its_level_back() {
    let (mut world, mut events) = member();
    world.on_level(4121, 200);
    events.push(world.tick());
    events.extend(typed(" z"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(
        effects.asked,
        ["move 4121 to BATCH", "move 4121 to PRIORITY on level 200"]
    );
    assert!(
        shown.line("ffmpeg -i").contains("PRIORITY"),
        "{}",
        shown.text()
    );
}
