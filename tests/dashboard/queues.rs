//! Moving between the queues, attaching and detaching.

use dualq_top::model::{ActiveScheduler, CgroupLimits, Exit, Policy, Queue, Role};
use dualq_top::tui::app::{Event, Key};

use crate::support::{FakeEffects, Shown, World, key, play, typed};
use crate::{SMALL, SPACE, clone, go_to, seen, show};

#[test]
fn space_moves_and_says_what_the_map_says() {
    let (_, mut events) = seen(2);
    events.push(key(SPACE));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["move 4121 to PRIORITY"]);
    assert!(shown.has("ffmpeg (4121) → PRIORITY"), "{}", shown.text());
    assert!(shown.line("ffmpeg -i").starts_with('★'));
}

#[test]
fn space_marks_only_what_the_kernel_says() {
    let (_, mut events) = seen(2);
    events.push(key(SPACE));
    let mut effects = FakeEffects {
        answer: Some(Ok(Queue::Batch)),
        ..FakeEffects::default()
    };
    let shown = play(SMALL, events, &mut effects);
    assert!(
        shown.line("ffmpeg -i").contains(" BATCH "),
        "{}",
        shown.text()
    );
    assert!(shown.has("ffmpeg (4121) is in BATCH according to the kernel's map."));
}

#[test]
fn space_moves_back() {
    let (mut world, mut events) = seen(2);
    world.put(4121, Queue::Priority);
    events.extend([world.tick(), key(SPACE)]);
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["move 4121 to BATCH"]);
    assert!(shown.has("ffmpeg (4121) → BATCH"));
}

#[test]
fn a_refusal_is_said_and_changes_nothing() {
    let (_, mut events) = seen(2);
    events.push(key(SPACE));
    let full = "priority_pids_map is full (10,000).".to_owned();
    let mut effects = FakeEffects {
        answer: Some(Err(full.clone())),
        ..FakeEffects::default()
    };
    let shown = play(SMALL, events, &mut effects);
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
fn moving_kernel_threads_and_own_processes_is_refused() {
    for (name, sentence) in [
        (
            "ksoftirqd",
            "Cannot move ksoftirqd/0 (17): it is a kernel thread",
        ),
        (
            "dualq-top",
            "Cannot move dualq-top (5000): it is part of dualq-top, and goes first.",
        ),
    ] {
        let (_, mut events) = seen(2);
        events.extend(go_to(name));
        events.push(key(SPACE));
        let mut effects = FakeEffects::default();
        let shown = play(SMALL, events, &mut effects);
        assert!(shown.has(sentence), "{}", shown.text());
        assert!(effects.asked.is_empty());
    }
}

#[test]
fn without_our_scheduler_space_says_what_to_do() {
    let (mut world, mut events) = seen(2);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    events.extend([world.tick(), key(SPACE)]);
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert!(
        shown.has("dualq is not attached, x attaches it."),
        "{}",
        shown.text()
    );
    assert!(effects.asked.is_empty());
}

#[test]
fn space_on_nothing_is_harmless() {
    let mut effects = FakeEffects::default();
    let shown = play(
        SMALL,
        [key(SPACE), key(Key::Char('x')), key(Key::Down)],
        &mut effects,
    );
    assert!(effects.asked.is_empty());
    assert!(
        shown.has("The kernel's state is not known yet."),
        "{}",
        shown.text()
    );
}

fn press_x(active: ActiveScheduler, role: Role) -> (Shown, Vec<String>) {
    let (mut world, mut events) = seen(2);
    if active != ActiveScheduler::Dualq {
        world.scheduled_by(active);
    }
    world.scheduler().role = role;
    events.extend([world.tick(), key(Key::Char('x'))]);
    let mut effects = FakeEffects::default();
    (play(SMALL, events, &mut effects), effects.asked)
}

#[test]
fn x_hands_over_to_the_kernel_and_back() {
    assert_eq!(press_x(ActiveScheduler::Dualq, Role::Owner).1, ["detach"]);
    assert_eq!(
        press_x(ActiveScheduler::KernelDefault, Role::Owner).1,
        ["attach"]
    );
}

#[test]
fn x_says_who_owns_the_scheduler() {
    let (shown, asked) = press_x(ActiveScheduler::Dualq, Role::Joined { owner: Some(1234) });
    assert!(shown.has("Process 1234 owns the scheduler: x there detaches it."));
    assert!(asked.is_empty());
}

#[test]
fn x_leaves_it_to_a_living_owner_to_take_the_machine_back() {
    let (shown, asked) = press_x(
        ActiveScheduler::KernelDefault,
        Role::Joined { owner: Some(1234) },
    );
    assert!(asked.is_empty());
    assert!(
        shown.has("Process 1234 owns the scheduler: x there attaches it."),
        "{}",
        shown.text()
    );
}

#[test]
fn x_ends_a_scheduler_that_was_asked_to_stay() {
    let (_, asked) = press_x(ActiveScheduler::Dualq, Role::Joined { owner: None });
    assert_eq!(asked, ["detach"]);
}

#[test]
fn a_restart_that_the_kernel_asked_for_is_told() {
    let (_, mut events) = seen(2);
    events.push(Event::Restarted("the kernel ended it (code 0x1)".into()));
    let shown = play(SMALL, events, &mut FakeEffects::default());
    assert!(shown.has("asked for a restart"), "{}", shown.text());
    assert!(shown.has("was attached again"), "{}", shown.text());
}

#[test]
fn x_attaches_when_the_owner_has_gone() {
    let (shown, asked) = press_x(ActiveScheduler::KernelDefault, Role::Joined { owner: None });
    assert_eq!(asked, ["attach"]);
    assert!(
        shown.has("the owner of the scheduler has ended"),
        "{}",
        shown.text()
    );
}

#[test]
fn x_never_evicts_another_scheduler() {
    let (shown, asked) = press_x(ActiveScheduler::Other("scx_rusty".into()), Role::Owner);
    assert!(asked.is_empty());
    assert!(
        shown.has("scx_rusty is active and never evicted"),
        "{}",
        shown.text()
    );
}

#[test]
fn view_mode_says_why_and_changes_nothing() {
    let reason = "not root: run sudo dualq-top";
    let (shown, asked) = press_x(
        ActiveScheduler::KernelDefault,
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
    assert!(shown.has(&format!(
        "Cannot change the scheduler in view mode: {reason}"
    )));
}

#[test]
fn x_waits_for_the_change_that_is_under_way() {
    let (_, mut events) = seen(2);
    events.extend(typed("xx"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["detach"]);
    assert!(shown.has("The previous change is still in progress."));
}

#[test]
fn nothing_is_moved_while_the_schedulers_change() {
    let (_, mut events) = seen(2);
    events.extend(typed("x "));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["detach"]);
    assert!(shown.has("The previous change is still in progress."));
}

#[test]
fn x_is_not_taken_by_a_look_that_was_begun_before_the_change() {
    let (mut world, mut events) = seen(2);
    events.extend(typed("x"));
    // The look goes on while the schedulers change, and comes after the answer.
    let begun_before = world.look_later();
    events.extend([Event::Scheduler(Ok(())), begun_before]);
    events.extend(typed("x"));
    let mut effects = FakeEffects::default();
    let shown = play(SMALL, clone(&events), &mut effects);
    assert_eq!(effects.asked, ["detach", "attach"], "{}", shown.text());
    // What the next one says is the kernel's word again.
    world.scheduled_by(ActiveScheduler::Other("simple".into()));
    events.push(world.look_later());
    assert!(show(events).has("simple"));
}

#[test]
fn a_failed_attach_is_said_and_can_be_tried_again() {
    let (mut world, mut events) = seen(2);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    let sorry = "The kernel refused dualq: not now.";
    events.extend([
        world.tick(),
        key(Key::Char('x')),
        Event::Scheduler(Err(sorry.into())),
    ]);
    assert!(show(clone(&events)).has(sorry));
    events.push(key(Key::Char('x')));
    let mut effects = FakeEffects::default();
    play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["attach", "attach"]);
}

#[test]
fn why_the_kernel_ended_the_scheduler_stays_on_screen() {
    let (mut world, mut events) = seen(2);
    world.scheduled_by(ActiveScheduler::KernelDefault);
    world.scheduler().exit = Some(Exit {
        asks_restart: false,
        kind: "a runnable task waited too long (watchdog)".into(),
        reason: "runnable task stall".into(),
        message: "hog[4711] failed to run for 30.1s".into(),
        dump: Vec::new(),
    });
    events.extend((0..30).map(|_| world.tick()));
    events.push(key(Key::Esc));
    let shown = show(events);
    for part in [
        "The kernel ended dualq",
        "(watchdog)",
        "hog[4711]",
        "e shows more, x attaches it",
    ] {
        assert!(shown.has(part), "{part}:\n{}", shown.text());
    }
}

#[test]
fn cgroup_limits_that_do_not_hold_are_in_the_header() {
    let (mut world, mut events) = seen(2);
    let mut limits = CgroupLimits::default();
    for name in ["nginx.service", "user.slice", "a", "b", "c"] {
        limits.count(|| format!("system.slice/{name}"), "cpu.max");
    }
    world.snapshot.scheduler.limits = Some(limits);
    events.push(world.tick());
    let wide = play((200, 40), clone(&events), &mut FakeEffects::default());
    assert!(
        wide.has("5 cgroup limits off: nginx.service, user.slice, a and 2 more"),
        "{}",
        wide.text()
    );
    assert!(show(clone(&events)).lines()[0].contains("5 cgroup limits off"));
    world.snapshot.scheduler.limits = Some(CgroupLimits::default());
    events.push(world.tick());
    assert!(!show(events).has("cgroup"));
}

#[test]
fn a_real_time_process_says_so_and_is_not_moved() {
    for (policy, word, name) in [
        (Policy::Fifo, "FIFO", "SCHED_FIFO"),
        (Policy::RoundRobin, "RR", "SCHED_RR"),
        (Policy::Deadline, "DEADLINE", "SCHED_DEADLINE"),
    ] {
        let mut world = World::new(2);
        world.process(3977).policy = policy;
        let mut events = vec![world.look(), world.tick()];
        events.extend(go_to("queue.cpp"));
        events.push(key(SPACE));
        let mut effects = FakeEffects::default();
        let shown = play(SMALL, events, &mut effects);
        assert_eq!(effects.asked, Vec::<String>::new(), "{name}");
        let row = shown.line("queue.cpp");
        assert!(row.contains(&format!(" {word} ")), "{row}");
        assert!(
            shown.has(&format!("is {name}, which neither queue serves")),
            "{}",
            shown.text()
        );
    }
    // One that is a member already can be taken out.
    let mut world = World::new(2);
    world.process(3977).policy = Policy::Fifo;
    world.put(3977, Queue::Priority);
    let mut events = vec![world.look(), world.tick()];
    events.extend(go_to("queue.cpp"));
    events.push(key(SPACE));
    let mut effects = FakeEffects::default();
    play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["move 3977 to BATCH"]);
}

#[test]
fn of_a_process_of_policy_idle_it_is_said_what_holds() {
    let mut world = World::new(2);
    world.process(3977).policy = Policy::Idle;
    let mut events = vec![world.look(), world.tick()];
    events.extend(go_to("queue.cpp"));
    events.push(key(SPACE));
    let shown = play((120, 40), events, &mut FakeEffects::default());
    assert!(
        shown.has("→ PRIORITY; its policy SCHED_IDLE counts in BATCH alone"),
        "{}",
        shown.text()
    );
    assert!(
        shown.line("queue.cpp").contains("PRIORITY"),
        "{}",
        shown.text()
    );
}

#[test]
fn a_zombie_has_ended_and_is_neither_moved_nor_signalled() {
    let mut world = World::new(2);
    world.process(3977).state = 'Z';
    let mut events = vec![world.look(), world.tick()];
    events.extend(go_to("queue.cpp"));
    for pressed in [SPACE, Key::Char('k'), Key::Char('c')] {
        let mut events = clone(&events);
        events.push(key(pressed));
        let mut effects = FakeEffects::default();
        let shown = play(SMALL, events, &mut effects);
        assert_eq!(effects.asked, Vec::<String>::new());
        assert!(
            shown.has("cc1plus (3977) has ended: its parent, process 1"),
            "{}",
            shown.text()
        );
    }
    // One whose first thread has ended alone lives on.
    world.process(3977).threads = 3;
    events.extend([world.tick(), key(SPACE)]);
    let mut effects = FakeEffects::default();
    play(SMALL, events, &mut effects);
    assert_eq!(effects.asked, ["move 3977 to PRIORITY"]);
}
