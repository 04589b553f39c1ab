//! Tracks the running dualq scheduler, and reopens its maps when another one replaces it.

use anyhow::Result;

use super::{handle::Handle, lock::StartLock, members::Members, sysfs, tunables::Tuning};
use crate::model::{Ruler, Tunables};

/// The running dualq scheduler. Maps of a replaced scheduler stay readable and writable, so each user has to check
/// which scheduler runs.
#[derive(Default)]
pub struct Hold {
    /// The scheduler that this process owns, attached or not.
    own: Option<Handle>,
    /// Another process's scheduler, or the reason why it cannot be opened; `None` if it does not run.
    other: Option<Result<Handle, String>>,
}

impl Hold {
    /// Tracks the scheduler of another process.
    #[must_use]
    pub fn other(handle: Handle) -> Self {
        Self {
            own: None,
            other: Some(Ok(handle)),
        }
    }

    /// Sets the scheduler that this process has attached.
    pub fn own(&mut self, handle: Handle) {
        *self = Self {
            own: Some(handle),
            other: None,
        };
    }

    /// Duplicates it, for another thread.
    ///
    /// # Errors
    /// If there are no free descriptors.
    pub fn try_clone(&self) -> Result<Self> {
        let other = match &self.other {
            Some(Ok(handle)) => Some(Ok(handle.try_clone()?)),
            Some(Err(why)) => Some(Err(why.clone())),
            None => None,
        };
        Ok(Self {
            own: self.own.as_ref().map(Handle::try_clone).transpose()?,
            other,
        })
    }

    /// Closes a scheduler that was replaced, and opens the one that replaced it.
    pub fn follow(&mut self, ruler: &Ruler) -> Option<&Handle> {
        match ruler {
            Ruler::Dualq if self.handle().is_none_or(Handle::is_replaced) => {
                let own = self.own.as_ref().is_some_and(|own| !own.is_replaced());
                self.other = (!own).then(|| Handle::open().map_err(|error| format!("{error:#}")));
            }
            Ruler::Dualq | Ruler::Transition => {}
            // Its own scheduler is attached next. Without one, it continues with the members of the last one.
            _ if self.own.is_some() || matches!(self.other, Some(Err(_))) => self.other = None,
            _ => {}
        }
        self.handle()
    }

    /// Changes the members of the running scheduler, and of one that replaces it at this moment: it may have copied
    /// them before. Returns the handle of the last change; `None` if no scheduler runs.
    ///
    /// # Errors
    /// The error of the change; a [`crate::refusal::Refusal`] if another start takes too long.
    pub fn change(&mut self, change: impl Fn(&Members) -> Result<()>) -> Result<Option<&Handle>> {
        self.on_each(|handle| change(&handle.members))?;
        Ok(self.handle())
    }

    /// Changes the tunables of the running scheduler, and of one that replaces it at this moment. Returns what holds;
    /// `None` if no scheduler runs.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub fn tune(&mut self, tuning: Tuning) -> Result<Option<Tunables>> {
        self.on_each(|handle| handle.tune(tuning))
    }

    fn on_each<T>(&mut self, change: impl Fn(&Handle) -> Result<T>) -> Result<Option<T>> {
        let mut last = None;
        while let Some(handle) = self.follow(&sysfs::ruler()) {
            last = Some(change(handle)?);
            if handle.rules() {
                break;
            }
            // An instance that starts later copies them then.
            drop(StartLock::take()?);
            if sysfs::ruler() != Ruler::Dualq || !handle.is_replaced() {
                break;
            }
        }
        Ok(last)
    }

    /// Returns the current handle.
    #[must_use]
    pub fn handle(&self) -> Option<&Handle> {
        match &self.other {
            Some(other) => other.as_ref().ok(),
            None => self.own.as_ref(),
        }
    }

    /// Returns true if another process's scheduler runs, and the reason if it cannot be opened.
    #[must_use]
    pub fn others(&self) -> Option<Result<(), &str>> {
        let other = self.other.as_ref()?;
        Some(other.as_ref().map(|_| ()).map_err(String::as_str))
    }
}
