//! Threads as rows of the list.

use super::*;
use dualq_top::model::Queue;

/// ffmpeg with two threads, switched on or not.
fn threaded(keys: &str) -> (World, Vec<Event>) {
    let mut world = World::new(2);
    let mut events = vec![world.look()];
    events.extend(typed(keys));
    world.thread(4130, 4121, "decoder", 60.0);
    world.thread(4131, 4121, "encoder", 20.0);
    events.extend([world.tick(), world.tick()]);
    (world, events)
}

#[test]
fn threads_are_asked_for_only_while_they_are_shown() {
    let (_, mut events) = seen(2);
    let mut effects = FakeEffects::default();
    events.extend(typed("HH"));
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["threads shown", "threads hidden"]);
    assert!(shown.has("The threads of processes are hidden."));
}

#[test]
fn threads_are_rows_with_their_own_id_time_and_name() {
    let (_, events) = threaded("H");
    let shown = show(events);
    let row = shown.line("decoder, thread of ffmpeg (4121)");
    assert!(row.contains("4130") && row.contains("60.0"), "{row}");
    let (_, events) = threaded("HH");
    assert!(!show(events).has("thread of"), "hidden at once");
}

#[test]
fn in_the_tree_threads_stand_below_their_process() {
    let (_, events) = threaded("Ht");
    let shown = play((100, 120), events, &mut FakeEffects::default());
    let lines = shown.lines();
    let at = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap();
    let process = at("ffmpeg -i");
    assert_eq!(at("├─decoder, thread"), process + 1, "{}", shown.text());
    assert_eq!(at("└─encoder, thread"), process + 2, "{}", shown.text());
}

#[test]
fn space_on_a_thread_moves_its_process_and_both_rows_say_so() {
    let (_, mut events) = threaded("H");
    events.extend(go_to("decoder"));
    events.push(key(SPACE));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["threads shown", "move 4121 to PRIORITY"]);
    assert!(shown.has("ffmpeg (4121) → PRIORITY"), "{}", shown.text());
    assert!(shown.under_cursor().contains("decoder"), "{}", shown.text());
    for part in ["decoder, thread", "encoder, thread", "ffmpeg -i"] {
        assert!(shown.line(part).contains("PRIORITY"), "{}", shown.text());
    }
}

#[test]
fn a_signal_and_a_tag_on_a_thread_are_its_processs() {
    let (_, mut events) = threaded("H");
    events.extend(go_to("decoder"));
    let mut signalled = clone(&events);
    signalled.push(key(Key::Char('k')));
    assert!(show(signalled).has("Send to ffmpeg (4121)"));
    events.extend(typed("v"));
    events.push(key(SPACE));
    let mut effects = FakeEffects::default();
    play(SMALL, events, &mut effects);
    assert_eq!(effects.asked[1..], ["move 4121 to PRIORITY"]);
}

#[test]
fn hiding_threads_moves_cursor_to_their_process() {
    let (mut world, mut events) = threaded("H");
    events.extend(go_to("encoder"));
    world.uses(4131, 300.0);
    events.extend([world.tick(), world.tick()]);
    assert!(show(clone(&events)).under_cursor().contains("encoder"));
    // Far from its process, which has the row that the thread had otherwise.
    world.uses(4131, 1.0);
    events.extend([world.tick(), world.tick()]);
    events.extend(typed("H"));
    assert!(show(events).under_cursor().contains("ffmpeg -i"));
}

#[test]
fn members_are_counted_without_their_threads() {
    let (mut world, mut events) = threaded("H");
    world.put(4121, Queue::Priority);
    events.push(world.tick());
    let shown = play((160, 40), events, &mut FakeEffects::default());
    assert!(shown.has("1 member,"), "{}", shown.text());
}

#[test]
fn threads_that_are_too_many_are_not_left_out_silently() {
    let (mut world, mut events) = threaded("H");
    world.snapshot.threads_left_out = 5000;
    events.extend((0..17).map(|_| world.tick()));
    assert!(show(events).has("5,000 threads, too many"));
}

#[test]
fn tags_on_two_threads_of_a_process_do_not_undo_each_other() {
    let (mut world, mut events) = threaded("H");
    for thread in ["decoder", "encoder"] {
        events.extend(go_to(thread));
        events.extend(typed("v"));
    }
    let shown = show(clone(&events));
    for thread in ["decoder, thread", "encoder, thread"] {
        let row = shown.line(thread);
        assert!(row.starts_with(" +"), "{row}");
    }
    assert!(
        !shown.line("ffmpeg -i").starts_with(" +"),
        "its own row is not tagged"
    );
    // What they are about stays tagged when their rows go, and moves once.
    events.extend(typed("H"));
    world
        .snapshot
        .processes
        .retain(|row| row.thread_of.is_none());
    world.uses.truncate(world.snapshot.processes.len());
    events.push(world.tick());
    events.push(key(SPACE));
    let mut effects = FakeEffects::default();
    play(SMALL, clone(&events), &mut effects);
    assert_eq!(
        effects.asked[2..],
        ["move 4121 to PRIORITY"],
        "{:?}",
        effects.asked
    );
}
