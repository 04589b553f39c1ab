//! Work of a known amount, at known times: what the demonstration and the measurements are made of.
//! It may import: nothing.
//! It must never know: what is measured by it, a scheduler, the dashboard.

#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub(crate) mod clock;
pub(crate) mod spin;
