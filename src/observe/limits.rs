//! The limits of cgroups that do not hold while our scheduler runs, looked for on a thread of its own: a
//! machine may have many thousands.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::model::CgroupLimits;
use crate::sys::{capabilities, cgroups};

/// Between two looks, at least.
const EACH: Duration = Duration::from_secs(5);
/// A look may take a hundredth of the time until the next one.
const SHARE: u32 = 100;
/// Longer than any look takes.
const FAR: Duration = Duration::from_secs(3600);

/// Keeps the result of the last look.
pub struct Watch {
    /// `None` where no thread can be started.
    asks: Option<SyncSender<()>>,
    answers: Receiver<(Option<CgroupLimits>, Duration)>,
    newest: Option<CgroupLimits>,
    next: Instant,
}

impl Watch {
    pub fn start() -> Self {
        let (asks, asked) = mpsc::sync_channel(1);
        let (sender, answers) = mpsc::channel();
        let thread = thread::Builder::new().name("limits".to_owned());
        let look = move || {
            let _ = capabilities::drop_unneeded();
            for () in asked {
                let begun = Instant::now();
                let found = cgroups::read(Path::new(cgroups::ROOT), cgroups::MANY);
                if sender.send((found, begun.elapsed())).is_err() {
                    return;
                }
            }
        };
        Self {
            asks: thread.spawn(look).is_ok().then_some(asks),
            answers,
            newest: None,
            next: Instant::now(),
        }
    }

    /// Returns the last result while our scheduler `runs`, and asks for the next look when it is due.
    pub fn newest(&mut self, runs: bool) -> Option<CgroupLimits> {
        while let Ok((found, took)) = self.answers.try_recv() {
            self.newest = found;
            self.next = Instant::now() + EACH.max(took * SHARE);
        }
        if !runs {
            // What has changed by the time it runs again is looked at at once.
            self.newest = None;
            self.next = Instant::now();
            return None;
        }
        if Instant::now() >= self.next
            && let Some(asks) = &self.asks
            && asks.try_send(()).is_ok()
        {
            // Not before the answer comes.
            self.next = Instant::now() + FAR;
        }
        self.newest.clone()
    }
}
