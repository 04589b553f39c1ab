//! Receives libbpf's messages: passes them on as the program's own, and keeps the warnings to explain why a load
//! failed.

use std::sync::{Mutex, PoisonError};

use libbpf_rs::PrintLevel;
use tracing::{Level, debug, enabled, trace, warn};

use crate::sys::text::scrub_lines;

/// Of one message: a verifier's log can have megabytes, and the reason stands at its end.
const MOST_BYTES: usize = 32 << 10;
/// Of the messages: what led to a failure comes right before it.
const MOST_KEPT: usize = 32;

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Called once, before anything is loaded and after the log has started. Messages that nobody wants are not even put
/// together.
pub fn listen() {
    let least = if enabled!(Level::TRACE) {
        PrintLevel::Debug
    } else {
        PrintLevel::Warn
    };
    libbpf_rs::set_print(Some((least, |level, text| match level {
        PrintLevel::Warn => keep(&text),
        PrintLevel::Info => debug!("{}", scrub_lines(text.trim_end())),
        PrintLevel::Debug => trace!("{}", scrub_lines(text.trim_end())),
    })));
}

fn keep(text: &str) {
    let text = text.trim_end();
    let mut from = text.len().saturating_sub(MOST_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let text = scrub_lines(&text[from..]);
    warn!("{text}");
    let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    if heard.len() == MOST_KEPT {
        heard.remove(0);
    }
    heard.push(text);
}

/// The warnings since this was called last, oldest first; each may have several lines.
#[must_use]
pub fn heard() -> Vec<String> {
    std::mem::take(&mut *HEARD.lock().unwrap_or_else(PoisonError::into_inner))
}
