//! One process of a measurement: the program run again. It sets itself up, says so, waits for the
//! word when to begin and to end, works, reports, and ends; in any case with its parent.

mod messages;
mod periodic;
mod pipe;
pub mod tool;

use std::io::{Read, Write, stdin, stdout};
use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::record::{READY, Record};
use crate::parent;
pub use periodic::Periodic;

/// The hidden subcommand's options.
#[derive(Debug, Clone, Args)]
pub struct Part {
    /// The process that it ends with
    #[arg(long)]
    pub parent: u32,

    #[arg(long, value_enum, default_value_t)]
    pub policy: Policy,

    #[command(subcommand)]
    pub job: Job,
}

/// The scheduling policy of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Policy {
    #[default]
    Normal,
    /// Nice -20
    Nice,
    /// SCHED_IDLE
    Idle,
    /// SCHED_FIFO 50
    Fifo,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Job {
    /// Threads that each work at intervals, or without a pause
    Periodic(Periodic),
    /// Groups of senders and receivers
    Messages {
        #[arg(long)]
        groups: usize,
        #[arg(long)]
        loops: usize,
    },
    /// A byte to another process and back
    Pipe {
        #[arg(long)]
        rounds: u64,
    },
    /// The other end of that
    Echo,
    /// A program that people trust
    Tool(tool::Run),
    /// Somebody else's program, a scheduler: a shell's command
    Peer { command: String },
}

/// # Errors
/// Where the kernel refuses what the part needs.
pub fn run(part: &Part) -> Result<()> {
    if !parent::ends_with(part.parent)? {
        return Ok(());
    }
    if let Job::Peer { command } = &part.job {
        // The signal that comes with the parent's end stays asked for.
        let exec = format!("exec {command}");
        return Err(Command::new("/bin/sh").args(["-c", &exec]).exec()).context("no /bin/sh");
    }
    rustix::thread::set_name(c"bench-part").context("cannot be named")?;
    part.policy.adopt()?;
    // Else the kernel may put a wake-up off by 50 µs, to bundle it with others.
    rustix::thread::set_current_timer_slack(NonZero::new(1)).context("no timer slack")?;
    let record = match &part.job {
        Job::Periodic(job) => job.run()?,
        Job::Messages { groups, loops } => messages::run(*groups, *loops)?,
        Job::Pipe { rounds } => pipe::run(*rounds)?,
        Job::Tool(run) => run.run(part.policy)?,
        Job::Echo | Job::Peer { .. } => return pipe::echo(),
    };
    stdout().write_all(&record.to_bytes())?;
    Ok(())
}

/// Between these two moments of `CLOCK_MONOTONIC` is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub begin: Duration,
    pub end: Duration,
}

impl Span {
    pub fn to_bytes(self) -> [u8; 16] {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&nanos(self.begin).to_ne_bytes());
        bytes[8..].copy_from_slice(&nanos(self.end).to_ne_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; 16]) -> Self {
        let (numbers, _) = bytes.as_chunks::<8>();
        let time = |bytes| Duration::from_nanos(u64::from_ne_bytes(bytes));
        Self {
            begin: time(numbers[0]),
            end: time(numbers[1]),
        }
    }
}

/// Says that all is set up, and waits for the word.
fn ready() -> Result<Span> {
    stdout().write_all(&[READY])?;
    stdout().flush()?;
    let mut bytes = [0; 16];
    stdin()
        .read_exact(&mut bytes)
        .context("the parent does not measure any more")?;
    Ok(Span::from_bytes(bytes))
}

impl Policy {
    /// For this thread and those that it makes.
    fn adopt(self) -> Result<()> {
        match self {
            Self::Normal => Ok(()),
            Self::Nice => {
                rustix::process::setpriority_process(None, -20).context("no nice -20")?;
                Ok(())
            }
            Self::Idle => set_scheduler(libc::SCHED_IDLE, 0),
            Self::Fifo => set_scheduler(libc::SCHED_FIFO, 50),
        }
    }
}

/// # Errors
/// Where the kernel does not grant it.
#[allow(unsafe_code)]
pub(super) fn set_scheduler(policy: i32, priority: i32) -> Result<()> {
    let parameter = libc::sched_param {
        sched_priority: priority,
    };
    // The raw call: musl's own wrapper refuses to make it.
    // SAFETY: the kernel reads one struct, which outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_sched_setscheduler,
            0,
            policy,
            std::ptr::from_ref(&parameter),
        )
    };
    if result != 0 {
        let error = std::io::Error::last_os_error();
        bail!("the kernel does not grant scheduling policy {policy}: {error}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_arrives_as_it_was_sent() {
        let span = Span {
            begin: Duration::from_nanos(17),
            end: Duration::from_secs(1 << 33),
        };
        assert_eq!(Span::from_bytes(span.to_bytes()), span);
    }
}
