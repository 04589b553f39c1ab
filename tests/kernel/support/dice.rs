//! Chance that can be repeated.

use std::time::{SystemTime, UNIX_EPOCH};

/// The same numbers for the same seed.
pub struct Dice(u64);

/// Another one each time.
pub fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::from(now.expect("it is later than 1970").subsec_nanos()) | 1
}

impl Dice {
    /// `seed` is not 0.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
