//! Rules: which processes go into which queue without anybody's hand.
//! It may import: `kernel`, `model`, `refusal`, `scheduler`, `settings`, `sys`.
//! It must never know: the dashboard, a command.
//!
//! `file` finds and reads the files, and `parse` makes `Rule`s of them. `set` finds the first rule
//! that matches a `Subject`. `engine` applies it at each exec, which `execs` reports from the
//! kernel, and once to the processes that run already.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod ananicy;
pub mod engine;
mod execs;
pub mod file;
mod parse;
mod patterns;
mod rule;
mod set;
mod subject;

pub use engine::Engine;
pub use file::Rules;
pub use patterns::compile;
pub use rule::{Field, Place, Rule};
pub use set::RuleSet;
pub use subject::{Facts, Subject};
