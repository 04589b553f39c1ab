//! A signal ends the measurement at the next moment at which nothing is left half done, and once it is over at
//! once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use crate::sys::signals::{self, Interrupted};

/// The signal that came, if one did. Kept by the handler itself: a thread for it would be one more
/// that wants a CPU.
#[derive(Debug, Default)]
pub struct Stop {
    came: Arc<AtomicUsize>,
    at_once: Arc<AtomicBool>,
}

impl Stop {
    /// # Errors
    /// Where the handlers cannot be set.
    pub fn on_signals() -> Result<Self> {
        let stop = Self::default();
        signals::with_signals_blocked(|| {
            let heeded = |signal: &i32| !signals::is_ignored(*signal);
            for signal in signals::ENDING.into_iter().filter(heeded) {
                let number = usize::try_from(signal)?;
                signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop.at_once))
                    .context("cannot wait for signals")?;
                signal_hook::flag::register_usize(signal, Arc::clone(&stop.came), number)
                    .context("cannot wait for signals")?;
            }
            anyhow::Ok(())
        })??;
        Ok(stop)
    }

    /// From now on a signal does what it does by default: nothing is left that it could leave half done.
    pub fn end_at_once(&self) {
        self.at_once.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// [`Interrupted`] once a signal has come.
    pub fn check(&self) -> Result<()> {
        match self.came.load(Ordering::Relaxed) {
            0 => Ok(()),
            signal => bail!(Interrupted(i32::try_from(signal)?)),
        }
    }
}
