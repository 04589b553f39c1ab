//! Processes of many tasks each, half of them members.

use rustix::process::{Pid, Signal, kill_process};

use super::watch::Watch;
use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};

/// A crowd of processes, and who of them is a member.
pub struct Crowd {
    pub processes: Vec<Hog>,
    pub members: Vec<u32>,
}

/// Returns a task's sleep in milliseconds. All tasks together wake a few hundred times per second. BATCH gets at most
/// one turn per tick on each CPU, and more short sleepers leave the others only the turns of overdue tasks.
fn pause(tasks: usize) -> usize {
    (2 * tasks).clamp(50, 2000)
}

/// A process of `tasks` of all kinds, of which there are `all` in the machine. It waits for its leave
/// to begin, and is real-time until then.
pub fn held_process(tasks: usize, all: usize) -> Load {
    Load::new(&["tasks", &tasks.to_string(), &pause(all).to_string()]).realtime()
}

/// Lets it begin.
pub fn release(hog: &Hog) {
    wait_until("it waits for its leave", PATIENCE, || {
        guest::is_stopped(hog.pid())
    });
    signal(hog, Signal::CONT);
}

pub fn signal(hog: &Hog, signal: Signal) {
    let pid = Pid::from_raw(hog.pid().cast_signed()).expect("not 0");
    kill_process(pid, signal).expect("it is our child");
}

impl Crowd {
    /// `processes` of `each` tasks, the first `members` of them members; all begin at once.
    pub fn of(watch: &Watch, processes: usize, each: usize, members: usize) -> Self {
        let all = processes * each;
        let processes: Vec<Hog> = (0..processes)
            .map(|_| held_process(each, all).start())
            .collect();
        let members: Vec<u32> = processes[..members].iter().map(Hog::pid).collect();
        for member in &members {
            watch.handle().members.add(*member, None).unwrap();
        }
        for process in &processes {
            release(process);
        }
        Self { processes, members }
    }

    /// Each task of each process has a turn after now. How long one may wait for it is watch.rs's to look
    /// at: among five thousand a round of a process takes half a minute.
    pub fn all_run(&self) {
        for process in &self.processes {
            process.forget_lines();
        }
        for process in &self.processes {
            // The first may be of a round that had all but ended before.
            for _ in 0..2 {
                assert_eq!(process.next_line_within(PATIENCE * 8), "all ran");
            }
        }
    }

    /// All at once: those that were left would be in the way of each other's end.
    pub fn end(mut self) {
        for process in &self.processes {
            signal(process, Signal::KILL);
        }
        for process in &mut self.processes {
            process.kill();
        }
    }
}
