//! Tests on a real kernel with sched_ext. They run as root in a virtual machine, one after another (`make test`, or
//! `vm/test FILTER` for some of them), because they attach a scheduler, take CPUs offline and kill processes.
//!
//! Three files come with them, found through the environment: `DUALQ_TOP`, the program under test,
//! `DUALQ_LOAD`, what makes the guest busy, and `DUALQ_OTHER`, another scheduler.

#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bench;
mod boot;
mod changes;
mod children;
mod confined;
mod dashboard;
mod demo;
mod effects;
mod ended;
mod extremes;
mod failpoints;
mod followed;
mod guest_works;
mod handover;
mod kernel_threads;
mod keys;
mod levels;
mod lifecycle;
mod limits;
mod machine;
mod many_cpus;
mod map_operations;
mod membership;
mod metrics;
mod next_kernel;
mod other_scheduler;
mod pins;
mod policy;
mod probe;
mod processes;
mod readers;
mod recording;
mod refused;
mod rights;
mod rules;
mod run;
mod scripts;
mod smoke;
mod soak;
mod stress;
mod support;
mod takeover;
mod trace;
mod tunables;
mod two_cpus;
mod unloadable;
mod unserved;
mod verbs;
mod view;
mod virtual_time;
mod waits;
