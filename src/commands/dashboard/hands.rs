//! Carries out the dashboard's commands: on the scheduler, on processes and on the load.

use std::{
    sync::mpsc::{Receiver, Sender},
    time::Duration,
};

use anyhow::{Context, Result};

use super::keeper::Order;
use crate::app::Event;
use crate::dashboard::{Control, Happened};
use crate::demo::{self, Plan};
use crate::model::DemoStatus;
use crate::model::{ProcessId, Queue};
use crate::observe::SamplerRequest;
use crate::record::Recorder;
use crate::scheduler::changes::{self, Cause, Change};
use crate::scheduler::{Handle, Hold, served};
use crate::signal;
use crate::tui::event_queue::EventSender;

/// Carries out the dashboard's commands.
pub struct Hands {
    pub hold: Hold,
    /// Announces a scheduler that this process attaches later.
    pub handles: Receiver<Handle>,
    pub orders: Option<Sender<Order>>,
    pub sampler: Sender<SamplerRequest>,
    pub events: EventSender,
    /// Runs the demonstration load, once it has been started.
    pub keeper: Option<demo::keeper::Keeper>,
    /// The load that the command line asks for.
    pub plan: Option<Plan>,
    /// The recorder, if the session is recorded.
    pub recorder: Option<Recorder>,
}

impl Hands {
    fn order_demo(&mut self, start: bool) -> Result<()> {
        let keeper = match &mut self.keeper {
            Some(keeper) => keeper,
            none => none.insert(
                demo::keeper::Keeper::new(self.events.clone(), self.sampler.clone())
                    .context("cannot start the demonstration")?,
            ),
        };
        if start {
            let usual = || Plan::new(None, None, demo::SECONDS);
            keeper.start(self.plan.map_or_else(usual, Ok)?);
        } else {
            keeper.stop();
        }
        Ok(())
    }

    fn order(&self, order: Order) {
        let sent = self
            .orders
            .as_ref()
            .is_some_and(|orders| orders.send(order).is_ok());
        if !sent {
            let sentence =
                "cannot attach or detach in view mode: run dualq-top with sudo".to_owned();
            let _ = self.events.send(Event::Scheduler(Err(sentence)));
        }
    }
}

impl Control for Hands {
    fn move_process(&mut self, id: ProcessId, to: Queue, children: bool) -> Result<Queue> {
        if let Some(handle) = self.handles.try_iter().last() {
            self.hold.own(handle);
        }
        if to == Queue::Priority {
            served::check(id.pid)?;
        }
        let start_ticks = Some(id.start_ticks);
        let handle = self
            .hold
            .change(|members| match to {
                Queue::Priority if children => members.add_with_children(id.pid, start_ticks),
                Queue::Priority => members.add(id.pid, start_ticks),
                Queue::Batch => members.remove(id.pid),
            })?
            .context("cannot move processes in view mode: run dualq-top with sudo")?;
        handle.mark_event();
        changes::note(&[Change::new(id, to, children, Cause::Key)]);
        if let Some(orders) = &self.orders {
            let _ = orders.send(Order::Follow);
        }
        let _ = self.sampler.send(SamplerRequest::Changed);
        Ok(if handle.members.contains(id)? {
            Queue::Priority
        } else {
            Queue::Batch
        })
    }

    fn attach(&mut self) {
        self.order(Order::Attach);
    }

    fn detach(&mut self) {
        self.order(Order::Detach);
    }

    fn signal(&mut self, id: ProcessId, signal: i32) -> Result<()> {
        signal::send(id, signal)
    }

    fn measure_waits(&mut self, on: bool) {
        self.order(Order::MeasureWaits(on));
    }

    fn note(&mut self, happened: Happened<'_>) -> Option<String> {
        self.recorder.as_ref()?.note(happened)
    }

    fn watch(&mut self, id: Option<ProcessId>) {
        let _ = self.sampler.send(SamplerRequest::Watch(id));
    }

    fn demo(&mut self, start: bool) {
        if let Err(error) = self.order_demo(start) {
            let why = format!("{error:#}");
            let _ = self.events.send(Event::Demo(DemoStatus::Ended(why)));
        }
    }

    fn interval(&mut self, interval: Duration) {
        let _ = self.sampler.send(SamplerRequest::Interval(interval));
    }

    fn threads(&mut self, show: bool) {
        let _ = self.sampler.send(SamplerRequest::Threads(show));
    }
}
