//! The measured figures, with the units that they are shown in.

/// A column of a table, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    WakeP50,
    WakeP99,
    WakeMax,
    DoneP50,
    DoneP99,
    /// The same of the others.
    OthersP50,
    OthersP99,
    ShareOfWork,
    ShareOfDispatches,
    Work,
    Messages,
    RoundTrip,
    Switches,
    Busy,
    Rate,
    LoadAndAttach,
    Attach,
    Detach,
    ToggleP50,
    ToggleMax,
    KernelMemory,
    OwnMemory,
}

impl Figure {
    /// Returns the key in the report, which is an interface.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::WakeP50 => "wake_p50_us",
            Self::WakeP99 => "wake_p99_us",
            Self::WakeMax => "wake_max_us",
            Self::DoneP50 => "done_p50_ms",
            Self::DoneP99 => "done_p99_ms",
            Self::OthersP50 => "others_wake_p50_us",
            Self::OthersP99 => "others_wake_p99_us",
            Self::Work => "others_work_per_s",
            Self::Messages => "seconds",
            Self::RoundTrip => "round_trip_us",
            Self::Switches => "context_switches_per_s",
            Self::Busy => "cpu_percent",
            Self::Rate => "tasks_per_s",
            Self::ShareOfWork => "favoured_work_percent",
            Self::ShareOfDispatches => "priority_dispatches_percent",
            Self::LoadAndAttach => "load_and_attach_ms",
            Self::Attach => "attach_ms",
            Self::Detach => "detach_ms",
            Self::ToggleP50 => "toggle_p50_ms",
            Self::ToggleMax => "toggle_max_ms",
            Self::KernelMemory => "kernel_memory_kb",
            Self::OwnMemory => "own_memory_kb",
        }
    }

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::WakeP50 => "wake-up p50, µs",
            Self::WakeP99 => "p99, µs",
            Self::WakeMax => "longest, µs",
            Self::DoneP50 => "frame done p50, ms",
            Self::DoneP99 => "p99, ms",
            Self::OthersP50 => "the others' wake-up p50, µs",
            Self::OthersP99 => "p99, µs",
            Self::Work => "the others' work a second",
            Self::Messages => "time, s",
            Self::RoundTrip => "round trip, µs",
            Self::Switches => "context switches a second",
            Self::Busy => "CPU, %",
            Self::Rate => "tasks a second",
            Self::ShareOfWork => "the 300's share of the work, %",
            Self::ShareOfDispatches => "PRIORITY of all dispatches, %",
            Self::LoadAndAttach => "load and attach, ms",
            Self::Attach => "attach, ms",
            Self::Detach => "detach, ms",
            Self::ToggleP50 => "move to first PRIORITY dispatch, p50, ms",
            Self::ToggleMax => "longest, ms",
            Self::KernelMemory => "maps and programs, KB",
            Self::OwnMemory => "our process (PSS), KB",
        }
    }
}

/// Returns a value with as many digits as tell different values apart.
#[must_use]
pub fn digits(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// A ratio, as short as its size allows.
#[must_use]
pub fn ratio(ratio: f64) -> String {
    if !(0.1..100.0).contains(&ratio) {
        return digits(ratio);
    }
    format!("{ratio:.2}")
}
