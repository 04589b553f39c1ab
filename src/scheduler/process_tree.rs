//! The process tree, read from `/proc`.

use std::collections::HashMap;

use procfs::process::all_processes;

use crate::model::ProcessId;

/// Returns every process with its parent.
pub fn everybody() -> impl Iterator<Item = (u32, ProcessId)> {
    let processes = all_processes().into_iter().flatten().flatten();
    let stats = processes.filter_map(|process| process.stat().ok());
    stats.map(|stat| {
        let id = ProcessId {
            pid: stat.pid.cast_unsigned(),
            start_ticks: stat.starttime,
        };
        (stat.ppid.cast_unsigned(), id)
    })
}

/// Returns all descendants of these processes. Descendants of a process that has ended are not found.
pub fn descendants(of: impl IntoIterator<Item = u32>) -> Vec<ProcessId> {
    let mut children: HashMap<u32, Vec<ProcessId>> = HashMap::new();
    for (parent, id) in everybody() {
        children.entry(parent).or_default().push(id);
    }
    let mut found: Vec<ProcessId> = of
        .into_iter()
        .flat_map(|pid| children.remove(&pid).unwrap_or_default())
        .collect();
    let mut next = 0;
    while let Some(id) = found.get(next) {
        // Removed, so that a parent that changed during the reading cannot cause an endless loop.
        let born = children.remove(&id.pid).unwrap_or_default();
        found.extend(born);
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::descendants;

    #[test]
    fn children_of_children_are_found() {
        let mut shell = Command::new("sh")
            .args(["-c", "sh -c 'sleep 1000 & read line; kill $!'; true"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = std::time::Instant::now();
        while descendants([shell.id()]).len() < 2 {
            assert!(begun.elapsed().as_secs() < 20, "never two descendants");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let mine = descendants([std::process::id()]);
        assert!(mine.iter().any(|id| id.pid == shell.id()));
        for id in descendants([shell.id()]) {
            assert!(mine.contains(&id));
        }
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
}
