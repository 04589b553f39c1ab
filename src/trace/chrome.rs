//! Writes a trace in the format of Chrome's trace viewer, which ui.perfetto.dev and Perfetto's `trace_processor` read.
//! There is a slice ("X") for each run of a task, on a track for each CPU, and marks ("i").
//!
//! A run's end is in the event after it on the same CPU, so that each CPU has one run open here. Keys that Perfetto looks
//! for come before a task's name, and `otherData` comes last: its parser wants it so.

use std::collections::HashMap;
use std::fmt::{self, Write};

use serde::Serialize;

use super::event::{Event, Reason, TracedQueue};
use crate::sys::text::thousands;

/// The process that all CPUs are shown as.
const CPUS: u32 = 1;

/// Something that happened beside the tasks, such as a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its time on `CLOCK_MONOTONIC`, in nanoseconds.
    pub monotonic: u64,
    /// The change, in words.
    pub text: String,
}

/// The totals of a trace: `otherData` in the file, whose keys are an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// The program's version.
    pub dualq_top: &'static str,
    /// The number of CPUs.
    pub cpus: usize,
    /// The time for which it was traced, in milliseconds.
    pub milliseconds: u64,
    /// The number of times that a task began to run.
    pub runs: u64,
    /// The number of them that are not in the trace, because they came faster than they could be read.
    pub lost: u64,
    /// The number of times that tracing was off for a moment, because its reader got no CPU time.
    pub interruptions: u64,
    /// The reason why it ended.
    pub ended: String,
}

/// Formats what a trace has: `12,345 runs in 10.0 s, none lost`.
impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[allow(clippy::cast_precision_loss)]
        let seconds = self.milliseconds as f64 / 1000.0;
        write!(f, "{} runs in {seconds:.1} s, ", thousands(self.runs))?;
        match self.lost {
            0 => f.write_str("none lost"),
            lost => write!(f, "{} lost", thousands(lost)),
        }
    }
}

/// A trace that is being written. It holds the text that the caller has not taken yet.
pub struct Chrome {
    text: String,
    /// The last run of each CPU, whose end is not known yet.
    open: Vec<Option<Event>>,
    /// The name of a task that continues is known from the run before.
    names: HashMap<u32, String>,
    /// From the events' clock to `CLOCK_MONOTONIC`.
    later: u64,
    runs: u64,
}

impl Chrome {
    /// Begins a trace of so many CPUs. `later` is what `CLOCK_MONOTONIC` is ahead of the events' clock by, wrapping.
    #[must_use]
    pub fn new(cpus: usize, later: u64) -> Self {
        let mut text = String::from("{\"traceEvents\":[\n");
        let _ = write!(
            text,
            "{{\"ph\":\"M\",\"pid\":{CPUS},\"name\":\"process_name\",\"args\":{{\"name\":\"CPUs\"}}}}"
        );
        for cpu in 0..cpus {
            let _ = write!(
                text,
                ",\n{{\"ph\":\"M\",\"pid\":{CPUS},\"tid\":{},\"name\":\"thread_name\",\"args\":{{\"name\":\"CPU {cpu}\"}}}}",
                track_of(cpu)
            );
        }
        Self {
            text,
            open: vec![None; cpus],
            names: HashMap::new(),
            later,
            runs: 0,
        }
    }

    /// Takes an event of a CPU. `None` stands where some were lost: the run before them has no known end, and is left out.
    pub fn see(&mut self, cpu: usize, event: Option<Event>) {
        let Some(open) = self.open.get_mut(cpu) else {
            return;
        };
        let before = std::mem::replace(open, event.clone());
        let Some(event) = event else { return };
        self.runs += 1;
        if !event.name.is_empty() {
            // Bounded: a machine that starts millions of tasks while it is traced has other troubles.
            self.names.insert(event.thread, event.name.clone());
        }
        if let Some(before) = before {
            // The clock of a CPU never goes back, but it is not read at one place.
            let end = event.free_since.min(event.at).max(before.at);
            self.write(cpu, &before, end);
        }
    }

    fn write(&mut self, cpu: usize, run: &Event, end: u64) {
        let name = match (self.names.get(&run.thread), run.name.is_empty()) {
            (_, false) => &run.name,
            (Some(name), true) => name,
            (None, true) => "?",
        };
        let (name, queue) = (quoted(name), run.queue.name());
        // A nanosecond less: readers round begin and length each, and two runs must not overlap by that.
        let length = (end - run.at).saturating_sub(1);
        let _ = write!(
            self.text,
            ",\n{{\"ph\":\"X\",\"ts\":{},\"dur\":{},\"pid\":{CPUS},\"tid\":{},\"cat\":\"{queue}\",\"name\":{name},\"args\":{{\
             \"process\":{},\"thread\":{},\"queue\":\"{queue}\",",
            microseconds(run.at.wrapping_add(self.later)),
            microseconds(length),
            track_of(cpu),
            run.pid,
            run.thread,
        );
        if run.queue == TracedQueue::Priority {
            let _ = write!(self.text, "\"level\":{},", run.level);
        }
        let _ = write!(self.text, "\"why\":\"{}\",", run.reason.words());
        if run.pinned && run.reason != Reason::Continues {
            self.text.push_str("\"pinned\":true,");
        }
        if let Some(waited) = run.waited {
            let _ = write!(self.text, "\"waited_us\":{},", microseconds(waited));
        }
        let _ = write!(
            self.text,
            "\"slice_us\":{},\"weight\":{}}}}}",
            microseconds(run.slice),
            run.weight
        );
    }

    /// Writes a mark, over all CPUs.
    pub fn mark(&mut self, mark: &Mark) {
        let _ = write!(
            self.text,
            ",\n{{\"ph\":\"i\",\"ts\":{},\"pid\":{CPUS},\"tid\":{},\"s\":\"g\",\"cat\":\"change\",\"name\":{}}}",
            microseconds(mark.monotonic),
            track_of(0),
            quoted(&mark.text)
        );
    }

    /// Returns how many times a task began to run so far.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Takes away what has been written since the last call: whole events.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Returns what ends the file. The last run of each CPU is left out: nothing says when it ended.
    #[must_use]
    pub fn end(totals: &Totals) -> String {
        let totals = serde_json::to_string(totals).unwrap_or_else(|_| "{}".to_owned());
        format!("\n],\"otherData\":{totals}}}\n")
    }
}

/// Threads are numbered from 1: to viewers, thread 0 is the idle task of a machine.
fn track_of(cpu: usize) -> usize {
    cpu + 1
}

/// A name was scrubbed where it came from: it has no control characters, which Perfetto's parser refuses.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"?\"".to_owned())
}

/// Formats nanoseconds as microseconds, with all of their digits.
fn microseconds(ns: u64) -> String {
    format!("{}.{:03}", ns / 1000, ns % 1000)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn event(at: u64, free_since: u64, thread: u32, reason: Reason, name: &str) -> Event {
        Event {
            at,
            free_since,
            waited: (reason != Reason::Continues).then_some(1500),
            slice: 4_000_000,
            thread,
            pid: thread,
            queue: TracedQueue::Priority,
            level: 200,
            reason,
            pinned: false,
            weight: 100,
            name: name.to_owned(),
        }
    }

    fn totals() -> Totals {
        Totals {
            dualq_top: "1",
            cpus: 1,
            milliseconds: 3,
            runs: 4,
            lost: 2,
            interruptions: 0,
            ended: "as asked".into(),
        }
    }

    fn written(mut chrome: Chrome) -> Vec<Value> {
        let text = chrome.take() + &Chrome::end(&totals());
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["otherData"]["lost"], 2);
        let all = value["traceEvents"].as_array().unwrap().clone();
        all.into_iter().filter(|it| it["ph"] != "M").collect()
    }

    #[test]
    fn a_run_ends_where_its_cpu_became_free() {
        let mut chrome = Chrome::new(1, 1_000_000);
        chrome.see(0, Some(event(5000, 0, 7, Reason::Idle, "a\"b")));
        chrome.see(0, Some(event(9000, 9000, 7, Reason::Continues, "")));
        chrome.see(0, Some(event(20_000, 12_000, 8, Reason::Preempts, "c")));
        let runs = written(chrome);
        assert_eq!(runs.len(), 2, "{runs:?}");
        assert_eq!(runs[0]["ts"], 1005.0);
        assert_eq!(runs[0]["dur"], 3.999);
        assert_eq!(runs[0]["name"], "a\"b");
        assert_eq!(runs[0]["args"]["why"], "idle CPU");
        assert_eq!(runs[0]["args"]["waited_us"], 1.5);
        assert_eq!(runs[0]["args"]["level"], 200);
        assert_eq!(runs[1]["name"], "a\"b", "it is known from before");
        assert_eq!(runs[1]["dur"], 2.999);
        assert_eq!(runs[1]["args"].get("waited_us"), None);
    }

    #[test]
    fn a_run_before_lost_ones_is_left_out() {
        let mut chrome = Chrome::new(1, 0);
        chrome.see(0, Some(event(5000, 0, 7, Reason::Queue, "a")));
        chrome.see(0, None);
        chrome.see(0, Some(event(9000, 8000, 8, Reason::Queue, "b")));
        chrome.see(0, Some(event(9500, 9400, 9, Reason::Queue, "c")));
        let runs = written(chrome);
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert_eq!(runs[0]["name"], "b");
        assert_eq!(runs[0]["dur"], 0.399);
    }

    #[test]
    fn marks_stand_at_their_time() {
        let mut chrome = Chrome::new(1, 0);
        chrome.mark(&Mark {
            monotonic: 1_234_567,
            text: "hog (7) → PRIORITY".into(),
        });
        let marks = written(chrome);
        assert_eq!(marks[0]["ts"], 1234.567);
        assert_eq!(marks[0]["name"], "hog (7) → PRIORITY");
        assert_eq!(marks[0]["s"], "g");
    }
}
