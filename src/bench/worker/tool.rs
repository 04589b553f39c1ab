//! Well-known benchmark programs, for a cross-check: run unchanged, with their own figures.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::policy::Policy;
use super::span::ready;
use crate::bench::worker_report::WorkerReport;

/// A benchmark program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// `hackbench`, of rt-tests.
    Hackbench,
    /// `cyclictest`, of rt-tests.
    Cyclictest,
    /// `perf bench sched messaging`.
    PerfMessaging,
    /// `perf bench sched pipe`.
    PerfPipe,
    /// `stress-ng --cpu`.
    StressNg,
}

/// One run of such a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The program.
    pub tool: Tool,
    /// Messages of one sender to one receiver, rounds, or processes.
    pub count: u64,
    /// Duration of the measurement.
    pub span_ns: u64,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Hackbench,
        Self::Cyclictest,
        Self::PerfMessaging,
        Self::PerfPipe,
        Self::StressNg,
    ];

    /// Returns the name for `--only`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hackbench => "hackbench",
            Self::Cyclictest => "cyclictest",
            Self::PerfMessaging => "perf-messaging",
            Self::PerfPipe => "perf-pipe",
            Self::StressNg => "stress-ng",
        }
    }

    /// Returns the program and its Debian package.
    #[must_use]
    pub fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Hackbench => ("hackbench", "rt-tests"),
            Self::Cyclictest => ("cyclictest", "rt-tests"),
            Self::PerfMessaging | Self::PerfPipe => ("perf", "linux-perf"),
            Self::StressNg => ("stress-ng", "stress-ng"),
        }
    }

    /// Returns a description of its method.
    #[must_use]
    pub fn way(self) -> &'static str {
        match self {
            Self::Hackbench => "by hackbench",
            Self::Cyclictest => "by cyclictest (an interval of 1.987 ms)",
            Self::PerfMessaging => "by `perf bench sched messaging`",
            Self::PerfPipe => "by `perf bench sched pipe`, to another thread",
            Self::StressNg => {
                "with `stress-ng --cpu` as the hogs, their work in thousandths of its bogo operations"
            }
        }
    }

    /// Returns true if it is installed.
    #[must_use]
    pub fn exists(self) -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places =
            std::env::split_paths(&path).map(|place: PathBuf| place.join(self.program().0));
        places.any(|file| file.is_file())
    }
}

impl Run {
    /// Runs it, by way of a process that `peer` makes for its command line.
    pub(super) fn run(
        self,
        policy: Policy,
        peer: impl FnOnce(String) -> Result<Command>,
    ) -> Result<WorkerReport> {
        let command = self.command(policy);
        ready()?;
        // By way of this program: so it ends with this process, whatever ends that.
        let output = peer(command.clone())?
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {command}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let words = String::from_utf8_lossy(&output.stderr);
        let record = match self.tool {
            Tool::Hackbench => hackbench(&text),
            Tool::Cyclictest => cyclictest(&text),
            Tool::PerfMessaging => perf_messaging(&text),
            Tool::PerfPipe => perf_pipe(&text),
            // Which of the two it writes to differs between its versions.
            Tool::StressNg => {
                stress_ng(&text, self.span_ns).or_else(|| stress_ng(&words, self.span_ns))
            }
        };
        match record {
            Some(record) => Ok(record),
            None => bail!("cannot read the output of {command}: {text}{words}"),
        }
    }

    /// The same work as ours.
    fn command(self, policy: Policy) -> String {
        let count = self.count;
        // What lasts begins before the span does, and is to end after it: it takes the CPU for what it
        // prints.
        let seconds = self.span_ns / 1_000_000_000 + 1;
        match self.tool {
            Tool::Hackbench => format!("hackbench -T -g 10 -s 100 -l {count}"),
            Tool::PerfMessaging => format!("perf bench sched messaging -t -g 10 -l {count}"),
            // Threads: a second process of its own would wait for ever if the first were killed.
            Tool::PerfPipe => format!("perf bench sched pipe -T -l {count}"),
            // Its other methods take longer for each piece of work: too few would be counted.
            Tool::StressNg => {
                format!("stress-ng --cpu {count} --cpu-method hanoi -t {seconds} --metrics-brief")
            }
            Tool::Cyclictest => {
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

/// No measurement takes a day.
const LONGEST_S: f64 = 86_400.0;

/// It took so many seconds, in one piece.
fn took(seconds: &str) -> Option<WorkerReport> {
    let seconds: f64 = seconds.trim().parse().ok()?;
    if !(0.0..LONGEST_S).contains(&seconds) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let ns = (seconds * 1e9) as u64;
    Some(WorkerReport {
        dones: vec![ns],
        ..WorkerReport::default()
    })
}

/// `Time: 1.234`
pub(crate) fn hackbench(text: &str) -> Option<WorkerReport> {
    took(text.lines().find_map(|line| line.strip_prefix("Time:"))?)
}

/// `     Total time: 1.234 [sec]`
pub(crate) fn perf_messaging(text: &str) -> Option<WorkerReport> {
    let mut lines = text.lines().map(str::trim);
    took(lines.find_map(|line| line.strip_prefix("Total time:")?.strip_suffix("[sec]"))?)
}

/// `      12.345600 usecs/op`
pub(crate) fn perf_pipe(text: &str) -> Option<WorkerReport> {
    let us = text
        .lines()
        .find_map(|line| line.strip_suffix("usecs/op"))?;
    took(&format!("{}e-6", us.trim()))
}

/// Below the heads of the columns, its line: the sixth is how much it has done in a second of the
/// clock on the wall. Of that, what falls into the span, in thousandths.
pub(crate) fn stress_ng(text: &str, span_ns: u64) -> Option<WorkerReport> {
    let mut lines = text.lines();
    lines.find(|line| line.contains("bogo ops/s"))?;
    let each_second: f64 = lines.find_map(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "cpu");
        let number: f64 = words.nth(5)?.parse().ok()?;
        number.is_finite().then_some(number)
    })?;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    let units = (each_second * span_ns as f64 / 1e6) as u64;
    (units > 0).then(|| WorkerReport {
        units,
        ..WorkerReport::default()
    })
}

impl WorkerReport {
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
pub(crate) fn cyclictest(text: &str) -> Option<WorkerReport> {
    let mut record = WorkerReport::default();
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
    fn output_of_hackbench_and_cyclictest_is_read() {
        let text = "Running in threaded mode with 10 groups using 40 file descriptors each (== 400 tasks)\nEach sender will pass 50 messages of 100 bytes\nTime: 1.908\n";
        assert_eq!(hackbench(text).unwrap().dones, [1_908_000_000]);
        assert_eq!(hackbench("hackbench: no\n"), None);
        assert_eq!(hackbench("Time: -1\nTime: 1\n"), None);
        let text = "# /dev/cpu_dma_latency set to 0us\n# Histogram\n000000 000000\n000008 000002\n000012 000001\n# Total: 000000003\n# Histogram Overflows: 00001\n";
        let record = cyclictest(text).unwrap();
        assert_eq!(record.wakes, [8000, 8000, 12_000, 50_000_000]);
        assert_eq!(cyclictest("# Histogram\n"), None);
        assert_eq!(cyclictest("000012 18446744073709551615\n"), None);
        assert_eq!(cyclictest("18446744073709551615 000001\n"), None);
    }

    #[test]
    fn output_of_perf_bench_is_read() {
        let text = "# Running 'sched/messaging' benchmark:\n# 20 sender and receiver threads per group\n# 10 groups == 400 threads run\n\n     Total time: 0.048 [sec]\n";
        assert_eq!(perf_messaging(text).unwrap().dones, [48_000_000]);
        assert_eq!(perf_pipe(text), None);
        let text = "# Running 'sched/pipe' benchmark:\n# Executed 5000 pipe operations between two threads\n\n     Total time: 0.011 [sec]\n\n       2.275800 usecs/op\n         439405 ops/sec\n";
        assert_eq!(perf_pipe(text).unwrap().dones, [2275]);
        for broken in [
            "",
            "WARNING: perf not found for kernel 6.18\n",
            "Total time: \n usecs/op\n",
            "Total time: 0.048\n",
            "Total time: inf [sec]\n-3 usecs/op\n",
            "Total time: nan [sec]\nnan usecs/op\n",
        ] {
            assert_eq!(perf_messaging(broken), None, "{broken}");
            assert_eq!(perf_pipe(broken), None, "{broken}");
        }
    }

    #[test]
    fn output_of_stress_ng_is_read() {
        let text = "stress-ng: info:  [30541] setting to a 1 second run per stressor\nstress-ng: info:  [30541] dispatching hogs: 2 cpu\nstress-ng: metrc: [30541] stressor       bogo ops real time  usr time  sys time   bogo ops/s     bogo ops/s\nstress-ng: metrc: [30541]                           (secs)    (secs)    (secs)   (real time) (usr+sys time)\nstress-ng: metrc: [30541] cpu                1923      1.00      0.98      0.00      1919.68        1956.19\nstress-ng: info:  [30541] successful run completed in 1.00s\n";
        let record = stress_ng(text, 2_000_000_000).unwrap();
        assert_eq!((record.units, record.dones), (3_839_360, vec![]));
        let heads =
            "stress-ng: metrc: [1] stressor bogo ops real time usr time sys time bogo ops/s\n";
        for broken in [
            "cpu 1923 1.00 0.98 0.00 1919.68 1956.19\n",
            &format!("{heads}metrc: [1] cpu 1923 1.00 0.98 0.00\n"),
            &format!("{heads}metrc: [1] cpu 0 0.00 0.00 0.00 0.00 0.00\n"),
            &format!("{heads}metrc: [1] cpu 0 0.00 0.00 0.00 nan 0.00\n"),
            &format!("{heads}metrc: [1] cpu 0 0.00 0.00 0.00 1e999 0.00\n"),
            &format!("{heads}metrc: [1] cpu 0 0.00 0.00 0.00 -5 0.00\n"),
        ] {
            assert_eq!(stress_ng(broken, 1_000_000_000), None, "{broken}");
        }
    }
}
