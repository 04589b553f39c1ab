//! The kernel side: preflight checks, load, attach, verify, pin, detach; members; counters; the exit report.
//! It may import: `kernel`, `model`, `refusal`, `sys`, `trace`, `waits`.
//! It must never know: the dashboard, the rules, a command.
//!
//! [`Scheduler`] owns an attached scheduler, and detaches it when dropped. [`Handle`] reads and changes a running
//! scheduler through its maps, whichever process attached it.

#![warn(missing_docs)]

pub mod changes;
mod counters;
mod current;
pub(crate) mod exit;
pub mod finding;
mod handle;
mod inherited;
pub(crate) mod limits;
mod load;
mod lock;
pub(crate) mod member;
mod members;
mod options;
mod orphan;
mod owner;
mod owner_record;
pub mod preflight;
mod process_tree;
mod restart;
pub mod served;
mod standby;
pub mod tracing;
mod tunables;

pub(crate) use crate::kernel::program;
pub use crate::kernel::{pins, sysfs};
pub use counters::{Counter, Counters};
pub use current::CurrentScheduler;
pub use handle::Handle;
pub use inherited::Inherited;
pub use load::{Storage, Trial, try_to_load};
pub use member::Member;
pub use members::{Members, Placement};
pub use options::{Options, WaitsOption};
pub use orphan::detach_orphan;
pub use owner::{Scheduler, SchedulerEvent};
pub use owner_record::OwnerRecord;
pub use standby::Standby;
pub use tunables::Tuning;
