//! What of the kernel's interfaces this program touches: pins, BPF programs, sysfs, the generated skeletons.
//! It may import: `model`, `sys`.
//! It must never know: what a scheduler of ours is, the dashboard, a command.

pub mod pins;
pub mod program;
pub(crate) mod skeletons;
pub mod sysfs;
