//! All of it at once, by chance.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::crowd::{held_process, release, signal};
use super::watch::Watch;
use crate::support::dice::Dice;
use crate::support::guest::OfflineCpu;
use crate::support::hog::{Hog, Load};

/// More would take the whole time to begin and to end.
const MOST_TASKS: usize = 1500;

/// The largest crowd; where there is little time a small one, or its beginning and end are all.
fn largest_crowd(time: Duration) -> u64 {
    if time < Duration::from_secs(10) {
        20
    } else {
        200
    }
}

/// The state of the scenario, and its random numbers.
struct Chaos {
    dice: Dice,
    largest_crowd: u64,
    crowds: Vec<(Hog, usize)>,
    members: Vec<u32>,
    /// Births, deaths and memory, and which of them go on: made before all else, since a process takes
    /// long to begin beside hundreds.
    storms: Vec<(Hog, bool)>,
    offline: Option<OfflineCpu>,
}

/// Until `time` is over; the same deeds in the same order for the same `seed`, though not at the same
/// moments.
pub fn run(time: Duration, seed: u64) {
    let mut watch = Watch::begin("chaos", 0, &[]);
    watch.note(&format!("seed {seed}"));
    let mut chaos = Chaos {
        dice: Dice::new(seed),
        largest_crowd: largest_crowd(time),
        crowds: Vec::new(),
        members: Vec::new(),
        storms: storms(),
        offline: None,
    };
    let start = Instant::now();
    let mut deeds = 0;
    while start.elapsed() < time {
        chaos.something(&watch);
        deeds += 1;
        watch.tasks = watch.tasks.max(chaos.tasks());
        let pause = chaos.dice.below(300);
        watch.look(&chaos.members);
        watch.look_for(Duration::from_millis(pause), &chaos.members);
    }
    watch.note(&format!("{deeds} deeds"));
    let Chaos {
        mut crowds,
        storms,
        offline,
        ..
    } = chaos;
    drop((offline, storms));
    for (crowd, _) in &crowds {
        crowd.forget_lines();
    }
    // Whoever is there has a turn.
    for (crowd, _) in &crowds {
        assert_eq!(crowd.next_line(), "all ran");
    }
    for (crowd, _) in &mut crowds {
        crowd.kill();
    }
    watch.end();
}

fn storms() -> Vec<(Hog, bool)> {
    let memory = ((super::available_kib() >> 10) * 8 / 10).to_string();
    let kinds: [&[&str]; 4] = [
        &["fork-storm"],
        &["fork-storm"],
        &["thread-storm"],
        &["churn-memory", &memory],
    ];
    let storms = kinds.map(|kind| {
        let storm = Load::new(kind).start();
        signal(&storm, Signal::STOP);
        (storm, false)
    });
    storms.into()
}

impl Chaos {
    fn tasks(&self) -> usize {
        self.crowds.iter().map(|(_, tasks)| tasks).sum()
    }

    fn something(&mut self, watch: &Watch) {
        match self.dice.below(12) {
            0..=2 => self.begin_crowd(),
            3 => self.end_crowd(),
            4..=7 => self.move_one(watch),
            8 => self.cpu_goes_or_comes(),
            9..=10 => self.storm_comes_or_goes(),
            _ => self.real_time(),
        }
    }

    fn begin_crowd(&mut self) {
        let tasks = 5 + self.dice.below(self.largest_crowd) as usize;
        let nice = [-20, 0, 0, 19][self.dice.below(4) as usize];
        if self.tasks() + tasks <= MOST_TASKS {
            let crowd = held_process(tasks, 500).nice(nice).start();
            release(&crowd);
            self.crowds.push((crowd, tasks));
        }
    }

    fn one(&mut self) -> Option<usize> {
        let count = self.crowds.len() as u64;
        let chosen = self.dice.below(count.max(1)) as usize;
        (count > 0).then_some(chosen)
    }

    fn end_crowd(&mut self) {
        if let Some(place) = self.one() {
            let (mut crowd, _) = self.crowds.swap_remove(place);
            self.members.retain(|member| *member != crowd.pid());
            crowd.kill();
        }
    }

    fn move_one(&mut self, watch: &Watch) {
        let Some(place) = self.one() else { return };
        let pid = self.crowds[place].0.pid();
        let members = &watch.handle().members;
        if self.members.contains(&pid) {
            members.remove(pid).unwrap();
            self.members.retain(|member| *member != pid);
        } else {
            members.add(pid, None).unwrap();
            self.members.push(pid);
        }
    }

    fn cpu_goes_or_comes(&mut self) {
        if self.offline.take().is_none() {
            self.offline = Some(OfflineCpu::new(1));
        }
    }

    fn storm_comes_or_goes(&mut self) {
        let place = self.dice.below(self.storms.len() as u64) as usize;
        let (storm, goes_on) = &mut self.storms[place];
        *goes_on = !*goes_on;
        signal(storm, if *goes_on { Signal::CONT } else { Signal::STOP });
    }

    /// Takes a CPU from everybody for a moment.
    fn real_time(&mut self) {
        if self.offline.is_none() {
            let _hog = Load::new(&["real-time-hog"]).realtime().on_cpu(1).start();
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}
