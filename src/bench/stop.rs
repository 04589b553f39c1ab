//! A signal ends the measurement at the next moment at which nothing is left half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use crate::sys::signals::{self, Interrupted};

/// The signal that came, if one did. Kept by the handler itself: a thread for it would be one more
/// that wants a CPU.
#[derive(Debug, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// # Errors
    /// Where the handlers cannot be set.
    pub fn on_signals() -> Result<Self> {
        let stop = Self::default();
        signals::with_signals_blocked(|| {
            let heeded = |signal: &i32| !signals::is_ignored(*signal);
            for signal in signals::ENDING.into_iter().filter(heeded) {
                let number = usize::try_from(signal)?;
                signal_hook::flag::register_usize(signal, Arc::clone(&stop.0), number)
                    .context("cannot wait for signals")?;
            }
            anyhow::Ok(())
        })??;
        Ok(stop)
    }

    /// # Errors
    /// [`Interrupted`] once a signal has come.
    pub fn check(&self) -> Result<()> {
        match self.0.load(Ordering::Relaxed) {
            0 => Ok(()),
            signal => bail!(Interrupted(i32::try_from(signal)?)),
        }
    }
}
