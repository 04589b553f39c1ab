//! Limits of cgroups that a start would lift: said, and refused where that is asked for.

use std::path::Path;

use anyhow::{Result, bail};

use super::finding::Finding;
use crate::refusal::{Refusal, Status};
use crate::sys::cgroups;

/// Returns the sentence for a scheduler that was just attached; `None` if no cgroup has a limit.
#[must_use]
pub fn lifted() -> Option<String> {
    cgroups::read(Path::new(cgroups::ROOT), cgroups::ALL)?.sentence()
}

/// Refuses to attach beside a limit, as `--refuse-limits` asks.
///
/// # Errors
/// A [`Refusal`] where a cgroup has a limit, or that cannot be known.
pub(super) fn refuse() -> Result<()> {
    let sentence = match cgroups::read(Path::new(cgroups::ROOT), cgroups::ALL) {
        None => format!(
            "cannot tell whether cgroups have CPU limits: none are to be seen in {}; mount them there, or leave --refuse-limits out",
            cgroups::ROOT
        ),
        Some(limits) => match limits.sentence() {
            None => return Ok(()),
            Some(sentence) => format!(
                "not attached, as --refuse-limits asks: {sentence}; take these limits away, or leave --refuse-limits out"
            ),
        },
    };
    bail!(Refusal::new(Status::LimitsDoNotHold, sentence))
}

/// Returns the finding for `doctor`.
pub(super) fn finding() -> Finding {
    match cgroups::read(Path::new(cgroups::ROOT), cgroups::ALL) {
        None => Finding::Lacking(format!(
            "no cgroups are to be seen in {}: whether any has a CPU limit, which would not hold, is not known",
            cgroups::ROOT
        )),
        Some(limits) => match limits.sentence() {
            None => Finding::Fine("no cgroup has a CPU limit".to_owned()),
            Some(sentence) => Finding::Lacking(format!(
                "{sentence}; --refuse-limits does not attach beside any"
            )),
        },
    }
}
