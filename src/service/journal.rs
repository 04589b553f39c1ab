//! Lines for people at a terminal, or for a journal that wants to know how grave each is. A thread of their
//! own writes them: what nobody reads holds up neither the scheduler nor its end.

use std::io::{Write, stderr, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::sys::{capabilities, signals};

/// Lines that wait for a reader, at most. Those beyond are lost.
const WAITING: usize = 1024;

/// The severity of a line: the numbers of syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    /// Something failed.
    Error = 3,
    /// Something needs attention.
    Warning = 4,
    /// A thing that was done.
    Info = 6,
    /// Details.
    Debug = 7,
}

/// The form of the lines.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Plain lines, on standard output, and what went wrong on standard error; no details.
    Terminal,
    /// Each line with its level before it, as sd-daemon(3) has it, on standard error.
    Levels,
}

/// The destination of `attach`'s messages.
#[derive(Debug, Clone)]
pub struct Journal {
    form: Form,
    tasks: Sender<Task>,
    waiting: Arc<AtomicUsize>,
}

/// A task of the thread that writes.
enum Task {
    Write {
        to: Stream,
        line: String,
    },
    /// Answers once everything before it has been written.
    Answer(Sender<()>),
}

enum Stream {
    Out,
    Error,
}

impl Journal {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// Where the kernel gives no more threads.
    pub fn start(form: Form) -> Result<Self> {
        let (tasks, received) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&waiting);
        let thread = thread::Builder::new().name("journal".to_owned());
        // Signals are left to the threads that wait for them.
        signals::with_signals_blocked(|| thread.spawn(move || write(&received, &counted)))?
            .context("cannot start a thread")?;
        Ok(Self {
            form,
            tasks,
            waiting,
        })
    }

    /// Says one line, and waits for nobody.
    pub fn say(&self, level: Level, line: &str) {
        let (to, line) = match (self.form, level) {
            (Form::Terminal, Level::Debug) => return,
            (Form::Terminal, Level::Info) => (Stream::Out, format!("{line}\n")),
            (Form::Terminal, _) => (Stream::Error, format!("dualq-top: {line}\n")),
            (Form::Levels, level) => (Stream::Error, format!("<{}>{line}\n", level as u8)),
        };
        if self.waiting.fetch_add(1, Ordering::Relaxed) < WAITING {
            let _ = self.tasks.send(Task::Write { to, line });
        } else {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything said so far has been written; returns false if that takes longer.
    #[must_use]
    pub fn is_read_within(&self, limit: Duration) -> bool {
        let (done, answer) = mpsc::channel();
        let _ = self.tasks.send(Task::Answer(done));
        answer.recv_timeout(limit).is_ok()
    }
}

fn write(tasks: &Receiver<Task>, waiting: &AtomicUsize) {
    let _ = capabilities::drop_unneeded();
    for task in tasks {
        match task {
            // A reader that has gone is no reason to stop.
            Task::Write { to, line } => {
                let _ = match to {
                    Stream::Out => stdout().lock().write_all(line.as_bytes()),
                    Stream::Error => stderr().lock().write_all(line.as_bytes()),
                };
                waiting.fetch_sub(1, Ordering::Relaxed);
            }
            Task::Answer(done) => {
                let _ = done.send(());
            }
        }
    }
}
