/// Instructions that a switch costs more while it is traced: docs/TRACING.md.
pub const TRACE_COST: u32 = 150;
