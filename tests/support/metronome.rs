//! The demonstration's load on the machine that does not exist.

use std::time::Duration;

use dualq_top::model::DemoReading;
use dualq_top::model::DemoStatus;
use dualq_top::tui::app::Event;

use super::World;

#[derive(Debug, Clone, Copy)]
pub struct Metronome {
    pub reading: DemoReading,
}

impl Metronome {
    pub const PID: u32 = 6100;

    pub fn start(world: &mut World) -> Self {
        world.add(Self::PID, "root", "demo-frame", "demo-frame", 40.0);
        for hog in 1..=4 {
            world.add(Self::PID - hog, "root", "demo-hog", "demo-hog", 42.0);
        }
        Self {
            reading: DemoReading {
                at: world.snapshot.at,
                metronome: Self::PID,
                hogs: 4,
                hogs_cpu: Duration::ZERO,
                work: Duration::from_millis(10),
                on_time: 0,
                missed: 0,
                last_frame: Duration::from_micros(41_200),
            },
        }
    }

    pub fn read(&self) -> Event {
        Event::Demo(DemoStatus::Runs(self.reading))
    }

    /// Some time passes, with so many of its deadlines missed per second.
    pub fn pass(&mut self, time: Duration, missed: u32) -> Event {
        let count = |rate: u32| (f64::from(rate) * time.as_secs_f64()).round() as u64;
        self.reading.at += time;
        // In PRIORITY the frame has two thirds of a CPU, in BATCH half.
        self.reading.hogs_cpu += time.mul_f64(if missed == 0 { 3.4 } else { 3.5 });
        self.reading.missed += count(missed);
        self.reading.on_time += count(DemoReading::RATE - missed);
        if missed == 0 {
            self.reading.last_frame = Duration::from_micros(10_400);
        }
        self.read()
    }

    /// A second passes, for the machine as well.
    pub fn second(&mut self, world: &mut World, missed: u32) -> Vec<Event> {
        let mut events: Vec<Event> = (0..4)
            .map(|_| self.pass(Duration::from_millis(250), missed))
            .collect();
        events.push(world.tick());
        events
    }
}
