//! The kernel's interfaces: pins, BPF programs, sysfs, the generated skeletons.
//! It may import: `model`, `refusal`, `sys`.
//! It must never know: our scheduler, the dashboard, a command.

#![warn(missing_docs)]

pub(crate) mod layout;
pub mod libbpf;
pub(crate) mod load_fault;
pub(crate) mod mapped;
pub mod pins;
pub mod program;
pub(crate) mod skeletons;
pub mod sysfs;
pub(crate) mod types;
