//! Message passing as `hackbench` does it: in each group twenty senders write messages of a hundred
//! bytes to each of twenty receivers, all at once. The time is until the last one has arrived.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow};
use rustix::event::{PollFd, PollFlags, poll};

use super::periodic::STACK;
use super::span::ready;
use crate::bench::worker_report::WorkerReport;
use crate::workload::clock::{now, sleep_until};

const SIDE: usize = 20;
const BYTES: usize = 100;

pub fn run(groups: usize, loops: usize) -> Result<WorkerReport> {
    let span = ready()?;
    sleep_until(span.begin);
    // As hackbench begins: the threads have not slept for long, each says that it is there, and all wait
    // for one word. After half a second of sleep, or one by one out of a barrier, it takes up to a sixth
    // longer in BATCH.
    let (gate, mut opener) = UnixStream::pair().context("no socket")?;
    let gate = Arc::new(gate);
    let mut threads = Vec::new();
    for _ in 0..groups {
        let mut writers = Vec::new();
        for _ in 0..SIDE {
            let (writer, reader) = UnixStream::pair().context("no socket")?;
            writers.push(writer);
            threads.push(start(&gate, move || {
                let mut message = [0; BYTES];
                (0..SIDE * loops).try_for_each(|_| receive(&reader, &mut message))
            })?);
        }
        let writers = Arc::new(writers);
        for _ in 0..SIDE {
            let writers = Arc::clone(&writers);
            threads.push(start(&gate, move || {
                for _ in 0..loops {
                    for writer in writers.iter() {
                        send(writer, &[0; BYTES])?;
                    }
                }
                Ok(())
            })?);
        }
    }
    opener
        .read_exact(&mut vec![0; threads.len()])
        .context("a thread failed")?;
    let begun = now();
    drop(opener);
    for thread in threads {
        let ended = thread.join().map_err(|_| anyhow!("a thread failed"))?;
        ended.context("a message was lost")?;
    }
    let took = now().saturating_sub(begun);
    Ok(WorkerReport {
        units: (groups * SIDE * SIDE * loops) as u64,
        wakes: Vec::new(),
        dones: vec![u64::try_from(took.as_nanos())?],
    })
}

// By read(2) and write(2), as hackbench: the library's own recv(2) and send(2) took an eighth less time.

fn receive(from: &UnixStream, mut message: &mut [u8]) -> io::Result<()> {
    while !message.is_empty() {
        match rustix::io::read(from, &mut *message)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => message = &mut message[count..],
        }
    }
    Ok(())
}

fn send(to: &UnixStream, mut message: &[u8]) -> io::Result<()> {
    while !message.is_empty() {
        let count = rustix::io::write(to, message)?;
        message = &message[count..];
    }
    Ok(())
}

type Thread = thread::JoinHandle<io::Result<()>>;

fn start(
    gate: &Arc<UnixStream>,
    body: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<Thread> {
    let gate = Arc::clone(gate);
    let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
        send(&gate, &[0])?;
        poll(&mut [PollFd::new(&gate, PollFlags::IN)], None)?;
        body()
    });
    thread.context("no further thread can be started")
}
