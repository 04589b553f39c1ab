//! The frame: one thread per CPU, each with the same work sixty times per second. A frame is done when its last thread
//! is done, as a picture that all CPUs draw together.

use std::io::stdout;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::io::Errno;

use super::frame_report::FrameReport;
use super::job::WorkerJob;
use super::{FRAME, STALLED_WORK, WORK};
use crate::workload::clock::{now, sleep_until};
use crate::workload::spin::{timed, work};

const STACK: usize = 64 * 1024;
/// A stack, and what the C library keeps for a thread.
pub(super) const MOST_MEMORY_A_THREAD: u64 = 1 << 20;
/// CPU time of one look at how fast the machine is, at least.
const LOOK: Duration = Duration::from_millis(2);
/// Looks of each thread.
const LOOKS: usize = 40;
/// So many of them, one after the other, are about as long as a frame's work. So a short stop of a thread
/// weighs as much here as it does there.
const FRAMES_WORTH: usize = 4;

/// Runs frames until `end`, or until nobody reads what becomes of them.
pub(super) fn run(job: WorkerJob, end: Instant) -> Result<()> {
    // A reader that sleeps must not stop the frames.
    rustix::io::ioctl_fionbio(stdout(), true).context("cannot set up the pipe")?;
    let count = usize::try_from(job.threads.max(1))?;
    let shared = Arc::new(Shared {
        job,
        end,
        count,
        together: Barrier::new(count),
        looks: Mutex::default(),
        left: AtomicUsize::new(count),
        state: Mutex::new(State::default()),
        done: Condvar::new(),
    });
    let mut threads = Vec::new();
    for _ in 1..count {
        let shared = Arc::clone(&shared);
        let thread = thread::Builder::new().stack_size(STACK);
        threads.push(
            thread
                .spawn(move || shared.run())
                .context("cannot start a thread")?,
        );
    }
    shared.run();
    for thread in threads {
        if thread.join().is_err() {
            bail!("a thread of the frame failed");
        }
    }
    Ok(())
}

struct Shared {
    job: WorkerJob,
    end: Instant,
    count: usize,
    together: Barrier,
    /// Of all threads: nanoseconds of CPU time for each spin, look by look.
    looks: Mutex<Vec<Vec<f64>>>,
    /// The threads that are not done with this frame.
    left: AtomicUsize,
    state: Mutex<State>,
    /// A frame is done, whether in time or not.
    done: Condvar,
}

#[derive(Default)]
struct State {
    frames: u64,
    begins: Duration,
    spins: u64,
    record: Option<FrameReport>,
    over: bool,
}

impl Shared {
    fn run(&self) {
        let looks = look(&self.together);
        lock(&self.looks).push(looks);
        if self.together.wait().is_leader() {
            self.begin();
        }
        self.together.wait();
        let (mut frame, spins, mut begins) = {
            let state = lock(&self.state);
            (state.frames, state.spins, state.begins)
        };
        loop {
            sleep_until(begins);
            work(spins);
            if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                self.finish();
            } else {
                // Where the frame is done in time nobody needs to be woken for that.
                sleep_until(begins + FRAME);
            }
            let mut state = lock(&self.state);
            while state.frames == frame {
                state = self
                    .done
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.over {
                return;
            }
            (frame, begins) = (state.frames, state.begins);
        }
    }

    /// Settles how much the work is, and when the first frame begins.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss
    )]
    fn begin(&self) {
        let (mean, slow) = pace(&lock(&self.looks));
        let spins = match self.job.work {
            Some(work) => work.as_nanos() as f64 / mean,
            None => spins_that_show(mean, slow),
        };
        let mut state = lock(&self.state);
        state.spins = spins as u64;
        state.begins = now() + FRAME;
        state.record = Some(FrameReport {
            on_time: 0,
            missed: 0,
            next_deadline: state.begins + FRAME,
            last_frame: Duration::ZERO,
            work: Duration::from_nanos((spins * mean) as u64),
        });
        self.tell(&mut state);
    }

    /// Counts the frame that is done, and says when the next one begins.
    fn finish(&self) {
        let mut state = lock(&self.state);
        if let Some(record) = &mut state.record {
            record.count(now());
            state.begins = record.next_deadline.saturating_sub(FRAME);
        }
        self.tell(&mut state);
        self.left.store(self.count, Ordering::Release);
        state.frames += 1;
        drop(state);
        self.done.notify_all();
    }

    /// Writes past the buffer of [`stdout`], which would keep up to 25 records back.
    fn tell(&self, state: &mut State) {
        let written = state
            .record
            .map(|record| rustix::io::write(stdout(), &record.to_line()));
        let nobody_reads = matches!(written, Some(Err(error)) if error != Errno::AGAIN);
        state.over |= nobody_reads || Instant::now() >= self.end;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Measures the duration of a spin, look by look, while all threads look and the hogs run, because a thread is slower
/// on a busy machine. It is CPU time, so that waiting for a CPU does not count.
#[allow(clippy::cast_precision_loss)]
fn look(together: &Barrier) -> Vec<f64> {
    let mut spins = 10_000;
    while timed(spins) < LOOK {
        spins *= 2;
    }
    together.wait();
    let look = |_| timed(spins).as_nanos() as f64 / spins as f64;
    (0..LOOKS).map(look).collect()
}

/// Returns the nanoseconds of a spin: the mean, and the maximum of all but the slowest twentieth of spans as
/// long as a frame's work. A host that takes virtual CPUs away makes the second much longer than the first.
#[allow(clippy::cast_precision_loss)]
fn pace(looks: &[Vec<f64>]) -> (f64, f64) {
    let mean = |looks: &[f64]| looks.iter().sum::<f64>() / looks.len() as f64;
    let all: Vec<f64> = looks.concat();
    let spans = looks.iter().flat_map(|looks| looks.windows(FRAMES_WORTH));
    let mut spans: Vec<f64> = spans.map(mean).collect();
    spans.sort_by(f64::total_cmp);
    let slow = spans.get(spans.len() * 95 / 100).copied();
    let mean = mean(&all).max(f64::MIN_POSITIVE);
    (mean, slow.unwrap_or(mean).max(mean))
}

/// Returns the spins of a frame that is easily done in PRIORITY and not in BATCH, from [`pace`].
#[allow(clippy::cast_precision_loss)]
fn spins_that_show(mean: f64, slow: f64) -> f64 {
    let nanoseconds = |time: Duration| time.as_nanos() as f64;
    (nanoseconds(WORK) / mean).min(nanoseconds(STALLED_WORK) / slow)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With 7 ms BATCH misses none either.
    #[test]
    fn stalls_leave_the_frame_more_than_half_of_its_time() {
        let frame = FRAME.as_secs_f64() * 1e9;
        assert!((0.59..0.61).contains(&(spins_that_show(2.0, 2.0) * 2.0 / frame)));
        let stalled = spins_that_show(2.0, 2.9);
        assert!(stalled * 2.0 > 0.5 * frame, "{stalled}");
        assert!(stalled * 2.9 < 0.8 * frame, "{stalled}");
    }

    #[test]
    fn a_machine_that_stalls_now_and_then_gets_less_work() {
        let calm = vec![vec![2.0; LOOKS]; 2];
        assert_eq!(pace(&calm), (2.0, 2.0));
        let mut stalls = calm;
        for look in stalls[0].iter_mut().step_by(8) {
            *look = 10.0;
        }
        let (mean, slow) = pace(&stalls);
        assert!((2.4..2.6).contains(&mean), "{mean}");
        assert!(slow > 3.9, "{slow}");
    }
}
