//! Back in time without a recording: the last minutes are kept, and shown as they were.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use dualq_top::model::{ActiveScheduler, Queue};
use dualq_top::record::Past;
use dualq_top::tui::app::{App, Command, Event, Key, PastRequest, Then};
use dualq_top::tui::effects::{Effects, Happened};
use dualq_top::tui::run::Dashboard;

use crate::Numbers;
use crate::support::{FakeEffects, Shown, World, busy, copies, key, play_dashboard, typed};

const SIZE: (u16, u16) = (120, 40);

/// Effects beside which the last minutes are kept.
struct Keeping {
    past: Rc<RefCell<Past>>,
    effects: FakeEffects,
}

impl Effects for Keeping {
    fn perform(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Past(request) => Some(Event::Past(self.past.borrow().go(request))),
            command => self.effects.perform(command),
        }
    }
}

fn show(events: Vec<Event>) -> (Shown, FakeEffects) {
    show_in(SIZE, events)
}

pub fn show_in(size: (u16, u16), events: Vec<Event>) -> (Shown, FakeEffects) {
    let past = Rc::new(RefCell::new(Past::new().unwrap()));
    let noted = past.clone();
    let mut keeping = Keeping {
        past,
        effects: FakeEffects::default(),
    };
    let dashboard = Dashboard::new(App::new()).on_happened(move |happened: Happened<'_>| {
        noted.borrow_mut().note(happened);
        None
    });
    let shown = play_dashboard(dashboard, size, events, &mut keeping);
    (shown, keeping.effects)
}

/// All but the header, the message and the keys.
fn panels(shown: &Shown) -> Vec<String> {
    let lines = shown.lines();
    lines[1..lines.len() - 2].to_vec()
}

/// A machine whose busiest process changes from second to second.
fn changing(seconds: u32) -> (World, Vec<Event>) {
    let (mut world, mut events) = busy(4, 15);
    for second in 0..seconds {
        world.uses(3977, f32::from(u8::try_from(second % 90).unwrap()) + 2.5);
        if second == 3 {
            world.put(3990, Queue::Priority);
        }
        events.push(world.tick());
    }
    (world, events)
}

#[test]
fn past_shows_the_list_waits_and_charts_as_they_were() {
    let (_, events) = changing(12);
    // The screen as it was ten snapshots ago, and five.
    for (steps, forth) in [(10, 0), (10, 5)] {
        let then = events.len() - steps + forth;
        let as_it_was = show(copies(&events[..then]).collect()).0;
        let mut all: Vec<Event> = copies(&events).collect();
        all.extend(typed(&",".repeat(steps)));
        all.extend(typed(&".".repeat(forth)));
        let (shown, _) = show(all);
        assert_eq!(panels(&shown), panels(&as_it_was), "{}", shown.text());
        let header = &shown.lines()[0];
        let ago = format!(" {}s ago ", steps - forth);
        assert!(header.contains(&ago), "{ago}: {header}");
    }
}

#[test]
fn end_and_the_last_step_forth_return_to_now() {
    let (_, events) = changing(6);
    let (now, _) = show(copies(&events).collect());
    for back in [vec![key(Key::End)], typed("...."), typed("p")] {
        let mut all: Vec<Event> = copies(&events).collect();
        all.extend(typed(",,,,"));
        all.extend(back);
        let (shown, _) = show(all);
        assert!(!shown.has(" ago "), "{}", shown.text());
        assert_eq!(panels(&shown), panels(&now));
    }
}

#[test]
fn present_goes_on_behind_the_past() {
    let (mut world, events) = changing(6);
    let mut all: Vec<Event> = copies(&events).collect();
    all.extend(typed(",,"));
    let before = show(copies(&events[..events.len() - 2]).collect()).0;
    let mut end = Vec::new();
    for _ in 0..3 {
        world.uses(4121, 3.0);
        let tick = world.tick();
        end.extend(copies(std::slice::from_ref(&tick)));
        all.push(tick);
    }
    let mut now: Vec<Event> = copies(&events).collect();
    now.extend(copies(&end));
    let (now, _) = show(now);
    let copied = |all: &[Event]| copies(all).collect::<Vec<_>>();
    let (past, _) = show(copied(&all));
    assert_eq!(panels(&past), panels(&before), "{}", past.text());
    assert!(past.lines()[0].contains(" 5s ago "), "{}", past.text());
    all.push(key(Key::End));
    let (shown, _) = show(copied(&all));
    assert_eq!(panels(&shown), panels(&now), "{}", shown.text());
}

#[test]
fn nothing_can_be_changed_in_the_past() {
    for pressed in [" ", "c", "x", "z", "k", "w", "d", "v", "g", "G"] {
        let (_, mut events) = changing(4);
        events.extend(typed(","));
        events.extend(typed(pressed));
        let (shown, effects) = show(events);
        assert_eq!(effects.asked, Vec::<String>::new(), "{pressed}");
        assert!(shown.has("This is the past"), "{pressed}: {}", shown.text());
        assert!(shown.has("End returns to now"), "{}", shown.text());
    }
}

#[test]
fn change_of_scheduler_brings_the_present_back() {
    let (mut world, mut events) = changing(4);
    events.extend(typed(",,"));
    world.scheduled_by(ActiveScheduler::KernelDefault);
    events.push(world.tick());
    let (shown, _) = show(events);
    assert!(!shown.has(" ago "), "{}", shown.text());
    assert!(shown.lines()[0].contains("kernel default"));
}

#[test]
fn before_the_first_snapshot_there_is_nothing() {
    let (_, mut events) = changing(1);
    events.extend(typed(&",".repeat(40)));
    let (shown, _) = show(events);
    assert!(
        shown.has("What was before this is not kept"),
        "{}",
        shown.text()
    );
}

/// In the past, and at that time.
fn is_as_it_was(events: &[Event], steps: usize) {
    let then = events.iter().enumerate().rev();
    let mut looks = then.filter(|(_, event)| matches!(event, Event::Snapshot(_)));
    let (then, _) = looks.nth(steps).unwrap();
    let as_it_was = show(copies(&events[..=then]).collect()).0;
    let all = copies(events).chain(typed(&",".repeat(steps)));
    let (shown, _) = show(all.collect());
    assert_eq!(panels(&shown), panels(&as_it_was), "{}", shown.text());
}

#[test]
fn far_back_the_card_and_the_charts_are_as_they_were() {
    let (mut world, mut events) = busy(4, 15);
    let mut second = 0;
    let mut tick = |world: &mut World| {
        second += 1;
        world.uses(3977, f32::from(u8::try_from(second % 90).unwrap()) + 2.5);
        world.tick()
    };
    events.push(tick(&mut world));
    // Moves at any distance from where the pieces begin.
    for (pid, apart) in [
        (4121, 33),
        (3990, 19),
        (3977, 22),
        (2210, 41),
        (1804, 7),
        (2955, 64),
    ] {
        events.extend((0..apart).map(|_| tick(&mut world)));
        let title = world.process(pid).name.to_string();
        events.extend(typed(&format!("/{title}")));
        events.push(key(Key::Enter));
        events.extend(typed(" "));
        world.put(pid, Queue::Priority);
        world.event();
    }
    events.extend((0..20).map(|_| tick(&mut world)));
    for steps in [1, 15, 31, 55, 84, 90, 126, 190] {
        is_as_it_was(&events, steps);
    }
}

#[test]
fn ten_minutes_of_500_processes_fit_into_a_megabyte() {
    let mut world = World::new(8);
    for pid in 0..450 {
        let uses = if pid % 9 == 0 { 0.7 } else { 0.0 };
        let command = format!("/usr/lib/service-{pid} --instance {pid} --log /var/log/{pid}");
        world.add(20_000 + pid, "ana", "service", &command, uses);
    }
    let mut past = Past::new().unwrap();
    let mut app = App::new();
    let mut most = 0;
    let mut note = |past: &mut Past, event: Event| {
        past.note(Happened::Event(&event));
        app.handle(event);
        past.note(Happened::State(&app));
    };
    note(&mut past, world.look());
    for second in 0..1500_u32 {
        world.uses(20_000 + second % 450, 0.3);
        note(&mut past, world.tick());
        most = most.max(past.bytes());
    }
    let (mut decoded, mut took) = (0, Duration::ZERO);
    for back in (1..600).step_by(7) {
        let target = world.snapshot.at.saturating_sub(Duration::from_secs(back));
        let begun = std::time::Instant::now();
        let Then::There(then) = past.go(PastRequest::Before(target + Duration::from_nanos(1)))
        else {
            panic!("{back} seconds ago is not kept");
        };
        took = took.max(begun.elapsed());
        decoded = decoded.max(past.decoded());
        assert_eq!(then.snapshot().unwrap().at, target);
    }
    println!(
        "{most} bytes at most, {:?} back, a step in {took:?} and {decoded} snapshots at most",
        past.reach()
    );
    // Of 600: those of the piece, and where it has just begun, those of the one before.
    assert!((1..=40).contains(&decoded), "{decoded}");
    assert!(most <= 1 << 20, "{most}");
    assert!(
        past.reach() >= Duration::from_secs(600),
        "{:?}",
        past.reach()
    );
    let all_of_it = Duration::from_secs(600 + 60);
    assert!(past.reach() <= all_of_it, "{:?}", past.reach());
}

#[test]
fn more_processes_take_no_more_room_but_reach_back_less() {
    let mut world = World::new(8);
    for pid in 0..6000 {
        let command = format!("/usr/lib/service-{pid} --key {}", pid * 7919 % 104_729);
        world.add(20_000 + pid, "ana", "service", &command, 1.7);
    }
    let mut past = Past::new().unwrap();
    let mut numbers = Numbers(7);
    for _ in 0..150 {
        // What changes without a pattern hardly packs.
        for pid in 0..6000 {
            let tenths = numbers.below(1000);
            world.uses(20_000 + pid, tenths as f32 / 10.0);
        }
        past.note(Happened::Event(&world.tick()));
        assert!(past.bytes() <= (1 << 20) + (1 << 18), "{}", past.bytes());
    }
    let reach = past.reach();
    assert!((5..140).contains(&reach.as_secs()), "{reach:?}");
}
