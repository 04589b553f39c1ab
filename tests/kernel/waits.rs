//! Tests of the wait instrument in the kernel.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::program::{self, Running, run_ok};
use crate::support::terminal::Terminal;
use crate::support::waits::{self, Kind, Waits};

/// Enough waits for a p99.
const ENOUGH: u64 = 250;

/// Hogs that keep a CPU busy, and a process there that sleeps 2 ms and wakes, over and over.
fn busy_cpu() -> (Vec<Hog>, Hog) {
    let hogs = (0..4).map(|_| Load::hog().on_last_cpu().start()).collect();
    (hogs, Load::new(&["waker", "2000"]).on_last_cpu().start())
}

/// Returns the waits from now on, as soon as there are enough.
fn measure(what: &str, read: impl Fn() -> Waits) -> Waits {
    let before = read();
    wait_until(what, PATIENCE, || read().since(&before).total() >= ENOUGH);
    read().since(&before)
}

fn stats() -> Value {
    serde_json::from_str(&run_ok(&["stats", "--json"])).unwrap()
}

#[test]
fn a_member_waits_a_fraction_of_what_it_waited_in_batch() {
    let _scheduler = Running::attach_measuring(&["--batch-order", "fifo"]);
    let (_hogs, waker) = busy_cpu();
    waits::look_at(waker.pid());
    let own = || Waits::of_process(waker.pid());
    let batch = measure("waits in BATCH", own);
    run_ok(&["add", &waker.pid().to_string()]);
    let member = measure("waits in PRIORITY", own);
    let (before, after) = (batch.percentile_us(99), member.percentile_us(99));
    println!(
        "p50 {} → {} µs, p99 {before} → {after} µs",
        batch.percentile_us(50),
        member.percentile_us(50)
    );
    assert!(
        after * 3.0 < before,
        "p99 {before} µs, as a member {after} µs"
    );

    let stats = stats();
    let wake = &stats["waits"]["priority"]["wake"];
    assert!(wake["count"].as_u64().unwrap() >= ENOUGH, "{stats}");
    let p50 = wake["p50_ns"].as_u64().unwrap();
    assert!(p50 <= wake["p99_ns"].as_u64().unwrap(), "{stats}");
    assert!(wake["max_ns"].as_u64().unwrap() > 0, "{stats}");
    // Hogs never sleep: what they wait is to be run again.
    assert!(stats["waits"]["batch"]["requeue"]["count"].as_u64() > Some(0));
}

#[test]
fn each_class_has_its_own_waits() {
    let _scheduler = Running::attach_measuring(&[]);
    let (_hogs, waker) = busy_cpu();
    measure("waits in BATCH", || Waits::of(Kind::BatchWake));
    assert_eq!(Waits::of(Kind::PriorityWake).total(), 0);
    run_ok(&["add", &waker.pid().to_string()]);
    measure("waits in PRIORITY", || Waits::of(Kind::PriorityWake));
    run_ok(&["remove", &waker.pid().to_string()]);
    let after = Waits::of(Kind::PriorityWake);
    measure("waits in BATCH", || Waits::of(Kind::BatchWake));
    // One may have been under way.
    assert!(Waits::of(Kind::PriorityWake).since(&after).total() <= 1);
}

#[test]
fn waits_are_measured_on_while_the_kernel_default_rules() {
    let mut terminal = Terminal::dashboard(&["--batch-order", "fifo"]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    let (_hogs, waker) = busy_cpu();
    run_ok(&["add", &waker.pid().to_string()]);
    let wake = || Waits::of(Kind::PriorityWake);
    let ours = measure("waits of the member under dualq", wake);
    terminal.press(b"x");
    wait_until("the kernel default runs", PATIENCE, || {
        guest::sched_ext_state() == "disabled"
    });
    let default = measure("waits of the member under the kernel default", wake);
    let (with, without) = (ours.percentile_us(99), default.percentile_us(99));
    println!("p99 {with} µs under dualq, {without} µs under the kernel default");
    // Four hogs share its CPU: the kernel's scheduler knows of no member.
    assert!(with < without, "{with} µs, not below {without} µs");
    terminal.press(b"x");
    terminal.wait_for_screen("ours runs again", |_| guest::is_attached());
    measure("waits of the member under dualq again", wake);
}

#[test]
fn a_wait_that_spans_a_change_of_schedulers_is_none() {
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    // A round of so many takes seconds, so that most of them wait across the change.
    let _crowd = Load::new(&["threads", "800"]).on_last_cpu().start();
    for change in ["to the kernel default", "to dualq"] {
        wait_until("some wait for seconds", PATIENCE * 2, || {
            waits::longest(Kind::BatchRequeue) > Duration::from_millis(1800)
        });
        let (before, begun) = (waits::event(), Instant::now());
        terminal.press(b"x");
        wait_until(change, PATIENCE, || waits::event() > before);
        let changed = Instant::now();
        while changed.elapsed() < Duration::from_millis(700) {
            let longest = waits::longest(Kind::BatchRequeue);
            assert!(longest < begun.elapsed(), "{change}: {longest:?}");
        }
    }
}

#[test]
fn a_real_time_task_is_not_counted() {
    let _scheduler = Running::attach_measuring(&[]);
    let realtime = Load::new(&["waker", "2000"])
        .on_last_cpu()
        .realtime()
        .start();
    let ordinary = Load::new(&["waker", "2000"]).on_last_cpu().start();
    waits::look_at(realtime.pid());
    waits::look_at(ordinary.pid());
    measure("waits of the other", || Waits::of_process(ordinary.pid()));
    assert_eq!(Waits::of_process(realtime.pid()).total(), 0);
}

#[test]
fn switched_off_it_is_detached_and_says_so() {
    let scheduler = Running::attach_measuring(&["--no-waits"]);
    assert_eq!(waits::attached_programs(), 0);
    assert_eq!(stats()["waits"], Value::Null);
    let text = run_ok(&["stats"]);
    assert!(
        text.contains("waits are not measured: attached without the instrument"),
        "{text}"
    );
    scheduler.terminate();

    let scheduler = Running::attach_measuring(&[]);
    assert_eq!(waits::attached_programs(), 3);
    assert!(stats()["waits"]["cost"]["events"].as_u64() > Some(0));
    scheduler.terminate();
    wait_until("nothing is left attached", PATIENCE, || {
        waits::attached_programs() == 0
    });
}

#[test]
fn w_detaches_the_programs_and_attaches_them_again() {
    let mut terminal = Terminal::dashboard(&[]);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    assert_eq!(waits::attached_programs(), 3);
    terminal.press(b"w");
    terminal.wait_for_screen("it is off", |text| text.contains("w switches it on"));
    assert_eq!(waits::attached_programs(), 0);
    terminal.press(b"w");
    terminal.wait_for_screen("it is on", |text| !text.contains("w switches it on"));
    assert_eq!(waits::attached_programs(), 3);
    measure("waits", || Waits::of(Kind::BatchWake));
}

#[test]
fn the_process_under_the_cursor_and_a_member_have_their_own_p99() {
    let _waker = Load::new(&["waker", "2000"]).named("metro").start();
    let mut command = program::command();
    command.env_remove("NO_COLOR");
    let mut terminal = Terminal::start(command, 40, 120);
    terminal.wait_for_screen("the scheduler is attached", |text| text.contains("● dualq"));
    terminal.press(b"/metro\r");
    let measured = |text: &str| {
        text.lines().any(|line| {
            line.contains("waker 2000") && (line.contains(" µs ") || line.contains(" ms "))
        })
    };
    terminal.wait_for_screen("its own p99 as an ordinary process", measured);
    terminal.press(b" ");
    terminal.wait_for_screen("counting begins again", |text| !measured(text));
    // A member keeps its column when the cursor goes elsewhere.
    terminal.press(b"\x1b[H");
    terminal.wait_for_screen("its own p99 as a member", measured);
}

#[test]
fn watching_tells_the_waits_of_each_interval() {
    let scheduler = Running::attach_measuring(&[]);
    let (_hogs, waker) = busy_cpu();
    run_ok(&["add", &waker.pid().to_string()]);
    let watch = Running::start(&["stats", "--watch", "1", "--json"]);
    wait_until("four lines", PATIENCE, || {
        watch.stdout().lines().count() >= 4
    });
    let counts: Vec<u64> = watch
        .stdout()
        .lines()
        .map(|line| {
            let stats: Value = serde_json::from_str(line).unwrap();
            stats["waits"]["priority"]["wake"]["count"]
                .as_u64()
                .unwrap()
        })
        .collect();
    let all = stats()["waits"]["priority"]["wake"]["count"]
        .as_u64()
        .unwrap();
    assert!(
        counts.iter().sum::<u64>() <= all,
        "{counts:?}, in all {all}"
    );
    assert!(counts[3] > 0, "{counts:?}");
    scheduler.terminate();
}

#[test]
fn a_scheduler_that_stays_measures_on() {
    run_ok(&["attach", "--stay"]);
    assert_eq!(waits::attached_programs(), 3);
    let (_hogs, _waker) = busy_cpu();
    measure("waits", || Waits::of(Kind::BatchWake));
    run_ok(&["detach"]);
    wait_until("nothing is left attached", PATIENCE, || {
        waits::attached_programs() == 0
    });
}
