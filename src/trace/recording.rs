//! Records a trace to a file or a pipe: keeps tracing on, reads the rings, and writes what comes.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::chrome::{Chrome, Mark, Totals};
use super::source::Source;

/// Between two looks at the rings: each has room for 2048 runs.
const LOOK: Duration = Duration::from_millis(10);
/// Between two renewals, and two looks at everything else.
const RENEWAL: Duration = Duration::from_millis(200);

/// The end of a trace.
#[derive(Debug)]
pub struct Ended {
    /// The figures that are in the file too.
    pub totals: Totals,
    /// The file or the pipe took no more from some moment on; a file has what came before it.
    pub fault: Option<io::Error>,
}

/// The destination of a trace.
pub enum Out {
    /// A new file.
    File(File),
    /// A pipe or a terminal, which nothing can be taken back from.
    Stream(Box<dyn Write + Send>),
}

/// A trace that is about to be recorded.
pub struct Recording {
    source: Source,
    out: Out,
    duration: Duration,
}

impl Recording {
    /// Prepares a recording of at most this duration to a new file.
    #[must_use]
    pub fn to_file(source: Source, file: File, duration: Duration) -> Self {
        Self {
            source,
            out: Out::File(file),
            duration,
        }
    }

    /// Prepares a recording to a stream.
    #[must_use]
    pub fn to_stream(source: Source, stream: Box<dyn Write + Send>, duration: Duration) -> Self {
        Self {
            source,
            out: Out::Stream(stream),
            duration,
        }
    }

    /// Records until the time is over, or until `meanwhile` breaks with the reason. It is called a few times a second, and
    /// adds the marks that have come.
    ///
    /// # Errors
    /// If the kernel refuses to trace. A fault of the file is in what is returned.
    pub fn run(
        mut self,
        mut meanwhile: impl FnMut(&mut Vec<Mark>) -> ControlFlow<String>,
    ) -> Result<Ended> {
        let mut rings = self.source.rings()?;
        let clocks = self.source.renew()?;
        let begun = Instant::now();
        let mut renewed = begun;
        let mut chrome = Chrome::new(rings.cpus(), clocks.monotonic.wrapping_sub(clocks.events));
        let mut totals = Totals {
            dualq_top: env!("CARGO_PKG_VERSION"),
            cpus: rings.cpus(),
            milliseconds: 0,
            runs: 0,
            lost: 0,
            interruptions: 0,
            ended: "the program was killed".to_owned(),
        };
        let mut marks = Vec::new();
        let mut fault = self.out.write(&chrome.take(), &Chrome::end(&totals)).err();
        let mut ended = None;
        while ended.is_none() && fault.is_none() {
            thread::sleep(LOOK.min(self.duration.saturating_sub(begun.elapsed())));
            if begun.elapsed() >= self.duration {
                ended = Some("its time was over".to_owned());
            }
            totals.lost += rings.take(|cpu, event| chrome.see(cpu, event));
            if renewed.elapsed() >= RENEWAL || ended.is_some() {
                if !self.source.renew()?.was_on {
                    totals.interruptions += 1;
                    (0..rings.cpus()).for_each(|cpu| chrome.see(cpu, None));
                }
                renewed = Instant::now();
                if let ControlFlow::Break(why) = meanwhile(&mut marks) {
                    ended = Some(why);
                }
            }
            marks.drain(..).for_each(|mark| chrome.mark(&mark));
            totals.milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            totals.runs = chrome.runs();
            if let Some(why) = &ended {
                totals.ended.clone_from(why);
            }
            let text = chrome.take();
            if !text.is_empty()
                && let Err(error) = self.out.write(&text, &Chrome::end(&totals))
            {
                fault = Some(error);
            }
        }
        if let Some(error) = &fault {
            totals.ended = format!("nothing more could be written: {error}");
        }
        let closed = self.out.end(&Chrome::end(&totals));
        let fault = fault.or(closed.err());
        Ok(Ended { totals, fault })
    }
}

/// The room that a file keeps for its end, so that a full disk does not cost it.
const END: usize = 512;

impl Out {
    /// Writes what has come. A file has its end after it, at each moment: a program that is killed leaves a whole one.
    fn write(&mut self, text: &str, end: &str) -> io::Result<()> {
        match self {
            Self::Stream(stream) => {
                stream.write_all(text.as_bytes())?;
                stream.flush()
            }
            Self::File(file) => {
                let begin = file.stream_position()?;
                let length = text.len() as u64;
                let result = file.write_all(format!("{text}{end:END$}").as_bytes());
                let next = if result.is_ok() {
                    begin + length
                } else {
                    begin
                };
                file.seek(io::SeekFrom::Start(next))?;
                result
            }
        }
    }

    /// Writes the end, in the place of the one before.
    fn end(&mut self, end: &str) -> io::Result<()> {
        match self {
            Self::Stream(_) => self.write(end, ""),
            Self::File(file) => {
                file.write_all(end.as_bytes())?;
                let length = file.stream_position()?;
                file.set_len(length)
            }
        }
    }
}
