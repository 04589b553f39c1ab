//! The thread that keeps the dashboard's load: it starts it, reads it four times a second, ends it.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Load, Plan};
use crate::app::Event;
use crate::drill;
use crate::model::DemoStatus;
use crate::observe::SamplerRequest;
use crate::tui::event_queue::EventSender;

const LOOK: Duration = Duration::from_millis(250);

/// Starts and stops one load at a time. Dropping it ends the load and waits for that.
pub struct Keeper {
    orders: Option<Sender<Option<Plan>>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// # Errors
    /// Where there can be no further thread.
    pub fn new(events: EventSender, sampler: Sender<SamplerRequest>) -> std::io::Result<Self> {
        let (orders, taken) = mpsc::channel();
        // It lives as long as the program, or the kernel would end the load with it.
        let thread = thread::Builder::new()
            .name("demo".to_owned())
            .spawn(move || {
                while let Ok(order) = taken.recv() {
                    drill::here();
                    if let Some(plan) = order {
                        keep(plan, &taken, &events, &sampler);
                    }
                }
            })?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// What comes of it is told by [`Event::Demo`].
    pub fn start(&self, plan: Plan) {
        self.order(Some(plan));
    }

    pub fn stop(&self) {
        self.order(None);
    }

    fn order(&self, order: Option<Plan>) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One load, until the next order or its end.
fn keep(
    plan: Plan,
    orders: &mpsc::Receiver<Option<Plan>>,
    events: &EventSender,
    sampler: &Sender<SamplerRequest>,
) {
    let tell = |news| events.send(Event::Demo(news)).is_ok();
    tell(DemoStatus::Starting);
    let begun = Instant::now();
    let mut load = match Load::start(plan) {
        Ok(load) => load,
        Err(error) => {
            tell(DemoStatus::Ended(format!("{error:#}")));
            return;
        }
    };
    // They are to be in the list at once.
    let _ = sampler.send(SamplerRequest::Within(LOOK));
    loop {
        match orders.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(None) => {
                drop(load);
                tell(DemoStatus::Stopped);
                let _ = sampler.send(SamplerRequest::Within(Duration::ZERO));
                return;
            }
            // One load is enough.
            Ok(Some(_)) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if load.has_ended() {
            drop(load);
            let why = if begun.elapsed() >= plan.lasts {
                let minutes = plan.lasts.as_secs().div_ceil(60);
                format!("The demonstration's time is over ({minutes} min)")
            } else {
                "The metronome has ended, and the demonstration with it".to_owned()
            };
            tell(DemoStatus::Over(why));
            return;
        }
        if let Some(reading) = load.read()
            && !tell(DemoStatus::Runs(reading))
        {
            return;
        }
    }
}
