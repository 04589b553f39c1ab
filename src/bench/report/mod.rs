//! The report: for people (Markdown, charts) and for programs (JSON). All of it is made from
//! `Results`, so it can be tested without measuring.
//! It may import: `bench`.
//! It must never know: how the figures came about, a process, the kernel.

mod chart;
mod goals;
mod json;
mod markdown;

pub use chart::charts;
pub use json::json;
pub use markdown::markdown;

#[cfg(test)]
mod tests;
