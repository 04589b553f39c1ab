//! dualq-top: a two-queue CPU scheduler (sched_ext, BPF) and the dashboard that drives it.
//!
//! Data flows one way round: kernel maps and `/proc` → [`observe`] → [`model::Snapshot`] →
//! [`app`] → [`ui`] → terminal; keys → [`app`] → commands → [`scheduler`].

pub mod app;
pub mod bench;
pub mod cli;
pub mod commands;
pub mod dashboard;
pub mod demo;
mod drill;
pub mod input;
pub mod log;
pub mod model;
pub mod observe;
mod parent;
pub mod parsers;
pub mod record;
pub mod refusal;
pub mod replay;
pub mod rights;
pub mod scheduler;
pub mod settings;
pub mod signal;
mod skeletons;
pub mod terminal;
pub mod text;
pub mod ui;
pub mod waits;
