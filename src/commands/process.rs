//! Parses process ids and patterns, with one sentence for each way in which they can be invalid.

use anyhow::{Context, Result, bail};
use procfs::process::{Process, all_processes};
use regex::bytes::Regex;

use crate::model::ProcessId;
use crate::refusal::{Refusal, Status};
use crate::rules;
use crate::scheduler::served;
use crate::sys::text::scrub;

/// PF_KTHREAD, include/linux/sched.h
const KERNEL_THREAD: u32 = 0x0020_0000;

fn refuse<T>(status: Status, sentence: String) -> Result<T> {
    bail!(Refusal::new(status, sentence))
}

/// Parses a process id.
pub fn parse(typed: &str) -> Result<u32> {
    match typed.parse::<i64>() {
        Ok(pid) if pid > 0 && pid <= i64::from(i32::MAX) => Ok(u32::try_from(pid)?),
        Ok(pid) => refuse(
            Status::BadArgument,
            format!("invalid process id {pid}: expected a positive integer"),
        ),
        Err(_) => refuse(
            Status::BadArgument,
            format!(
                "invalid process id '{}': expected a positive integer",
                scrub(typed.as_bytes())
            ),
        ),
    }
}

/// Finds the living process with this id, and checks that it may become a member.
pub fn find(pid: u32) -> Result<ProcessId> {
    let gone = || format!("no process {pid}: `ps` lists the running ones");
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
                "{pid} is a thread: use its process {}, which moves with all its threads",
                status.tgid
            ),
        );
    }
    if stat.flags & KERNEL_THREAD != 0 {
        return refuse(
            Status::BadArgument,
            format!("{pid} is a kernel thread, which cannot be moved: it always gets CPU time"),
        );
    }
    served::check(pid)?;
    Ok(ProcessId {
        pid,
        start_ticks: stat.starttime,
    })
}

/// Parses a pattern. An empty one, from an unset variable, would match every name and is refused.
pub fn pattern(typed: &str) -> Result<Regex> {
    if typed.is_empty() {
        return refuse(
            Status::BadArgument,
            "invalid pattern '': an empty pattern matches every process; use `.` to select all"
                .to_owned(),
        );
    }
    rules::compile(typed).or_else(|why| {
        refuse(
            Status::BadArgument,
            format!(
                "invalid pattern '{}': {}",
                scrub(typed.as_bytes()),
                scrub(why.as_bytes())
            ),
        )
    })
}

/// Returns the living processes whose name matches, without those that cannot be moved: kernel threads and
/// instances of this program.
pub fn named(pattern: &Regex) -> Result<Vec<ProcessId>> {
    let own = Process::myself()
        .and_then(|me| me.stat())
        .context("cannot read /proc")?
        .comm;
    let mut found = Vec::new();
    for process in all_processes().context("cannot read /proc")?.flatten() {
        // Processes that end meanwhile are left out.
        let Ok(stat) = process.stat() else { continue };
        if stat.flags & KERNEL_THREAD == 0
            && stat.comm != own
            && !matches!(stat.state, 'Z' | 'X')
            && pattern.is_match(scrub(stat.comm.as_bytes()).as_bytes())
        {
            found.push(ProcessId {
                pid: stat.pid.cast_unsigned(),
                start_ticks: stat.starttime,
            });
        }
    }
    Ok(found)
}

/// Returns the refusal for a pattern without a match; `kind` is "process" or "member".
pub fn none_named(pattern: &Regex, kind: &str) -> anyhow::Error {
    Refusal::new(
        Status::NoSuchProcess,
        format!(
            "no {kind}'s name matches '{}': `ps -eo pid,comm` lists the names",
            scrub(pattern.as_str().as_bytes())
        ),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_process_id_is_refused_in_a_sentence() {
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
    fn a_pattern_finds_processes_by_name_but_not_this_one() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let wanted = pattern("^sle+p$").unwrap();
        // Before its exec it has this test's name.
        let found = || {
            named(&wanted)
                .unwrap()
                .iter()
                .any(|id| id.pid == child.id())
        };
        while !found() {
            std::thread::yield_now();
        }
        assert!(
            named(&pattern(".").unwrap())
                .unwrap()
                .iter()
                .all(|id| id.pid != std::process::id())
        );
        child.kill().unwrap();
        child.wait().unwrap();
        let error = pattern("(").unwrap_err();
        assert!(error.to_string().contains("invalid pattern '"));
    }

    #[test]
    fn this_very_process_is_found_with_its_start() {
        let found = find(std::process::id()).unwrap();
        assert_eq!(found.pid, std::process::id());
        assert!(found.start_ticks > 0);
    }
}
