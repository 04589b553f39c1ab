//! Failpoints: faults on demand, for tests of a fault in each thread. They are left out of release builds.

#![forbid(unsafe_code)]

/// With `DUALQ_TOP_FAILPOINT=panic:THREAD:FILE` set, panics if the thread of this name passes here and the file
/// exists. With `hang` in place of `panic`, blocks for ever; with `abort` and `overflow`, faults.
#[cfg(debug_assertions)]
#[allow(clippy::panic, reason = "it is what is asked for")]
pub fn here() {
    use std::sync::LazyLock;
    static FAILPOINT: LazyLock<Option<[String; 3]>> = LazyLock::new(|| {
        let words = std::env::var("DUALQ_TOP_FAILPOINT").ok()?;
        let words: Vec<String> = words.splitn(3, ':').map(str::to_owned).collect();
        words.try_into().ok()
    });
    if let Some([what, thread, file]) = &*FAILPOINT
        && std::thread::current().name() == Some(thread)
        && std::path::Path::new(file).exists()
    {
        match &what[..] {
            "hang" => loop {
                std::thread::park();
            },
            "abort" => std::process::abort(),
            "overflow" => drop(overflow(0)),
            _ => {}
        }
        panic!("a failpoint");
    }
}

/// Overflows the stack.
#[cfg(debug_assertions)]
#[allow(unconditional_recursion, reason = "it is what is asked for")]
fn overflow(depth: u64) -> [u64; 64] {
    let room = std::hint::black_box([depth; 64]);
    std::hint::black_box(overflow(room[0] + 1))
}

#[cfg(not(debug_assertions))]
pub fn here() {}
