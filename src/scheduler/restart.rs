use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Maximum number of restarts within [`WINDOW`]. More would be an endless loop.
const MOST: usize = 3;
const WINDOW: Duration = Duration::from_secs(60);

/// Counts the restarts that the kernel has requested, and limits them.
#[derive(Debug, Default)]
pub struct Restarts {
    done: VecDeque<Instant>,
}

impl Restarts {
    /// Returns true if another restart is allowed at `now`, and counts it.
    pub fn allow(&mut self, now: Instant) -> bool {
        while self.done.front().is_some_and(|&at| now - at >= WINDOW) {
            self.done.pop_front();
        }
        let allowed = self.done.len() < MOST;
        if allowed {
            self.done.push_back(now);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_restarts_a_minute_are_allowed_and_no_more() {
        let mut restarts = Restarts::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert!(restarts.allow(at(0)));
        assert!(restarts.allow(at(1)));
        assert!(restarts.allow(at(2)));
        assert!(!restarts.allow(at(3)));
        assert!(!restarts.allow(at(59)));
        assert!(restarts.allow(at(60)), "the first is a minute ago");
        assert!(!restarts.allow(at(60)));
    }
}
