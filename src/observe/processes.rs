//! Reads the processes. Changing values are read in each tick, with one BPF program if privileges allow it;
//! the identity of a process is read once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::hidden::processes_are_hidden;
use super::identity::{Budget, Identities, Identity};
use super::iterator::Iterator;
use super::sample::ProcessSample;
use super::stat::Proc;
use crate::model::{Policy, Process};

/// Time limit per tick for the command lines of new processes: enough for several screens of them.
const FOR_COMMANDS: Duration = Duration::from_millis(3);

/// The source of the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The kernel's list of tasks, with a BPF program, or `/proc` if it cannot be loaded.
    Kernel,
    /// Only `/proc`.
    Proc,
}

enum Reader {
    Iterator(Iterator),
    Proc(Proc),
    /// Nothing can be read.
    None,
}

/// The processes of the machine, as of the last tick.
pub struct Processes {
    reader: Reader,
    identities: Identities,
    /// The processes, in order of ids.
    known: Vec<Identity>,
    /// The processes that are new in this tick.
    new: Vec<Identity>,
    /// Number of the tick, to tell which processes have ended.
    tick: u32,
    /// True while command lines are missing.
    behind: bool,
    hidden: bool,
}

impl Processes {
    /// Creates a reader. `root` is `/proc`, or a fixture.
    #[must_use]
    pub fn new(root: PathBuf, source: Source) -> Self {
        let iterator = (source == Source::Kernel && root == Path::new("/proc"))
            .then(Iterator::new)
            .and_then(Result::ok);
        let hidden = iterator.is_none() && processes_are_hidden(&root);
        let reader = match iterator {
            Some(iterator) => Reader::Iterator(iterator),
            None => Proc::new(&root).map_or(Reader::None, Reader::Proc),
        };
        Self {
            reader,
            identities: Identities::new(&root),
            known: Vec::new(),
            new: Vec::new(),
            tick: 0,
            behind: false,
            hidden,
        }
    }

    /// Returns the source that is in use.
    #[must_use]
    pub fn source(&self) -> Source {
        match self.reader {
            Reader::Iterator(_) => Source::Kernel,
            Reader::Proc(_) | Reader::None => Source::Proc,
        }
    }

    /// Returns true if `/proc` hides processes from this user.
    #[must_use]
    pub fn are_hidden(&self) -> bool {
        self.hidden
    }

    /// Returns every process that could be read, in order of ids. Processes that end meanwhile are left out.
    pub fn read(&mut self) -> Vec<Process> {
        let budget = Budget::of(FOR_COMMANDS);
        if self.identities.look_for_names() {
            for known in &mut self.known {
                self.identities.name_again(known);
            }
        }
        let mut processes = Vec::with_capacity(self.known.len() + self.known.len() / 8 + 64);
        let (known, new, identities) = (&mut self.known, &mut self.new, &mut self.identities);
        self.tick = self.tick.wrapping_add(1);
        let (tick, later) = (self.tick, !known.is_empty());
        let (mut at, mut found, mut behind) = (0, 0, false);
        let mut each = |seen: &ProcessSample<'_>| {
            // From one tick to the next, most processes keep their place behind the one before.
            if known.get(at).is_none_or(|known| known.id != seen.id) {
                let place = known.binary_search_by_key(&seen.id, |known| known.id);
                at = place.unwrap_or(known.len());
            }
            let identity = match known.get_mut(at) {
                Some(known) => {
                    (at, found) = (at + 1, found + 1);
                    if known.is_of(seen) {
                        known.seen_again();
                    } else {
                        *known = identities.begin(seen, true);
                    }
                    known
                }
                None => new.push_mut(identities.begin(seen, later)),
            };
            identity.tick = tick;
            identities.follow(identity, seen);
            if !identity.is_complete() {
                if budget.is_left() {
                    identities.complete(identity);
                } else {
                    behind = true;
                }
            }
            processes.push(describe(seen, identity));
        };
        // What was read before an error is valid. The rest is missing until the next tick.
        let _ = match &mut self.reader {
            Reader::Iterator(iterator) => iterator.read(&mut each),
            Reader::Proc(proc) => proc.read(&mut each).map_err(anyhow::Error::from),
            Reader::None => Ok(()),
        };
        if found < known.len() {
            known.retain(|known| known.tick == tick);
        }
        if !new.is_empty() {
            // The first tick needs much room. It is not reserved again for the few that come later.
            if known.is_empty() {
                std::mem::swap(known, new);
            } else {
                known.append(&mut std::mem::take(new));
            }
            known.sort_by_key(|known| known.id);
        }
        self.behind = behind;
        if !processes.is_sorted_by_key(|process| process.id) {
            processes.sort_by_key(|process| process.id);
        }
        processes
    }

    /// Reads missing command lines for a limited time. Returns true if some are still missing.
    pub fn catch_up(&mut self) -> bool {
        let budget = Budget::of(FOR_COMMANDS);
        if self.behind {
            let missing = self.known.iter_mut().filter(|known| !known.is_complete());
            for identity in missing {
                if !budget.is_left() {
                    return true;
                }
                self.identities.complete(identity);
            }
            self.behind = false;
        }
        false
    }
}

fn describe(seen: &ProcessSample<'_>, identity: &Identity) -> Process {
    Process {
        id: seen.id,
        thread_of: None,
        parent: seen.parent,
        user: Arc::clone(&identity.user),
        state: seen.state,
        threads: seen.threads,
        policy: Policy::of(seen.policy),
        cpu_time: identity.cpu_time,
        name: Arc::clone(&identity.name),
        command: Arc::clone(&identity.command),
        kernel_thread: seen.is_kernel_thread(),
        queue: None,
        membership: None,
        level: None,
        own: false,
        details: None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::process::CommandExt;

    use super::*;

    /// A process file system whose content the test sets.
    struct Fixture(PathBuf);

    impl Fixture {
        fn new(name: &str) -> Self {
            let root = std::env::temp_dir().join(format!("dualq-{name}.{}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            fs::create_dir_all(root.join("self")).unwrap();
            fs::write(root.join("uptime"), "1 1\n").unwrap();
            Self(root)
        }

        fn process(&self, pid: u32, comm: &[u8], start: u64) -> PathBuf {
            let directory = self.0.join(pid.to_string());
            fs::create_dir_all(&directory).unwrap();
            let mut line = format!("{pid} (").into_bytes();
            line.extend_from_slice(comm);
            let rest = format!(") S 1 1 1 0 -1 0 0 0 0 0 30 12 0 0 20 0 3 0 {start} 0 0\n");
            line.extend_from_slice(rest.as_bytes());
            fs::write(directory.join("stat"), line).unwrap();
            fs::write(directory.join("cmdline"), format!("program\0{pid}\0")).unwrap();
            directory
        }

        fn processes(&self) -> Processes {
            Processes::new(self.0.clone(), Source::Proc)
        }
    }

    impl Drop for Fixture {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn names(processes: &[Process]) -> Vec<&str> {
        processes.iter().map(|process| &*process.name).collect()
    }

    #[test]
    fn ended_process_is_forgotten_and_living_one_has_owner() {
        let mut processes = Processes::new("/proc".into(), Source::Proc);
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let seen = processes.read();
        let it = seen.iter().find(|p| p.id.pid == child.id()).unwrap();
        assert!(!it.command.is_empty());
        assert!(!it.user.is_empty());
        assert_eq!(it.parent, std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        let id = it.id;
        assert!(processes.read().iter().all(|p| p.id != id));
        assert!(processes.known.iter().all(|known| known.id != id));
    }

    #[test]
    fn a_process_that_vanishes_between_two_reads_is_skipped() {
        let fixture = Fixture::new("vanishing");
        fixture.process(10, b"stays", 5);
        fs::remove_file(fixture.process(11, b"gone", 5).join("stat")).unwrap();
        fs::write(fixture.process(12, b"cut", 5).join("stat"), "12 (cut) S 1").unwrap();
        fs::write(fixture.process(13, b"empty", 5).join("stat"), "").unwrap();
        fs::remove_file(fixture.process(14, b"mute", 5).join("cmdline")).unwrap();
        let mut processes = fixture.processes();
        for _ in 0..2 {
            let mut seen = processes.read();
            seen.sort_by_key(|process| process.id);
            assert_eq!(names(&seen), ["stays", "mute"]);
            assert_eq!(&*seen[1].command, "mute");
        }
    }

    #[test]
    fn names_from_proc_are_harmless() {
        let fixture = Fixture::new("names");
        fixture.process(10, b") R 1 (\n\x1b[2J\xff", 5);
        let seen = fixture.processes().read();
        assert_eq!(names(&seen), [") R 1 ( \u{b7}[2J\u{fffd}"]);
        assert_eq!((seen[0].parent, seen[0].state), (1, 'S'));
        assert_eq!(seen[0].cpu_time, Duration::from_millis(420));
    }

    #[test]
    fn comings_and_goings_leave_every_process_with_its_own_name() {
        let fixture = Fixture::new("changes");
        let mut processes = fixture.processes();
        // A temporary file system lists directories in any order; only /proc sorts them by id.
        let mut seen = || {
            let mut seen = processes.read();
            seen.sort_by_key(|process| process.id);
            let text = |p: &Process| format!("{} {} {}", p.id.pid, p.name, p.command);
            seen.iter().map(text).collect::<Vec<_>>()
        };
        fixture.process(10, b"a", 1);
        fixture.process(12, b"c", 1);
        assert_eq!(seen(), ["10 a program 10", "12 c program 12"]);
        fixture.process(11, b"b", 1);
        assert_eq!(seen().len(), 3);
        fs::remove_dir_all(fixture.0.join("10")).unwrap();
        // An exec, and a reused id.
        fixture.process(11, b"B", 1);
        fixture.process(12, b"C", 9);
        assert_eq!(seen(), ["11 B program 11", "12 C program 12"]);
        fixture.process(13, b"d", 9);
        assert_eq!(seen().len(), 3);
    }

    #[test]
    fn a_command_line_that_comes_late_in_an_exec_is_seen() {
        let fixture = Fixture::new("late");
        let command = |fixture: &Fixture, line: &str| {
            fs::write(fixture.0.join("10/cmdline"), line).unwrap();
        };
        fixture.process(10, b"a", 1);
        let mut processes = fixture.processes();
        let mut seen = || processes.read()[0].command.to_string();
        assert_eq!(seen(), "program 10");
        fixture.process(10, b"b", 1);
        command(&fixture, "before\0");
        assert_eq!(seen(), "before");
        command(&fixture, "after\0");
        assert_eq!(seen(), "after");
        // Not again in each tick: that would be one file per process.
        command(&fixture, "whatever\0");
        assert_eq!(seen(), "after");
    }

    #[test]
    fn commands_left_unread_are_read_after_the_tick() {
        let fixture = Fixture::new("many");
        for pid in 1000..4000 {
            fixture.process(pid, b"one", 1);
        }
        let mut processes = fixture.processes();
        assert_eq!(processes.read().len(), 3000);
        assert!(processes.behind, "all were read in the midst of a tick");
        while processes.catch_up() {}
        let seen = processes.read();
        for process in &seen {
            assert_eq!(*process.command, format!("program {}", process.id.pid));
        }
    }

    #[test]
    fn both_readers_agree_where_the_kernel_lets_this_user_ask_it() {
        let mut kernel = Processes::new("/proc".into(), Source::Kernel);
        if kernel.source() == Source::Proc {
            // Without the rights: tests/kernel asks as root.
            return;
        }
        let mut command = std::process::Command::new("sleep");
        let mut child = command.arg0("a\x1b[1mb").arg("1000").spawn().unwrap();
        // Until its exec it is this test.
        let command_line = format!("/proc/{}/cmdline", child.id());
        while !std::fs::read(&command_line).unwrap().ends_with(b"1000\0") {
            std::thread::yield_now();
        }
        let mut proc = Processes::new("/proc".into(), Source::Proc);
        for reader in [&mut kernel, &mut proc] {
            reader.read();
            while reader.catch_up() {}
        }
        let find = |seen: Vec<Process>| seen.into_iter().find(|p| p.id.pid == child.id());
        let (a, b) = (find(kernel.read()), find(proc.read()));
        let _ = child.kill();
        child.wait().unwrap();
        let (mut a, b) = (a.unwrap(), b.unwrap());
        (a.cpu_time, a.state) = (b.cpu_time, b.state);
        assert_eq!(a, b);
    }

    #[test]
    fn the_kernel_tells_of_hundreds_of_processes_each_once() {
        let mut kernel = Processes::new("/proc".into(), Source::Kernel);
        if kernel.source() == Source::Proc {
            return;
        }
        // More than the program tells of in one run.
        let mut shell = std::process::Command::new("sh")
            .args([
                "-c",
                "for i in $(seq 1200); do sleep 1000 & done; echo; wait",
            ])
            .process_group(0)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        std::io::Read::read_exact(shell.stdout.as_mut().unwrap(), &mut line).unwrap();
        let seen = kernel.read();
        let group = rustix::process::Pid::from_child(&shell);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        shell.wait().unwrap();
        assert!(seen.is_sorted_by_key(|process| process.id));
        assert!(seen.windows(2).all(|pair| pair[0].id != pair[1].id));
        let children = seen.iter().filter(|process| process.parent == shell.id());
        assert_eq!(children.count(), 1200);
    }
}
