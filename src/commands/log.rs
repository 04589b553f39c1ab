//! `log`: who moved which process, or changed a tunable, and when.

use anyhow::{Context, Result};
use serde::Serialize;

use super::members::write;
use crate::model::Change;
use crate::scheduler::changes::{self, MOST};

#[derive(Serialize)]
struct Log {
    changes: Vec<Change>,
}

pub fn run(json: bool) -> Result<()> {
    let changes = changes::read(MOST)
        .with_context(|| format!("cannot read {}: run this with sudo", changes::PATH))?;
    if json {
        let log = Log { changes };
        return write(&format!("{}\n", serde_json::to_string(&log)?)).map(drop);
    }
    if changes.is_empty() {
        return write("no process has been moved, and no tunable changed, since the boot\n")
            .map(drop);
    }
    // `2026-11-29T14:02:31.123Z  ffmpeg (4121) → PRIORITY, with children  (key, process 812)`
    let line = |change: &Change| format!("{}  {change}\n", change.time);
    let lines: String = changes.iter().map(line).collect();
    write(&lines).map(drop)
}
