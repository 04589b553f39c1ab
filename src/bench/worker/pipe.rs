//! A byte through a pipe to another process and back, as `perf bench sched pipe` does it: two
//! wake-ups and two switches a round.

use std::io::{Read, Write, stdin, stdout};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::span::ready;
use crate::bench::worker_report::WorkerReport;
use crate::workload::clock::{now, sleep_until};

pub fn run(rounds: u64, mut echo: Command) -> Result<WorkerReport> {
    let mut other = echo
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the other process cannot be started")?;
    let mut there = other.stdin.take().context("no pipe there")?;
    let mut back = other.stdout.take().context("no pipe back")?;
    let mut round = || -> std::io::Result<()> {
        there.write_all(&[1])?;
        back.read_exact(&mut [0])
    };
    round().context("the other process does not answer")?;
    let span = ready()?;
    sleep_until(span.begin);
    let begun = now();
    for _ in 0..rounds {
        round().context("the other process has ended")?;
    }
    let took = now().saturating_sub(begun);
    drop((there, back));
    let _ = other.wait();
    Ok(WorkerReport {
        units: rounds,
        wakes: Vec::new(),
        dones: vec![u64::try_from(took.as_nanos())? / rounds.max(1)],
    })
}

/// Sends back what comes, until nothing comes any more. Without the library's buffers.
pub fn echo() -> Result<()> {
    let (from, to) = (stdin(), stdout());
    let mut byte = [0];
    while rustix::io::read(&from, &mut byte)? == 1 {
        rustix::io::write(&to, &byte)?;
    }
    Ok(())
}
