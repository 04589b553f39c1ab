//! The target that the environment names (`DUALQ_TARGET`), driven by libFuzzer. fuzz/run starts it.

#![no_main]

mod targets;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use targets::TARGETS;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("DUALQ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    found.map(|(_, target)| *target).unwrap_or_else(|| {
        let names = TARGETS.map(|(name, _)| name).join(" ");
        eprintln!("there is no target {wanted:?}; there are: {names}");
        std::process::exit(2);
    })
});

fuzz_target!(|bytes: &[u8]| TARGET(bytes));
