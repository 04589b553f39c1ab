//! Receives libbpf's messages: writes them to the log instead of the terminal, to stderr on request, and keeps them to
//! explain why a load failed.

use std::io::{Write, stderr};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use libbpf_rs::PrintLevel;

use crate::sys::log;
use crate::sys::text::scrub_lines;

/// Of one message: a verifier's log can have megabytes, and the reason stands at its end.
const MOST_BYTES: usize = 32 << 10;
/// Of the messages: what led to a failure comes right before it.
const MOST_KEPT: usize = 32;

static ALOUD: AtomicBool = AtomicBool::new(false);
static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Called once, before anything is loaded.
pub fn listen() {
    from(PrintLevel::Warn);
}

/// Everything to standard error as well, debugging messages included, or no longer.
pub fn aloud(on: bool) {
    ALOUD.store(on, Ordering::Relaxed);
    from(if on {
        PrintLevel::Debug
    } else {
        PrintLevel::Warn
    });
}

/// Messages below this level are not even put together.
fn from(level: PrintLevel) {
    libbpf_rs::set_print(Some((level, |level, text| {
        if ALOUD.load(Ordering::Relaxed) {
            let _ = write!(stderr(), "{}", scrub_lines(&text));
        }
        if level == PrintLevel::Warn {
            keep(&text);
        }
    })));
}

fn keep(text: &str) {
    let text = text.trim_end();
    let mut from = text.len().saturating_sub(MOST_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let text = scrub_lines(&text[from..]);
    log::line(&text);
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
