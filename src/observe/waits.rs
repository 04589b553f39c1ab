//! How long tasks waited, and which processes are looked at one by one.

use std::collections::HashMap;

use crate::model::{NoWaits, Process, ProcessId, Waits};
use crate::scheduler::{Entry, Handle};

/// The waits, with the processes that are there now.
pub fn read(
    handle: Option<&Handle>,
    processes: &[Process],
    members: Option<&HashMap<u32, Entry>>,
    watched: Option<ProcessId>,
) -> Result<Waits, NoWaits> {
    let handle = handle.ok_or(NoWaits::View)?;
    let reader = match &handle.waits {
        Ok(reader) => reader,
        Err(why) => return Err(NoWaits::Unavailable(why.clone())),
    };
    let ids: HashMap<u32, ProcessId> = processes.iter().map(|p| (p.id.pid, p.id)).collect();
    let id_of = |pid: u32| ids.get(&pid).copied();
    let mut wanted: Vec<u32> = members
        .into_iter()
        .flat_map(HashMap::keys)
        .copied()
        .collect();
    // The same ones each time, where there are more members than room.
    wanted.sort_unstable();
    let watched = watched.map(|id| id.pid);
    wanted.retain(|pid| ids.contains_key(pid) && Some(*pid) != watched);
    let wanted = watched.into_iter().chain(wanted);
    let _ = reader.watch(wanted, |pid| ids.contains_key(&pid));
    reader.read(id_of)
}

/// Begins with a process at once: its waits are wanted now, not from the next tick on.
pub fn watch(handle: &Handle, id: ProcessId) {
    if let Ok(reader) = &handle.waits {
        let _ = reader.watch([id.pid], |_| true);
    }
}
