//! dualq-top: a two-queue CPU scheduler (sched_ext, BPF) and the dashboard that drives it.
//!
//! Data flows one way round: kernel maps and `/proc` → [`observe`] → [`model::Snapshot`] →
//! [`tui::app`] → [`tui::ui`] → terminal; keys → [`tui::app`] → commands → [`scheduler`].

// They panic where nobody can read what is printed.
#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod bench;
pub mod cli;
pub mod commands;
pub mod demo;
#[doc(hidden)]
pub mod fuzz_entry;
pub mod kernel;
pub mod model;
pub mod observe;
pub mod record;
pub mod refusal;
pub mod rules;
pub mod scheduler;
pub mod service;
pub mod settings;
pub mod sys;
pub mod trace;
pub mod tui;
pub mod waits;
mod workload;
