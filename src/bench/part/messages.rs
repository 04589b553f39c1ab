//! Message passing as `hackbench` does it: in each group twenty senders write messages of a hundred
//! bytes to each of twenty receivers, all at once. The time is until the last one has arrived.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Barrier};
use std::thread;

use anyhow::{Context, Result, anyhow};

use super::periodic::STACK;
use super::{Record, ready};
use crate::demo::part::{now, sleep_until};

const SIDE: usize = 20;
const BYTES: usize = 100;

pub fn run(groups: usize, loops: usize) -> Result<Record> {
    let gate = Arc::new(Barrier::new(2 * SIDE * groups + 1));
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
    let span = ready()?;
    sleep_until(span.begin);
    let begun = now();
    gate.wait();
    for thread in threads {
        let ended = thread.join().map_err(|_| anyhow!("a thread failed"))?;
        ended.context("a message was lost")?;
    }
    let took = now().saturating_sub(begun);
    Ok(Record {
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
    gate: &Arc<Barrier>,
    body: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<Thread> {
    let gate = Arc::clone(gate);
    let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
        gate.wait();
        body()
    });
    thread.context("no further thread can be started")
}
