//! Programs that people trust, for a cross-check: run as they are, their own figures read.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::{Policy, Record, ready};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tool {
    Hackbench,
    Cyclictest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Run {
    #[arg(value_enum)]
    pub tool: Tool,

    /// Of one sender to one receiver
    #[arg(long)]
    pub loops: usize,

    #[arg(long)]
    pub span_ns: u64,
}

impl Tool {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hackbench => "hackbench",
            Self::Cyclictest => "cyclictest",
        }
    }

    /// Is it installed?
    #[must_use]
    pub fn exists(self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places = std::env::split_paths(&path).map(|place: PathBuf| place.join(self.name()));
        places.any(|file| file.is_file())
    }
}

impl Run {
    pub(super) fn run(self, policy: Policy) -> Result<Record> {
        let command = self.command(policy);
        ready()?;
        // By way of this program: so it ends with this process, whatever ends that.
        let output = Command::new("/proc/self/exe")
            .args(["bench-part", &format!("--parent={}", std::process::id())])
            .args(["peer", &command])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{command} cannot be started"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let words = String::from_utf8_lossy(&output.stderr);
        let record = match self.tool {
            Tool::Hackbench => hackbench(&text),
            Tool::Cyclictest => cyclictest(&text),
        };
        match record {
            Some(record) => Ok(record),
            None => bail!("{command} has said nothing that is understood: {text}{words}"),
        }
    }

    /// The same work as ours.
    fn command(self, policy: Policy) -> String {
        match self.tool {
            Tool::Hackbench => format!("hackbench -T -g 10 -s 100 -l {}", self.loops),
            Tool::Cyclictest => {
                let seconds = (self.span_ns / 1_000_000_000).max(1);
                // It sets its own policy. An interval of whole milliseconds would fall in step with
                // the kernel's tick.
                let policy = if policy == Policy::Fifo {
                    "-p 50"
                } else {
                    "--policy=other"
                };
                format!("cyclictest -q -t 1 -i 1987 -D {seconds} -h 50000 {policy}")
            }
        }
    }
}

/// More wake-ups than the longest measurement has: what says so is not believed.
const MOST_WAKES: usize = 1_000_000;

/// `Time: 1.234`
pub(crate) fn hackbench(text: &str) -> Option<Record> {
    let line = text.lines().find_map(|line| line.strip_prefix("Time:"))?;
    let seconds: f64 = line.trim().parse().ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let ns = (seconds * 1e9) as u64;
    Some(Record {
        dones: vec![ns],
        ..Record::default()
    })
}

impl Record {
    /// So many wake-ups that late; `None` where there cannot be so many.
    fn wake(&mut self, ns: u64, count: usize) -> Option<()> {
        if count > MOST_WAKES - self.wakes.len() {
            return None;
        }
        self.wakes.extend(std::iter::repeat_n(ns, count));
        Some(())
    }
}

/// A line for each microsecond: `000012 000345`, how often it was that late.
pub(crate) fn cyclictest(text: &str) -> Option<Record> {
    let mut record = Record::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let (Some(us), Some(count)) = (words.next(), words.next()) else {
            continue;
        };
        if let (Ok(us), Ok(count)) = (us.parse::<u64>(), count.parse::<usize>()) {
            record.wake(us.checked_mul(1000)?, count)?;
        }
    }
    let overflows = text
        .lines()
        .find_map(|line| line.strip_prefix("# Histogram Overflows:"))
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or(0);
    record.wake(50_000_000, overflows)?;
    record.units = record.wakes.len() as u64;
    (record.units > 0).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_print_is_read() {
        let text = "Running in threaded mode with 10 groups using 40 file descriptors each (== 400 tasks)\nEach sender will pass 50 messages of 100 bytes\nTime: 1.908\n";
        assert_eq!(hackbench(text).unwrap().dones, [1_908_000_000]);
        assert_eq!(hackbench("hackbench: no\n"), None);
        let text = "# /dev/cpu_dma_latency set to 0us\n# Histogram\n000000 000000\n000008 000002\n000012 000001\n# Total: 000000003\n# Histogram Overflows: 00001\n";
        let record = cyclictest(text).unwrap();
        assert_eq!(record.wakes, [8000, 8000, 12_000, 50_000_000]);
        assert_eq!(cyclictest("# Histogram\n"), None);
        assert_eq!(cyclictest("000012 18446744073709551615\n"), None);
        assert_eq!(cyclictest("18446744073709551615 000001\n"), None);
    }
}
