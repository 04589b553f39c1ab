//! Helpers of the kernel tests.

// A helper that no test happens to use at the moment stays.
#![allow(dead_code)]

pub mod dice;
#[path = "../../support/full_pipe.rs"]
pub mod full_pipe;
pub mod guest;
pub mod held;
pub mod hog;
pub mod maps;
#[path = "../../support/openmetrics.rs"]
pub mod openmetrics;
pub mod program;
pub mod shares;
pub mod shell;
pub mod sleepers;
pub mod terminal;
pub mod waits;
