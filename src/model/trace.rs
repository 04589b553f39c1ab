/// Kernel instructions that a switch costs more while it is traced, by `make bench-path`: docs/TRACING.md.
pub const TRACE_COST: u32 = 260;
