//! Ten scenarios under stress, each for the time that it has by default times STRESS_SCALE
//! (`make stress`; two hundredths and only the first of them in `make test`). What must hold in all of
//! them is in watch.rs; each begins and ends with the kernel's own scheduler.

mod chaos;
mod crowd;
mod kernel_log;
mod watch;

use std::time::{Duration, Instant};

use self::crowd::Crowd;
use self::watch::{Watch, available_kib};
use crate::support::dice::{self, Dice};
use crate::support::guest::{self, OfflineCpu};
use crate::support::hog::{Hog, Load};
use crate::support::maps;

/// A scenario's time: `seconds`, scaled, but long enough for something to happen.
fn time(seconds: u32) -> Duration {
    let scale = std::env::var("STRESS_SCALE")
        .map_or(0.02, |text| text.parse().expect("STRESS_SCALE is a number"));
    Duration::from_secs(seconds.into())
        .mul_f64(scale)
        .max(Duration::from_secs(2))
}

fn seed() -> u64 {
    std::env::var("STRESS_SEED").map_or_else(
        |_| dice::any_seed(),
        |text| text.parse().expect("STRESS_SEED is a number, and not 0"),
    )
}

/// A mixed load, half of it members, that goes on for a while; nobody starves in it.
fn load(name: &'static str, processes: usize, each: usize, seconds: u32) {
    let mut watch = Watch::begin(name, processes * each, &[]);
    let crowd = Crowd::of(&watch, processes, each, processes / 2);
    watch.both_are_full();
    watch.look_for(time(seconds), &crowd.members);
    watch.no_longer_full();
    crowd.all_run();
    watch.look(&crowd.members);
    crowd.end();
    watch.end();
}

#[test]
fn small_load_of_100_tasks() {
    load("small load", 10, 10, 10);
}

#[test]
#[ignore = "make stress"]
fn medium_load_of_500_tasks() {
    load("medium load", 10, 50, 30);
}

#[test]
#[ignore = "make stress"]
fn heavy_load_of_1000_tasks() {
    load("heavy load", 20, 50, 60);
}

#[test]
#[ignore = "make stress"]
fn peak_load_of_more_than_5000_tasks() {
    load("peak load", 50, 102, 120);
}

#[test]
#[ignore = "make stress"]
fn cpus_go_and_come() {
    let mut watch = Watch::begin("CPU hotplug", 104, &[]);
    // The kernel lets what is bound to a CPU that goes run anywhere: bound again each time.
    let bound: Vec<Hog> = (0..4).map(|_| Load::hog().start()).collect();
    let crowd = Crowd::of(&watch, 10, 10, 5);
    let mut members = crowd.members.clone();
    for hog in &bound[..2] {
        watch.handle().members.add(hog.pid(), None).unwrap();
        members.push(hog.pid());
    }
    let (mut rounds, mut longest) = (0, Duration::ZERO);
    let start = Instant::now();
    while start.elapsed() < time(180) {
        for hog in &bound {
            guest::pin_to_cpu(hog.pid(), 1);
        }
        let begun = Instant::now();
        let gone = OfflineCpu::new(1);
        longest = longest.max(begun.elapsed());
        watch.look_for(Duration::from_millis(300), &members);
        drop(gone);
        watch.look_for(Duration::from_millis(300), &members);
        rounds += 1;
    }
    watch.note(&format!(
        "off and on {rounds} times, at most {} ms until it was off",
        longest.as_millis()
    ));
    crowd.all_run();
    assert_eq!(guest::online_cpus(), "0-1");
    drop(bound);
    crowd.end();
    watch.end();
}

/// Memory that is all but used up, and more than that: the kernel kills those that take most.
struct Pressure {
    held: Hog,
    churning: Vec<Hog>,
    size: u64,
    kills: usize,
}

impl Pressure {
    fn new() -> Self {
        // Its words about each process would take longer than all else.
        std::fs::write("/proc/sys/vm/oom_dump_tasks", "0").unwrap();
        let megabytes = available_kib() >> 10;
        let held = Load::new(&["hold-memory", &(megabytes * 3 / 4).to_string()]).start();
        let size = megabytes * 3 / 20;
        let churning = (0..2).map(|_| Self::churn(size)).collect();
        Self {
            held,
            churning,
            size,
            kills: 0,
        }
    }

    fn churn(size: u64) -> Hog {
        let hog = Load::new(&["churn-memory", &size.to_string()]);
        // Or its turns would be too rare to take much.
        let hog = hog.nice(-20).start();
        // It is the first to go, if one has to.
        std::fs::write(format!("/proc/{}/oom_score_adj", hog.pid()), "1000").unwrap();
        hog
    }

    /// Starts killed processes again.
    fn go_on(&mut self) {
        for hog in &mut self.churning {
            if hog.has_ended() {
                *hog = Self::churn(self.size);
                self.kills += 1;
            }
        }
        assert!(!self.held.has_ended(), "the kernel killed another");
    }
}

#[test]
#[ignore = "make stress"]
fn memory_runs_short() {
    let mut watch = Watch::begin("memory pressure", 73, &[]);
    let mut pressure = Pressure::new();
    let crowd = Crowd::of(&watch, 10, 6, 5);
    let mut least = u64::MAX;
    let start = Instant::now();
    watch.both_are_full();
    while start.elapsed() < time(120) {
        pressure.go_on();
        // Births and moves want memory too.
        let born = crowd::held_process(10, 63).start();
        crowd::release(&born);
        watch.handle().members.add(born.pid(), None).unwrap();
        watch.look(&[&crowd.members[..], &[born.pid()]].concat());
        watch.handle().members.remove(born.pid()).unwrap();
        least = least.min(available_kib());
        watch.look_for(Duration::from_millis(200), &crowd.members);
    }
    watch.no_longer_full();
    watch.note(&format!(
        "least available {} MiB, killed for memory {}",
        least >> 10,
        pressure.kills
    ));
    crowd.all_run();
    drop(pressure);
    crowd.end();
    watch.end();
}

#[test]
#[ignore = "make stress"]
fn fair_mix_of_300_members_and_200_others() {
    let mut watch = Watch::begin("fair mix", 500, &[]);
    // None of them sleeps: all that is unequal is the scheduler's doing.
    let members = Load::new(&["threads", "300"]).start();
    let others = Load::new(&["threads", "200"]).start();
    watch.handle().members.add(members.pid(), None).unwrap();
    assert_eq!(others.next_line(), "all ran");
    let used = |hog: &Hog| guest::cpu_time(hog.pid()).as_secs_f64();
    let before = (used(&members), used(&others));
    watch.both_are_full();
    watch.look_for(time(90).max(Duration::from_secs(4)), &[members.pid()]);
    let batch = watch.no_longer_full();
    let got = (used(&members) - before.0, used(&others) - before.1);
    let seen = 100.0 * got.1 / (got.0 + got.1);
    watch.note(&format!("by /proc {seen:.1} % of time"));
    // Every second turn at most is for the overdue, on a machine so slow that all of BATCH is.
    assert!(batch < 55.0, "membership is worth nothing: {batch:.1} %");
    // Our counters and the kernel's, which go by ticks, say the same.
    assert!((seen - batch).abs() < 5.0, "{seen:.1} and {batch:.1} %");
    drop((members, others));
    watch.end();
}

#[test]
#[ignore = "make stress"]
fn membership_changes_all_the_time() {
    let mut watch = Watch::begin("rapid changes", 500, &[]);
    let mut crowd = Crowd::of(&watch, 50, 10, 0);
    let seed = seed();
    watch.note(&format!("seed {seed}"));
    let mut dice = Dice::new(seed);
    let (mut moves, mut moving, mut ended) = (0_u64, Duration::ZERO, 0);
    let start = Instant::now();
    for round in 1.. {
        let begun = Instant::now();
        for _ in 0..20 {
            let pid = crowd.processes[dice.below(50) as usize].pid();
            if let Some(place) = crowd.members.iter().position(|member| *member == pid) {
                watch.handle().members.remove(pid).unwrap();
                crowd.members.swap_remove(place);
            } else {
                watch.handle().members.add(pid, None).unwrap();
                crowd.members.push(pid);
            }
            assert_eq!(maps::is_member(pid), crowd.members.contains(&pid));
        }
        moves += 20;
        moving += begun.elapsed();
        watch.look(&crowd.members);
        if start.elapsed() >= time(60) {
            break;
        }
        // Now and then one ends, as a member or not, and another one comes; neither is quick.
        if round % 50 == 0 {
            let place = dice.below(50) as usize;
            let pid = crowd.processes[place].pid();
            crowd.members.retain(|member| *member != pid);
            crowd.processes[place].kill();
            crowd.processes[place] = crowd::held_process(10, 500).start();
            crowd::release(&crowd.processes[place]);
            ended += 1;
            watch.look(&crowd.members);
        }
    }
    let rate = u128::from(moves) * 1000 / moving.as_millis();
    watch.note(&format!("{moves} moves, {rate} a second, {ended} ended"));
    crowd.all_run();
    crowd.end();
    watch.end();
}

#[test]
#[ignore = "make stress"]
fn a_long_run_of_1000_tasks() {
    load("long running", 20, 50, 300);
}

#[test]
#[ignore = "make stress"]
fn chaos_of_all_of_it() {
    chaos::run(time(180), seed());
}
