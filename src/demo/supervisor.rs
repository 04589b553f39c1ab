//! The thread of the dashboard's load: it starts the load, reads its counts four times per second, and ends it.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Load, Plan};
use crate::model::DemoStatus;
use crate::observe::SamplerRequest;
use crate::sys::failpoint;
use crate::tui::app::Event;
use crate::tui::event_queue::EventSender;

const LOOK: Duration = Duration::from_millis(250);

/// Starts and stops one load at a time. Dropping it ends the load and waits for its end.
pub struct LoadSupervisor {
    requests: Option<Sender<Option<Plan>>>,
    thread: Option<JoinHandle<()>>,
}

impl LoadSupervisor {
    /// # Errors
    /// If the thread cannot be started.
    pub fn new(events: EventSender, sampler: Sender<SamplerRequest>) -> std::io::Result<Self> {
        let (requests, taken) = mpsc::channel();
        // The thread lives as long as the program, because the kernel ends the load with the thread.
        let thread = thread::Builder::new()
            .name("demo".to_owned())
            .spawn(move || {
                while let Ok(request) = taken.recv() {
                    failpoint::here();
                    if let Some(plan) = request {
                        keep(plan, &taken, &events, &sampler);
                    }
                }
            })?;
        Ok(Self {
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// Starts or stops the load. The result arrives as [`Event::Demo`].
    pub fn start(&self, plan: Plan) {
        self.request(Some(plan));
    }

    /// Ends the load, if there is one.
    pub fn stop(&self) {
        self.request(None);
    }

    fn request(&self, request: Option<Plan>) {
        if let Some(requests) = &self.requests {
            let _ = requests.send(request);
        }
    }
}

impl Drop for LoadSupervisor {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Runs one load until the next request or the load's end.
fn keep(
    plan: Plan,
    requests: &mpsc::Receiver<Option<Plan>>,
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
    // A snapshot at once, so that the processes appear in the list.
    let _ = sampler.send(SamplerRequest::Within(LOOK));
    loop {
        match requests.recv_timeout(LOOK) {
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
                "The frame has ended, and the demonstration with it".to_owned()
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
