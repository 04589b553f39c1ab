//! Carries out the dashboard's commands: on the scheduler, on processes and on the load.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::Sender;

use anyhow::{Context, Result};

use super::scheduler_thread::Request;
use super::trace;
use crate::demo::{self, Plan};
use crate::model::DemoStatus;
use crate::model::{Cause, Change, Membership, ProcessId, Queue, Tunable, Tunables};
use crate::observe::SamplerRequest;
use crate::record::Past;
use crate::scheduler::changes;
use crate::scheduler::{CurrentScheduler, Tuning, served};
use crate::sys::signals;
use crate::tui::app::{Command, Event, MoveBatch, Moved, Then};
use crate::tui::effects::Effects;
use crate::tui::event_queue::EventSender;

/// Carries out the dashboard's commands.
pub struct Executor {
    pub scheduler: CurrentScheduler,
    pub requests: Option<Sender<Request>>,
    pub sampler: Sender<SamplerRequest>,
    pub events: EventSender,
    /// Runs the demonstration load, once it has been started.
    pub supervisor: Option<demo::supervisor::LoadSupervisor>,
    /// The last minutes; `None` if they cannot be kept.
    pub past: Option<Rc<RefCell<Past>>>,
    /// The load that the command line asks for.
    pub plan: Option<Plan>,
}

impl Executor {
    fn request_demo(&mut self, start: bool) -> Result<()> {
        let supervisor = match &mut self.supervisor {
            Some(supervisor) => supervisor,
            none => none.insert(
                demo::supervisor::LoadSupervisor::new(self.events.clone(), self.sampler.clone())
                    .context("cannot start the demonstration")?,
            ),
        };
        if start {
            let usual = || Plan::new(None, None, demo::SECONDS);
            supervisor.start(self.plan.map_or_else(usual, Ok)?);
        } else {
            supervisor.stop();
        }
        Ok(())
    }

    /// Asks the thread that owns the scheduler; it answers later, unless there is none.
    fn request(&self, request: Request) -> Option<Event> {
        let sent = self
            .requests
            .as_ref()
            .is_some_and(|requests| requests.send(request).is_ok());
        let sentence = "cannot attach or detach in view mode: run dualq-top with sudo";
        (!sent).then(|| Event::Scheduler(Err(sentence.to_owned())))
    }

    fn set_level(&mut self, id: ProcessId, level: u8) -> Result<u8, String> {
        let changed = self
            .scheduler
            .change(|members| members.set_level(id, level));
        match changed.map_err(|error| format!("{error:#}"))? {
            Some(handle) => {
                handle.mark_event();
                let entries = handle.members.entries().unwrap_or_default();
                let member = entries.iter().find(|entry| entry.is_of(id));
                let children = member.is_some_and(|it| it.membership != Membership::Chosen);
                changes::note(&[Change {
                    level: Some(level),
                    ..changes::moved(id, Queue::Priority, children, Cause::Key)
                }]);
                Ok(level)
            }
            None => Err("cannot change a level: no scheduler of ours can be reached".to_owned()),
        }
    }

    fn tune(&mut self, percent: u8) -> Result<Tunables> {
        let tuning = Tuning::default().with(Tunable::BatchGuarantee, percent.into());
        let now = self
            .scheduler
            .tune(tuning)?
            .context("cannot change the guarantee: no scheduler of ours can be reached")?;
        changes::note(&[changes::set(Cause::Key, format!("guarantee {percent} %"))]);
        self.sample(SamplerRequest::Changed);
        Ok(now)
    }

    fn sample(&self, request: SamplerRequest) -> Option<Event> {
        let _ = self.sampler.send(request);
        None
    }

    /// Moves the processes one after the other, and reads back from the kernel's map where each is.
    fn move_all(&mut self, batch: &MoveBatch) -> Vec<Moved> {
        let answers: Vec<Moved> = batch
            .requests()
            .map(|(id, to, children)| {
                let mut result = self.move_process(id, to, children);
                // An undo gives the level back as well.
                let level = batch.levels.get(&id).filter(|_| to == Queue::Priority);
                if let (Ok(Queue::Priority), Some(level)) = (&result, level) {
                    result = self
                        .scheduler
                        .change(|members| members.set_level(id, *level))
                        .map(|_| Queue::Priority);
                }
                if result.is_ok() {
                    changes::note(&[Change {
                        level: level.copied(),
                        ..changes::moved(id, to, children, Cause::Key)
                    }]);
                }
                (id, result.map_err(|error| format!("{error:#}")))
            })
            .collect();
        if answers.iter().any(|(_, result)| result.is_ok()) {
            if let Some(requests) = &self.requests {
                let _ = requests.send(Request::Follow);
            }
            self.sample(SamplerRequest::Changed);
        }
        answers
    }

    fn move_process(&mut self, id: ProcessId, to: Queue, children: bool) -> Result<Queue> {
        if to == Queue::Priority {
            served::check(id.pid)?;
        }
        let start_ticks = Some(id.start_ticks);
        let handle = self
            .scheduler
            .change(|members| match to {
                Queue::Priority if children => members.add_with_children(id.pid, start_ticks),
                Queue::Priority => members.add(id.pid, start_ticks),
                Queue::Batch => members.remove(id.pid),
            })?
            .context("cannot move processes in view mode: run dualq-top with sudo")?;
        handle.mark_event();
        Ok(if handle.members.contains(id)? {
            Queue::Priority
        } else {
            Queue::Batch
        })
    }
}

impl Effects for Executor {
    fn perform(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Move(batch) => Some(Event::Moved(self.move_all(&batch))),
            Command::Signal { to, signal } => {
                let send = |id| signals::send(id, signal).map_err(|error| format!("{error:#}"));
                Some(Event::Signalled(to.into_iter().map(send).collect()))
            }
            Command::Attach => self.request(Request::Attach),
            Command::Detach => self.request(Request::Detach),
            Command::MeasureWaits(on) => self.request(Request::MeasureWaits(on)),
            Command::Levels(levels) => {
                let levels = levels.into_iter();
                let change = |(id, level)| (id, self.set_level(id, level));
                let answers = levels.map(change).collect();
                self.sample(SamplerRequest::Changed);
                Some(Event::Levelled(answers))
            }
            Command::Guarantee(percent) => {
                let tuned = self.tune(percent).map_err(|error| format!("{error:#}"));
                Some(Event::Tuned(tuned))
            }
            Command::Trace(span) => Some(Event::Traced(trace::begin(
                &self.scheduler,
                &self.events,
                span,
            ))),
            Command::Demo(start) => {
                let error = self.request_demo(start).err()?;
                Some(Event::Demo(DemoStatus::Ended(format!("{error:#}"))))
            }
            Command::Interval(interval) => self.sample(SamplerRequest::Interval(interval)),
            Command::Threads(show) => self.sample(SamplerRequest::Threads(show)),
            Command::Watch(id) => self.sample(SamplerRequest::Watch(id)),
            Command::Want(wanted) => self.sample(SamplerRequest::Want(wanted)),
            Command::Past(request) => {
                let past = self.past.as_ref();
                Some(Event::Past(
                    past.map_or(Then::First, |past| past.borrow().go(request)),
                ))
            }
            // There is no recording to go through; the loop itself does the others.
            Command::Playback(_)
            | Command::Suspend
            | Command::Resume
            | Command::Redraw
            | Command::Quit(_) => None,
        }
    }
}
