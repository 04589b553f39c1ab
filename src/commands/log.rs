//! `log`: who moved which process, and when.

use anyhow::{Context, Result};
use serde::Serialize;

use super::members::write;
use crate::scheduler::changes::{self, Cause, Change};

/// The number of changes that are printed.
const MOST: usize = 100;

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
        return write("no process has been moved since the boot\n").map(drop);
    }
    let lines: String = changes.iter().map(line).collect();
    write(&lines).map(drop)
}

/// `2026-11-29T14:02:31.123Z  ffmpeg (4121) → PRIORITY, with children  (key, process 812)`
fn line(change: &Change) -> String {
    let with = if change.children {
        ", with children"
    } else {
        ""
    };
    let cause = match (change.cause, &change.rule) {
        (Cause::Key, _) => "key".to_owned(),
        (Cause::Command, _) => "command".to_owned(),
        (Cause::Rule, Some(rule)) => format!("rule {rule}"),
        (Cause::Rule, None) => "rule".to_owned(),
    };
    let Change {
        time,
        name,
        pid,
        queue,
        by,
        ..
    } = change;
    format!("{time}  {name} ({pid}) → {queue}{with}  ({cause}, process {by})\n")
}
