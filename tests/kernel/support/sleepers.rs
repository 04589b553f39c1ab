//! Processes that only sleep, moved several at once: for what is not about who runs.

use super::hog::{Hog, Load};
use super::program::run_ok;

pub fn sleepers(count: usize) -> Vec<Hog> {
    (0..count)
        .map(|_| Load::new(&["sleeper"]).start())
        .collect()
}

pub fn pids(hogs: &[Hog]) -> Vec<u32> {
    let mut pids: Vec<u32> = hogs.iter().map(Hog::pid).collect();
    pids.sort_unstable();
    pids
}

/// Runs `add` or `remove` for all of them at once.
pub fn change(command: &str, hogs: &[Hog]) -> String {
    change_pids(command, &pids(hogs))
}

pub fn change_pids(command: &str, pids: &[u32]) -> String {
    let words: Vec<String> = pids.iter().map(u32::to_string).collect();
    let mut arguments = vec![command];
    arguments.extend(words.iter().map(String::as_str));
    run_ok(&arguments)
}
