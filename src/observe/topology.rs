//! Reads the CPU topology (last-level caches, NUMA nodes) from `/sys/devices/system`.

use std::{fs, path::Path};

use super::host::ranges;

/// The place of a CPU; `None` if the kernel does not publish it, as for a CPU that was never online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The first CPU that shares the last-level cache with this one. It names the cache, because some machines
    /// have no cache ids.
    pub llc: Option<u32>,
    pub node: Option<u32>,
}

/// Reads the place of each CPU. `sys` is the root of sysfs. Known places are kept, because sysfs hides the
/// caches of an offline CPU.
pub fn read(sys: &Path, places: &mut Vec<Place>) {
    let system = sys.join("devices/system");
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let possible = ranges(&text(&system.join("cpu/possible")));
    places.resize(possible.last().map_or(0, |last| last + 1), Place::default());
    for cpu in possible {
        let shared = last_cache(&system.join(format!("cpu/cpu{cpu}/cache")))
            .and_then(|list| ranges(&list).first().copied());
        if let (Some(place), Some(first)) = (places.get_mut(cpu), shared) {
            place.llc = u32::try_from(first).ok();
        }
    }
    for node in ranges(&text(&system.join("node/online"))) {
        for cpu in ranges(&text(&system.join(format!("node/node{node}/cpulist")))) {
            if let Some(place) = places.get_mut(cpu) {
                place.node = u32::try_from(node).ok();
            }
        }
    }
}

/// Returns the kernel's list of the CPUs that share the cache of the highest level.
fn last_cache(caches: &Path) -> Option<String> {
    let entries = fs::read_dir(caches).ok()?;
    entries
        .flatten()
        .filter_map(|entry| {
            let level: u32 = fs::read_to_string(entry.path().join("level"))
                .ok()?
                .trim()
                .parse()
                .ok()?;
            Some((level, entry.path()))
        })
        .max_by_key(|(level, _)| *level)
        .and_then(|(_, path)| fs::read_to_string(path.join("shared_cpu_list")).ok())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Two nodes of two CPUs. Node 0 has a last-level cache per CPU, node 1 has one for both.
    fn machine() -> PathBuf {
        let sys = std::env::temp_dir().join(format!("dualq-top-sysfs-{}", std::process::id()));
        let system = sys.join("devices/system");
        let write = |name: &str, text: &str| {
            let path = system.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("cpu/possible", "0-4\n");
        write("node/online", "0-1\n");
        write("node/node0/cpulist", "0,2\n");
        write("node/node1/cpulist", "1,3\n");
        for (cpu, shared) in [(0, "0"), (1, "1,3"), (2, "2"), (3, "1,3")] {
            write(&format!("cpu/cpu{cpu}/cache/index0/level"), "1\n");
            write(&format!("cpu/cpu{cpu}/cache/index0/shared_cpu_list"), "9\n");
            write(&format!("cpu/cpu{cpu}/cache/index3/level"), "3\n");
            write(
                &format!("cpu/cpu{cpu}/cache/index3/shared_cpu_list"),
                shared,
            );
        }
        sys
    }

    #[test]
    fn caches_and_nodes_are_read_and_kept_while_a_cpu_is_offline() {
        let sys = machine();
        let mut places = Vec::new();
        read(&sys, &mut places);
        let of = |llc, node| Place {
            llc: Some(llc),
            node: Some(node),
        };
        let known = [of(0, 0), of(1, 1), of(2, 0), of(1, 1), Place::default()];
        assert_eq!(places, known);
        fs::remove_dir_all(sys.join("devices/system/cpu/cpu3/cache")).unwrap();
        fs::write(sys.join("devices/system/node/node1/cpulist"), "1\n").unwrap();
        read(&sys, &mut places);
        fs::remove_dir_all(&sys).unwrap();
        assert_eq!(places, known);
        read(&sys, &mut places);
        assert!(places.is_empty(), "nothing there, nothing made up");
    }
}
