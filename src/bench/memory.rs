//! The memory of an attached scheduler: its maps and programs in the kernel, and this process.

use std::collections::BTreeMap;
use std::fs;

/// Returns the memory of all BPF maps and programs of this process in KB, according to the kernel.
#[must_use]
pub fn kernel_kb() -> Option<u64> {
    let mut bytes = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/fdinfo").ok()?.flatten() {
        // The directory's own descriptor is closed already.
        let Ok(text) = fs::read_to_string(entry.path()) else {
            continue;
        };
        if let Some((id, size)) = bpf_object(&text) {
            bytes.insert(id, size);
        }
    }
    Some(bytes.values().sum::<u64>().div_ceil(1024))
}

/// Returns the memory of this process in KB (PSS: shared pages count by their share).
#[must_use]
pub fn own_kb() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    value(&text, "Pss:")
}

/// The kind, id and size in bytes of a map or program, which several descriptors may refer to.
fn bpf_object(fdinfo: &str) -> Option<((&'static str, u64), u64)> {
    let kinds = ["map_id:", "prog_id:"];
    let id = kinds
        .iter()
        .find_map(|kind| Some((*kind, value(fdinfo, kind)?)))?;
    Some((id, value(fdinfo, "memlock:")?))
}

fn value(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_programs_are_told_from_other_descriptors() {
        let map =
            "pos:\t0\nflags:\t02000002\nmap_type:\t1\nmemlock:\t4096\nmap_id:\t12\nfrozen:\t0\n";
        assert_eq!(bpf_object(map), Some((("map_id:", 12), 4096)));
        let program = "pos:\t0\nprog_type:\t27\nprog_jited:\t1\nmemlock:\t8192\nprog_id:\t7\n";
        assert_eq!(bpf_object(program), Some((("prog_id:", 7), 8192)));
        // A link refers to its program too, and has no memory of its own.
        assert_eq!(
            bpf_object("link_type:\traw\nlink_id:\t3\nprog_id:\t7\n"),
            None
        );
        assert_eq!(bpf_object("pos:\t0\nflags:\t0100000\n"), None);
    }
}
