//! From what a person typed to a process: every way in which it can be wrong, in a sentence.

use anyhow::{Result, bail};
use procfs::process::Process;

use crate::model::ProcessId;
use crate::refusal::{Refusal, Status};

fn refuse<T>(status: Status, sentence: String) -> Result<T> {
    bail!(Refusal::new(status, sentence))
}

/// Reads a process id as typed.
pub fn parse(typed: &str) -> Result<u32> {
    match typed.parse::<i64>() {
        Ok(pid) if pid > 0 && pid <= i64::from(i32::MAX) => Ok(u32::try_from(pid)?),
        Ok(pid) => refuse(
            Status::BadArgument,
            format!("{pid} is no process id: they are numbers from 1 up"),
        ),
        Err(_) => refuse(
            Status::BadArgument,
            format!(
                "'{}' is no process id: they are numbers from 1 up",
                crate::text::scrub(typed.as_bytes())
            ),
        ),
    }
}

/// Finds the living process that may become a member.
pub fn find(pid: u32) -> Result<ProcessId> {
    let gone = || format!("there is no process {pid}: `ps` lists those that live");
    let Ok(process) = Process::new(pid.cast_signed()) else {
        return refuse(Status::NoSuchProcess, gone());
    };
    let (Ok(status), Ok(stat)) = (process.status(), process.stat()) else {
        return refuse(Status::NoSuchProcess, gone());
    };
    if status.tgid.cast_unsigned() != pid {
        return refuse(
            Status::BadArgument,
            format!(
                "{pid} is a thread of process {}: name the process, all its threads count",
                status.tgid
            ),
        );
    }
    // PF_KTHREAD, include/linux/sched.h
    if stat.flags & 0x0020_0000 != 0 {
        return refuse(
            Status::BadArgument,
            format!("{pid} is a kernel thread: those are always served and cannot be moved"),
        );
    }
    Ok(ProcessId {
        pid,
        start_ticks: stat.starttime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_process_id_is_refused_in_a_sentence() {
        for typed in ["0", "-1", "12x", "", "99999999999", "\u{1b}[2J"] {
            let error = parse(typed).unwrap_err();
            let refusal = error.downcast_ref::<Refusal>().unwrap();
            assert_eq!(refusal.status, Status::BadArgument, "{typed}");
            assert!(!refusal.sentence.contains('\u{1b}'));
        }
        assert_eq!(parse("4121").unwrap(), 4121);
    }

    #[test]
    fn a_thread_is_refused_with_the_name_of_its_process() {
        let (send, receive) = std::sync::mpsc::channel();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            send.send(rustix::thread::gettid().as_raw_nonzero().get())
                .unwrap();
            let _ = wait.recv();
        });
        let tid: i32 = receive.recv().unwrap();
        let error = find(tid.cast_unsigned()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("process {}", std::process::id())),
            "{error}"
        );
        drop(done);
        thread.join().unwrap();
    }

    #[test]
    fn this_very_process_is_found_with_its_start() {
        let found = find(std::process::id()).unwrap();
        assert_eq!(found.pid, std::process::id());
        assert!(found.start_ticks > 0);
    }
}
