//! Failpoints: faults on demand, for tests of a fault in each thread. They are left out of release builds.

#![forbid(unsafe_code)]

/// With `DUALQ_TOP_DRILL=panic:THREAD:FILE` set, panics if the thread of this name passes here and the file
/// exists. With `hang` in place of `panic`, blocks for ever.
#[cfg(debug_assertions)]
#[allow(clippy::panic, reason = "it is what is asked for")]
pub fn here() {
    use std::sync::LazyLock;
    static DRILL: LazyLock<Option<[String; 3]>> = LazyLock::new(|| {
        let words = std::env::var("DUALQ_TOP_DRILL").ok()?;
        let words: Vec<String> = words.splitn(3, ':').map(str::to_owned).collect();
        words.try_into().ok()
    });
    if let Some([what, thread, file]) = &*DRILL
        && std::thread::current().name() == Some(thread)
        && std::path::Path::new(file).exists()
    {
        if what == "hang" {
            loop {
                std::thread::park();
            }
        }
        panic!("a drill");
    }
}

#[cfg(not(debug_assertions))]
pub fn here() {}
