//! Reads how long tasks waited, and chooses the processes that are measured individually.

use std::collections::HashMap;

use crate::model::{NoWaits, Process, ProcessId, Waits};
use crate::scheduler::{Handle, Member};

/// Returns the waits, with the processes that exist now.
pub fn read(
    handle: Option<&Handle>,
    processes: &[Process],
    members: Option<&HashMap<u32, Member>>,
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
    // The same processes each time, if there are more members than room.
    wanted.sort_unstable();
    let watched = watched.map(|id| id.pid);
    wanted.retain(|pid| ids.contains_key(pid) && Some(*pid) != watched);
    let wanted = watched.into_iter().chain(wanted);
    let _ = reader.watch(wanted, |pid| ids.contains_key(&pid));
    reader.read(id_of)
}

/// Starts measuring a process at once instead of in the next tick.
pub fn watch(handle: &Handle, id: ProcessId) {
    if let Ok(reader) = &handle.waits {
        let _ = reader.watch([id.pid], |_| true);
    }
}
