//! The clock that measurements go by: `CLOCK_MONOTONIC`.

use std::time::Duration;

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Sleeps until this time of the clock.
pub(crate) fn sleep_until(time: Duration) {
    let request = Timespec {
        tv_sec: time.as_secs().cast_signed(),
        tv_nsec: time.subsec_nanos().into(),
    };
    while clock_nanosleep_absolute(rustix::thread::ClockId::Monotonic, &request)
        == Err(rustix::io::Errno::INTR)
    {}
}

/// Returns the time since the machine was started, without its sleep.
pub(crate) fn now() -> Duration {
    duration(clock_gettime(ClockId::Monotonic))
}

/// Returns the CPU time of the calling thread.
pub(crate) fn thread_cpu_time() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

fn duration(time: Timespec) -> Duration {
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(time.tv_sec.cast_unsigned(), nanos)
}
