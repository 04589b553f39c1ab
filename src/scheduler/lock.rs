use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tracing::trace;

use crate::refusal::{Refusal, Status};
use crate::sys::own;

const FILE: &str = "/run/dualq-top.lock";
/// Time limit for a start: far more than it takes. Most of the time is the kernel's check of the programs.
const A_START: Duration = Duration::from_secs(10);
/// Time limit for an end, which then continues without the lock: the kernel's scheduler is active already.
const AN_END: Duration = Duration::from_secs(1);
/// Interval between two attempts.
const TRY: Duration = Duration::from_millis(20);

/// Held while a scheduler is started, so that two starts do not remove each other's pins. The kernel releases it
/// when the process ends, however it ends; a stopped process keeps it.
pub struct StartLock {
    _file: File,
}

impl StartLock {
    /// Waits for the lock.
    ///
    /// # Errors
    /// A [`Refusal`] if the lock is not free within ten seconds; an error if the file cannot be created, because `/run`
    /// belongs to root.
    pub fn take() -> Result<Self> {
        Self::take_within(A_START)
    }

    /// Takes the lock for an end, which waits for at most a second.
    ///
    /// # Errors
    /// As [`StartLock::take`].
    pub fn take_at_end() -> Result<Self> {
        Self::take_within(AN_END)
    }

    fn take_within(limit: Duration) -> Result<Self> {
        let file = open(Path::new(FILE))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => {
                    trace!("took {FILE} in {:?}", begun.elapsed());
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::WouldBlock) if begun.elapsed() < limit => sleep(TRY),
                Err(TryLockError::WouldBlock) => bail!(Refusal::new(
                    Status::AnotherSchedulerRuns,
                    format!(
                        "another dualq-top has been starting for {} s: end it (`fuser {FILE}` names it) and try again",
                        limit.as_secs()
                    ),
                )),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {FILE}"));
                }
            }
        }
    }
}

/// Root only: anyone who can open the file can hold the lock, also where an earlier version has made it.
fn open(path: &Path) -> Result<File> {
    let name = path.display();
    let file = own::open_file(path, false).map_err(|fault| match fault {
        own::FileFault::Foreign(why) => anyhow::Error::from(Refusal::new(
            Status::NotPermitted,
            format!(
                "cannot take the lock {name}: it {why}; look who made it, remove it, then try again"
            ),
        )),
        own::FileFault::Io(error) => {
            anyhow::Error::from(error).context(format!("cannot open {name}"))
        }
    })?;
    file.set_permissions(Permissions::from_mode(0o600))
        .with_context(|| format!("cannot open {name}"))?;
    Ok(file)
}
