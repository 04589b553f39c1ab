//! A hold that follows: on the scheduler of ours that runs now, whoever attached it.

use anyhow::Result;

use super::{handle::Handle, lock::StartLock, members::Members, sysfs};
use crate::model::Ruler;

/// Maps stay readable, and can be changed, when their scheduler has long been followed by another
/// of the same name: who holds them has to look whose scheduler it is that runs.
#[derive(Default)]
pub struct Hold {
    /// On the one that this process owns, attached or not.
    own: Option<Handle>,
    /// On another process's, or why that one cannot be reached; `None` where it is not the other's turn.
    other: Option<Result<Handle, String>>,
}

impl Hold {
    #[must_use]
    pub fn other(handle: Handle) -> Self {
        Self {
            own: None,
            other: Some(Ok(handle)),
        }
    }

    /// From now on this process owns a scheduler.
    pub fn own(&mut self, handle: Handle) {
        *self = Self {
            own: Some(handle),
            other: None,
        };
    }

    /// A second hold, for another thread.
    ///
    /// # Errors
    /// Where the kernel gives no more descriptors.
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

    /// Lets go of a scheduler whose place another has taken, and holds that one.
    pub fn follow(&mut self, ruler: &Ruler) -> Option<&Handle> {
        match ruler {
            Ruler::Dualq if self.handle().is_none_or(Handle::is_replaced) => {
                let own = self.own.as_ref().is_some_and(|own| !own.is_replaced());
                self.other = (!own).then(|| Handle::open().map_err(|error| format!("{error:#}")));
            }
            Ruler::Dualq | Ruler::Transition => {}
            // Its own is the one that it attaches next. Who has none goes on with the last one's members.
            _ if self.own.is_some() || matches!(self.other, Some(Err(_))) => self.other = None,
            _ => {}
        }
        self.handle()
    }

    /// Changes the members of the one that is held, and of the one that takes its place just then: that
    /// one may have copied them before. The hold in which it was done last; `None` where there is none.
    ///
    /// # Errors
    /// The change's own; a [`crate::refusal::Refusal`] where somebody has been starting one for too long.
    pub fn change(&mut self, change: impl Fn(&Members) -> Result<()>) -> Result<Option<&Handle>> {
        while let Some(handle) = self.follow(&sysfs::ruler()) {
            change(&handle.members)?;
            if handle.rules() {
                break;
            }
            // Whoever has its turn later copies them then.
            drop(StartLock::take()?);
            if sysfs::ruler() != Ruler::Dualq || !handle.is_replaced() {
                break;
            }
        }
        Ok(self.handle())
    }

    /// What is held now.
    #[must_use]
    pub fn handle(&self) -> Option<&Handle> {
        match &self.other {
            Some(other) => other.as_ref().ok(),
            None => self.own.as_ref(),
        }
    }

    /// Whether it is another process's turn, and why its scheduler cannot be reached where it cannot.
    #[must_use]
    pub fn others(&self) -> Option<Result<(), &str>> {
        let other = self.other.as_ref()?;
        Some(other.as_ref().map(|_| ()).map_err(String::as_str))
    }
}
