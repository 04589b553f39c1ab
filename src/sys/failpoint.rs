//! Faults on demand, for the tests that show what becomes of one in each thread. Nothing of it is in
//! a program that is built for use (`--release`).

#![forbid(unsafe_code)]

/// `DUALQ_TOP_DRILL=panic:THREAD:FILE`: where the thread of that name passes here once there is such
/// a file, it panics; with `hang`, it goes no further.
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
