//! The rules that `attach` follows, and what a supervisor is told.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use signal_hook::consts::SIGHUP;

use crate::cli::AttachOptions;
use crate::model::Cause;
use crate::refusal::{Refusal, Status};
use crate::rules::engine::{Loaded, RuleEvent};
use crate::rules::{Engine, RuleSet, Rules};
use crate::scheduler::Handle;
use crate::scheduler::changes::{self, Watch};
use crate::service::{Form, Journal, Level, Supervisor};

/// Rules from the files to the processes, with the log and the supervisor.
pub struct Following {
    /// The file that was named.
    file: Option<PathBuf>,
    service: bool,
    journal: Journal,
    supervisor: Supervisor,
    progress: Progress,
    /// Changes by other instances, for the journal.
    changes: Watch,
}

/// The progress of following processes.
enum Progress {
    /// None are followed, and none can be later.
    Without,
    Read(RuleSet),
    Loaded(Loaded),
    Followed(Engine),
}

impl Following {
    /// Reads the rules, as far as any are to be followed.
    ///
    /// # Errors
    /// A [`Refusal`] with the first fault in them, and where they cannot be followed.
    pub fn read(options: &AttachOptions) -> Result<Self> {
        let file = options.rules.rules.clone();
        let stays = options.scheduler.stay;
        if stays && file.is_some() {
            bail!(Refusal::new(
                Status::BadArgument,
                "cannot follow rules with --stay: this program applies them, and it ends; leave --stay or --rules out",
            ));
        }
        let mut following = Self {
            file,
            service: options.service,
            journal: Journal::start(if options.service {
                Form::Levels
            } else {
                Form::Terminal
            })?,
            supervisor: if options.service {
                Supervisor::from_environment()
            } else {
                Supervisor::default()
            },
            progress: Progress::Without,
            changes: Watch::default(),
        };
        // What was changed before is not told.
        let _ = following.changes.look();
        if !stays && !options.no_rules {
            let rules = Rules::read(following.file.as_deref()).checked()?;
            // A service may be given some later, when it could not load what they need any more.
            if options.service || !rules.is_empty() {
                following.progress = Progress::Read(rules);
            }
        }
        Ok(following)
    }

    /// Loads what they need, before the rights to do so are given up.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn load(&mut self) -> Result<()> {
        if let Progress::Read(rules) = std::mem::replace(&mut self.progress, Progress::Without) {
            self.progress = Progress::Loaded(Engine::load(rules)?);
        }
        Ok(())
    }

    /// Follows them from now on, among the members of this scheduler.
    ///
    /// # Errors
    /// Where the kernel gives no more descriptors or threads.
    pub fn begin(&mut self, handle: Handle) -> Result<()> {
        if let Progress::Loaded(loaded) = std::mem::replace(&mut self.progress, Progress::Without) {
            let journal = self.journal.clone();
            let engine = Engine::start(loaded, handle, move |told| tell(&journal, told))?;
            self.progress = Progress::Followed(engine);
        }
        Ok(())
    }

    /// Whether the signal asks for the rules to be read again; then they are. Faulty ones are told, and
    /// those that hold go on.
    pub fn is_for_the_rules(&mut self, signal: i32) -> bool {
        if signal != SIGHUP || !self.service {
            return false;
        }
        self.supervisor.reloading();
        match Rules::read(self.file.as_deref()).checked() {
            Ok(rules) => match &mut self.progress {
                Progress::Followed(engine) => engine.replace(rules),
                Progress::Read(before) => *before = rules,
                Progress::Loaded(_) | Progress::Without => {}
            },
            Err(error) => self.say(
                Level::Error,
                &format!("the rules were not read again, those before still hold: {error:#}"),
            ),
        }
        self.supervisor.ready("attached");
        true
    }

    pub fn say(&self, level: Level, line: &str) {
        self.journal.say(level, line);
    }

    /// Waits until everything said so far has been written; returns false if that takes longer.
    #[must_use]
    pub fn is_read_within(&self, limit: Duration) -> bool {
        self.journal.is_read_within(limit)
    }

    /// Notes that this process has attached or detached the scheduler.
    pub fn note_scheduler(&self, state: &str) {
        let cause = if self.service {
            Cause::Service
        } else {
            Cause::Command
        };
        changes::note(&[changes::set(cause, format!("scheduler {state}"))]);
    }

    /// Tells the journal what other instances have changed. A rule's moves are told as they are made.
    pub fn tell_changes(&mut self) {
        if !self.service {
            return;
        }
        let Some((changes, new)) = self.changes.look() else {
            return;
        };
        let own = std::process::id();
        for change in changes.iter().rev().take(new).rev() {
            if change.by != own {
                self.say(Level::Info, &change.to_string());
            }
        }
    }

    /// Tells a supervisor that the service is up.
    pub fn ready(&self, status: &str) {
        self.supervisor.ready(status);
    }

    pub fn stopping(&self) {
        self.supervisor.stopping();
    }
}

fn tell(journal: &Journal, told: RuleEvent) {
    match told {
        RuleEvent::Moved {
            pid,
            name,
            rule,
            effect,
        } => journal.say(
            Level::Debug,
            &format!("rule {rule}: {name} ({pid}) → {effect}"),
        ),
        RuleEvent::Looked { rules: 0, .. } => journal.say(Level::Info, "no rules are followed"),
        RuleEvent::Looked { rules, moved } => journal.say(
            Level::Info,
            &format!(
                "{} followed; {} moved",
                many(rules, "rule"),
                many(moved, "running process")
            ),
        ),
        RuleEvent::Failed(sentence) => journal.say(Level::Warning, &sentence),
    }
}

fn many(count: usize, what: &str) -> String {
    match (count, what.ends_with('s')) {
        (1, _) => format!("1 {what}"),
        (_, true) => format!("{count} {what}es"),
        _ => format!("{count} {what}s"),
    }
}
