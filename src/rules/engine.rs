//! Applies the rules to what runs, and to each exec.

use std::collections::HashMap;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use procfs::process::all_processes;
use rustix::event::{PollFd, PollFlags, poll};

use super::execs::{Execs, Reader};
use super::{Facts, Rule, RuleSet};
use crate::model::{Cause, Change, ProcessId, Queue};
use crate::scheduler::changes;
use crate::scheduler::{Handle, Placement};
use crate::sys::text::scrub;

/// The first process starts and reaps all others.
const INIT: u32 = 1;

/// An event of the engine.
#[derive(Debug)]
pub enum RuleEvent {
    /// A rule has moved a process.
    Moved {
        /// Its process id.
        pid: u32,
        /// Its name, scrubbed.
        name: String,
        /// The place of the rule: file and line.
        rule: String,
        /// The effect of the rule on it.
        effect: String,
    },
    /// All running processes have been looked at.
    Looked {
        /// The number of rules.
        rules: usize,
        /// The number of processes that a rule has moved.
        moved: usize,
    },
    /// Something did not work, in a sentence.
    Failed(String),
}

/// Applies rules until it is dropped.
pub struct Engine {
    requests: Sender<RuleSet>,
    /// Wakes the thread; its end ends it.
    wake: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

/// The parts that are loaded before the capabilities are dropped.
pub struct Loaded {
    rules: RuleSet,
    execs: Execs,
}

impl Engine {
    /// Starts the reporting of execs.
    ///
    /// # Errors
    /// Without the rights to load BPF programs.
    pub fn load(rules: RuleSet) -> Result<Loaded> {
        Ok(Loaded {
            rules,
            execs: Execs::report()?,
        })
    }

    /// Applies the rules to what runs, and from then on at each exec, in a thread of its own.
    ///
    /// # Errors
    /// Where the kernel gives no more descriptors or threads.
    pub fn start(
        loaded: Loaded,
        handle: Handle,
        tell: impl FnMut(RuleEvent) + Send + 'static,
    ) -> Result<Self> {
        let (requests, received) = channel();
        let (woken, wake) = pipe().context("cannot make a pipe")?;
        let work = move || {
            let mut work = Work {
                rules: loaded.rules,
                handle,
                placed: HashMap::new(),
                most: 1024,
                tell: Box::new(tell),
            };
            if let Err(error) = work.run(&loaded.execs, &received, woken) {
                (work.tell)(RuleEvent::Failed(format!(
                    "rules are not applied any more: {error:#}"
                )));
            }
        };
        let thread = thread::Builder::new()
            .name("rules".to_owned())
            .spawn(work)
            .context("cannot start a thread")?;
        Ok(Self {
            requests,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// From now on these rules hold, also for what runs. What others have moved stays moved.
    pub fn replace(&mut self, rules: RuleSet) {
        // An error says that the thread has ended, which it has told.
        let _ = self.requests.send(rules);
        if let Some(wake) = &mut self.wake {
            let _ = wake.write_all(b"r");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    rules: RuleSet,
    handle: Handle,
    /// The queues that the rules have chosen for living processes, so that a move by a user is noticed.
    placed: HashMap<ProcessId, Queue>,
    /// Beyond this many, those that have ended are forgotten.
    most: usize,
    tell: Box<dyn FnMut(RuleEvent)>,
}

impl Work {
    fn run(
        &mut self,
        execs: &Execs,
        requests: &Receiver<RuleSet>,
        mut woken: PipeReader,
    ) -> Result<()> {
        let reader = execs.reader()?;
        let mut lost = 0;
        self.look_at_all();
        loop {
            let mut waits = [
                PollFd::from_borrowed_fd(execs.fd(), PollFlags::IN),
                PollFd::new(&woken, PollFlags::IN),
            ];
            match poll(&mut waits, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error).context("cannot wait for execs"),
            }
            let [_, told] = waits.map(|wait| wait.revents());
            if told.contains(PollFlags::HUP) {
                return Ok(());
            }
            if told.contains(PollFlags::IN) {
                let _ = woken.read(&mut [0])?;
                if let Some(rules) = requests.try_iter().last() {
                    self.rules = rules;
                    self.look_at_all();
                }
            }
            self.take(&reader)?;
            let now = execs.lost()?;
            if now != lost {
                lost = now;
                self.look_at_all();
            }
        }
    }

    fn take(&mut self, reader: &Reader<'_>) -> Result<()> {
        for mut facts in reader.take()? {
            self.apply(&mut facts);
        }
        Ok(())
    }

    fn look_at_all(&mut self) {
        let processes = all_processes().into_iter().flatten().flatten();
        let pids: Vec<u32> = processes
            .map(|process| process.pid.cast_unsigned())
            .collect();
        let moved = pids
            .into_iter()
            .filter_map(Facts::of)
            .filter(|facts| self.apply(&mut facts.clone()))
            .count();
        (self.tell)(RuleEvent::Looked {
            rules: self.rules.len(),
            moved,
        });
    }

    /// Says whether the process was moved.
    fn apply(&mut self, facts: &mut Facts) -> bool {
        if facts.id.pid == INIT {
            return false;
        }
        let Some(rule) = self.rules.first(facts) else {
            return false;
        };
        let id = facts.id;
        let moved_before = self.placed.get(&id) == Some(&Queue::Priority);
        let members = &self.handle.members;
        let placed = members.place(id, rule.queue, rule.children, rule.level, moved_before);
        let told = match placed {
            Ok(Placement::Moved) => moved(facts, rule),
            Ok(_) => return false,
            Err(error) => {
                let name = scrub(facts.name.as_bytes());
                let place = &rule.place;
                RuleEvent::Failed(format!(
                    "{place}: {name} ({}) was not moved: {error:#}",
                    id.pid
                ))
            }
        };
        let was_moved = matches!(told, RuleEvent::Moved { .. });
        if was_moved {
            self.placed.insert(id, rule.queue);
            changes::note(&[Change {
                rule: Some(rule.place.to_string()),
                level: rule.level.filter(|_| rule.queue == Queue::Priority),
                ..changes::moved(id, rule.queue, rule.children, Cause::Rule)
            }]);
        }
        (self.tell)(told);
        self.forget_the_ended();
        was_moved
    }

    fn forget_the_ended(&mut self) {
        if self.placed.len() > self.most {
            self.placed
                .retain(|id, _| Facts::of(id.pid).is_some_and(|facts| facts.id == *id));
            self.most = self.placed.len() * 2 + 1024;
        }
    }
}

fn moved(facts: &Facts, rule: &Rule) -> RuleEvent {
    RuleEvent::Moved {
        pid: facts.id.pid,
        name: scrub(facts.name.as_bytes()),
        rule: rule.place.to_string(),
        effect: rule.effect(),
    }
}
