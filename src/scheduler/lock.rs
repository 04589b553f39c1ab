use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::refusal::{Refusal, Status};
use crate::sys::own;

const FILE: &str = "/run/dualq-top.lock";
/// Far more than a start takes, most of which is the kernel's check of the programs.
const A_START: Duration = Duration::from_secs(10);
/// An end goes on without it: the machine has its own scheduler back by then.
const AN_END: Duration = Duration::from_secs(1);
/// Between two tries.
const TRY: Duration = Duration::from_millis(20);

/// Held while a scheduler is being started, so that two starts at once do not clean up each
/// other's pins. The kernel lets go of it when the process ends, however it ends; but one that is
/// stopped keeps it.
pub struct StartLock {
    _file: File,
}

impl StartLock {
    /// Waits for its turn.
    ///
    /// # Errors
    /// A [`Refusal`] where it does not come within ten seconds; where the lock's file cannot be made:
    /// `/run` is root's.
    pub fn take() -> Result<Self> {
        Self::take_within(A_START)
    }

    /// For an end, which waits for a second at most.
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
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(Errno::WOULDBLOCK) if begun.elapsed() < limit => sleep(TRY),
                Err(Errno::WOULDBLOCK) => bail!(Refusal::new(
                    Status::AnotherSchedulerRuns,
                    format!(
                        "another dualq-top has been starting for {} s: `fuser {FILE}` names it; end it, then try again",
                        limit.as_secs()
                    ),
                )),
                Err(error) => return Err(error).with_context(|| format!("cannot lock {FILE}")),
            }
        }
    }
}

/// Root only: anyone who can open the file can hold the lock, also where an earlier version has made it.
fn open(path: &Path) -> Result<File> {
    let name = path.display();
    let file = own::open_file(path, false).map_err(|fault| match fault {
        own::Fault::Foreign(why) => anyhow::Error::from(Refusal::new(
            Status::NotPermitted,
            format!(
                "cannot take the lock {name}: it {why}; look who made it, remove it, then try again"
            ),
        )),
        own::Fault::Io(error) => anyhow::Error::from(error).context(format!("cannot open {name}")),
    })?;
    file.set_permissions(Permissions::from_mode(0o600))
        .with_context(|| format!("cannot open {name}"))?;
    Ok(file)
}
