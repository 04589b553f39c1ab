//! The frame's reports: a line of JSON per frame in a pipe, smaller than PIPE_BUF so that it arrives whole. The
//! numbers are sums, so a record that is lost in a full pipe does no harm.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::FRAME;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameReport {
    pub on_time: u64,
    pub missed: u64,
    /// The first deadline that is not counted yet (`CLOCK_MONOTONIC`).
    pub next_deadline: Duration,
    pub last_frame: Duration,
    /// The mean CPU time of a frame's work on each thread.
    pub work: Duration,
}

impl FrameReport {
    /// Returns it as a line of JSON.
    pub fn to_line(self) -> Vec<u8> {
        let mut line = serde_json::to_vec(&self).unwrap_or_default();
        line.push(b'\n');
        line
    }

    /// Returns the last one of several lines; `None` if there is none.
    pub fn last_of(lines: &[u8]) -> Option<Self> {
        let mut lines = lines.rsplit(|byte| *byte == b'\n');
        lines.find_map(|line| serde_json::from_slice(line).ok())
    }

    /// Returns the deadlines missed until `now`. A frame without any CPU time cannot report them itself.
    pub fn missed_by(&self, now: Duration) -> u64 {
        match now.checked_sub(self.next_deadline) {
            None => self.missed,
            Some(late) => self.missed + 1 + frames(late),
        }
    }

    /// Counts the frame that was begun for `next_deadline` and done at `done`. A late frame also misses the deadlines
    /// until then, and the one in whose frame it ends: as on a screen, the next frame begins at the next refresh.
    pub fn count(&mut self, done: Duration) {
        let begun = self.next_deadline.saturating_sub(FRAME);
        self.last_frame = done.saturating_sub(begun);
        let deadlines = match done.checked_sub(self.next_deadline) {
            None | Some(Duration::ZERO) => {
                self.on_time += 1;
                1
            }
            Some(late) => {
                self.missed += 2 + frames(late);
                2 + frames(late)
            }
        };
        self.next_deadline += FRAME * u32::try_from(deadlines).unwrap_or(u32::MAX);
    }
}

/// Returns the number of whole frames in a time.
#[allow(clippy::cast_possible_truncation)]
fn frames(time: Duration) -> u64 {
    (time.as_nanos() / FRAME.as_nanos()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(frames: f64) -> Duration {
        Duration::from_secs(7) + FRAME.mul_f64(frames)
    }

    fn begun() -> FrameReport {
        FrameReport {
            on_time: 0,
            missed: 0,
            next_deadline: at(1.0),
            last_frame: Duration::ZERO,
            work: Duration::from_millis(7),
        }
    }

    #[test]
    fn a_frame_done_by_its_deadline_is_on_time() {
        let mut record = begun();
        record.count(at(0.6));
        record.count(at(2.0));
        assert_eq!((record.on_time, record.missed), (2, 0));
        assert_eq!(record.next_deadline, at(3.0));
        assert_eq!(record.last_frame, FRAME);
    }

    #[test]
    fn every_deadline_is_counted_once_on_time_or_missed() {
        let mut record = begun();
        // Ready during the second frame's time: that one cannot begin any more either.
        record.count(at(1.4));
        assert_eq!((record.on_time, record.missed), (0, 2));
        assert_eq!(record.next_deadline, at(3.0));
        record.count(at(2.5));
        record.count(at(7.2));
        assert_eq!((record.on_time, record.missed), (1, 7));
        assert_eq!(record.next_deadline, at(9.0));
    }

    #[test]
    fn a_frame_without_cpu_misses_its_deadlines() {
        let record = begun();
        assert_eq!(record.missed_by(at(0.9)), 0);
        assert_eq!(record.missed_by(at(1.1)), 1);
        assert_eq!(record.missed_by(at(61.1)), 61);
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let mut record = begun();
        record.count(at(3.3));
        let lines = [begun().to_line(), record.to_line()].concat();
        assert_eq!(FrameReport::last_of(&lines), Some(record));
        assert_eq!(FrameReport::last_of(b"\n"), None);
    }
}
