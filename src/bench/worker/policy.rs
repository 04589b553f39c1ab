//! The scheduling policy of a process of a measurement.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// The scheduling policy of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// SCHED_OTHER at nice 0.
    #[default]
    Normal,
    /// Nice -20
    Nice,
    /// SCHED_IDLE
    Idle,
    /// SCHED_FIFO 50
    Fifo,
}

impl Policy {
    /// For this thread and those that it makes.
    pub(super) fn adopt(self) -> Result<()> {
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
pub(crate) fn set_scheduler(policy: i32, priority: i32) -> Result<()> {
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
        bail!("cannot set scheduling policy {policy}: {error}");
    }
    Ok(())
}
