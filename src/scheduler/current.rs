//! Tracks the running dualq scheduler for all threads, and reopens its maps when another one replaces it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;

use super::{handle::Handle, lock::StartLock, members::Members, sysfs, tunables::Tuning};
use crate::model::{ActiveScheduler, Tunables};

/// The running dualq scheduler. Maps of a replaced scheduler stay readable and writable, so each user has to check
/// which scheduler runs. Clones are one and the same.
#[derive(Clone, Default)]
pub struct CurrentScheduler(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The scheduler that this process owns, attached or not.
    own: Option<Arc<Handle>>,
    /// Another process's scheduler, or the reason why it cannot be opened; `None` if it does not run.
    other: Option<Result<Arc<Handle>, String>>,
}

impl State {
    fn handle(&self) -> Option<&Arc<Handle>> {
        match &self.other {
            Some(other) => other.as_ref().ok(),
            None => self.own.as_ref(),
        }
    }
}

impl CurrentScheduler {
    /// Tracks the scheduler of another process.
    #[must_use]
    pub fn other(handle: Handle) -> Self {
        let current = Self::default();
        current.state().other = Some(Ok(Arc::new(handle)));
        current
    }

    /// Sets the scheduler that this process has attached.
    pub fn own(&self, handle: Handle) {
        *self.state() = State {
            own: Some(Arc::new(handle)),
            other: None,
        };
    }

    /// Held for moments only: a handle is used outside of it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes a scheduler that was replaced, and opens the one that replaced it.
    #[must_use]
    pub fn follow(&self, active: &ActiveScheduler) -> Option<Arc<Handle>> {
        let mut state = self.state();
        match active {
            ActiveScheduler::Dualq if state.handle().is_none_or(|handle| handle.is_replaced()) => {
                let own = state.own.as_ref().is_some_and(|own| !own.is_replaced());
                state.other = (!own).then(|| {
                    let opened = Handle::open().map_err(|error| format!("{error:#}"));
                    opened.map(Arc::new)
                });
            }
            ActiveScheduler::Dualq | ActiveScheduler::Transition => {}
            // Its own scheduler is attached next. Without one, it continues with the members of the last one.
            _ if state.own.is_some() || matches!(state.other, Some(Err(_))) => state.other = None,
            _ => {}
        }
        state.handle().cloned()
    }

    /// Changes the members of the running scheduler, and of one that replaces it at this moment: it may have copied
    /// them before. Returns the handle of the last change; `None` if no scheduler runs.
    ///
    /// # Errors
    /// The error of the change; a [`crate::refusal::Refusal`] if another start takes too long.
    pub fn change(&self, change: impl Fn(&Members) -> Result<()>) -> Result<Option<Arc<Handle>>> {
        self.on_each(|handle| change(&handle.members))?;
        Ok(self.handle())
    }

    /// Changes the tunables of the running scheduler, and of one that replaces it at this moment. Returns what holds;
    /// `None` if no scheduler runs.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub fn tune(&self, tuning: Tuning) -> Result<Option<Tunables>> {
        self.on_each(|handle| handle.tune(tuning))
    }

    fn on_each<T>(&self, change: impl Fn(&Handle) -> Result<T>) -> Result<Option<T>> {
        let mut last = None;
        while let Some(handle) = self.follow(&sysfs::active_scheduler()) {
            last = Some(change(&handle)?);
            if handle.is_active() {
                break;
            }
            // An instance that starts later copies them then.
            drop(StartLock::take()?);
            if sysfs::active_scheduler() != ActiveScheduler::Dualq || !handle.is_replaced() {
                break;
            }
        }
        Ok(last)
    }

    /// Returns the current handle.
    #[must_use]
    pub fn handle(&self) -> Option<Arc<Handle>> {
        self.state().handle().cloned()
    }

    /// Returns true if another process's scheduler runs, and the reason if it cannot be opened.
    #[must_use]
    pub fn others(&self) -> Option<Result<(), String>> {
        let state = self.state();
        let other = state.other.as_ref()?;
        Some(other.as_ref().map(|_| ()).map_err(String::clone))
    }
}
