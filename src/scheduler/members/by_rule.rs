//! Moves by rules. A move by a user takes precedence.

use anyhow::Result;

use super::Members;
use crate::model::{Membership, ProcessId, Queue};
use crate::refusal::{Refusal, Status};
use crate::scheduler::member::{BY_RULE, WITH_CHILDREN, level_flags};

/// The result of a move by a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// It is where the rule wants it, and was not before.
    Moved,
    /// It was there already.
    Already,
    /// A person has put it where it is.
    ByHand,
    /// It has ended, or it can never be moved.
    Gone,
}

impl Members {
    /// Puts a process where a rule wants it. `moved_before` says that a rule has put this one in
    /// PRIORITY before: if it is not there any more, a person has taken it out.
    ///
    /// # Errors
    /// Where PRIORITY is full, and where the maps cannot be reached.
    pub fn place(
        &self,
        id: ProcessId,
        queue: Queue,
        children: bool,
        level: Option<u8>,
        moved_before: bool,
    ) -> Result<Placement> {
        let member = self.member(id.pid)?.filter(|member| member.is_of(id));
        let Some(member) = member else {
            return match queue {
                Queue::Batch => Ok(Placement::Already),
                Queue::Priority if moved_before => Ok(Placement::ByHand),
                Queue::Priority => self.add_by_rule(id, children, level),
            };
        };
        let by_rule = match member.chosen {
            // Its parent's membership is whose it is.
            Some(chosen) => self.member(chosen)?.is_some_and(|parent| parent.by_rule),
            None => member.by_rule,
        };
        if !by_rule {
            return Ok(Placement::ByHand);
        }
        match queue {
            Queue::Batch => {
                self.remove(id.pid)?;
                Ok(Placement::Moved)
            }
            Queue::Priority
                if (member.membership == Membership::Chosen && children)
                    || (member.chosen.is_none()
                        && level.is_some_and(|level| level != member.level)) =>
            {
                self.add_by_rule(id, children, level)
            }
            Queue::Priority => Ok(Placement::Already),
        }
    }

    fn add_by_rule(&self, id: ProcessId, children: bool, level: Option<u8>) -> Result<Placement> {
        let with = if children { WITH_CHILDREN } else { 0 };
        match self.choose_by_rule(id, BY_RULE | with | level_flags(level)) {
            Ok(()) => Ok(Placement::Moved),
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) if refusal.status == Status::NoSuchProcess => Ok(Placement::Gone),
                // One of our own, or a kernel thread.
                Some(refusal) if refusal.sentence.contains("cannot be moved") => {
                    Ok(Placement::Gone)
                }
                _ => Err(error),
            },
        }
    }
}
