//! The CPU limits of cgroups, below `/sys/fs/cgroup`: a scheduler of sched_ext that does not ask for them
//! lifts them all.

#![forbid(unsafe_code)]

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, fstatfs, openat};

use crate::model::CgroupLimits;
use crate::sys::text::scrub;

/// The place of the cgroup file system.
pub const ROOT: &str = "/sys/fs/cgroup";
/// So many are looked at for a start; no machine that was heard of has more.
pub const ALL: usize = 1_000_000;
/// So many are looked at while a scheduler runs.
pub const MANY: usize = 20_000;

/// include/uapi/linux/magic.h
const CGROUP_MAGIC: u64 = 0x0027_e0eb;
const CGROUP2_MAGIC: u64 = 0x6367_7270;
/// Longer than what any of the files holds.
const LONGEST: usize = 64;

/// The kind of a folder, which decides which files it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HierarchyKind {
    V1,
    V2,
    /// The folder in which hierarchies of version 1 are mounted.
    Mounts,
}

/// Looks at every cgroup, `most` of them at most. `None` where there are none to be seen.
#[must_use]
pub fn read(root: &Path, most: usize) -> Option<CgroupLimits> {
    let folder = open(CWD, root)?;
    let kind = kind(&folder);
    let mut walk = Walk {
        limits: CgroupLimits::default(),
        left: most,
        hierarchies: usize::from(kind != HierarchyKind::Mounts),
    };
    walk.folder(&folder, kind, &mut Vec::new());
    (walk.hierarchies > 0).then_some(walk.limits)
}

fn open(at: impl std::os::fd::AsFd, path: impl rustix::path::Arg) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, path, flags, Mode::empty()).ok()
}

fn kind(folder: &OwnedFd) -> HierarchyKind {
    match fstatfs(folder).map(|fs| fs.f_type.cast_unsigned()) {
        Ok(CGROUP2_MAGIC) => HierarchyKind::V2,
        Ok(CGROUP_MAGIC) => HierarchyKind::V1,
        _ => HierarchyKind::Mounts,
    }
}

struct Walk {
    limits: CgroupLimits,
    /// The number of cgroups that may still be looked at.
    left: usize,
    /// The number of hierarchies found.
    hierarchies: usize,
}

impl Walk {
    /// `path` leads here from the root of the hierarchy.
    fn folder(&mut self, folder: &OwnedFd, kind: HierarchyKind, path: &mut Vec<Vec<u8>>) {
        if self.left == 0 {
            self.limits.partial = true;
            return;
        }
        self.left -= 1;
        if kind != HierarchyKind::Mounts && !self.cgroup(folder, kind, path) && !path.is_empty() {
            // Without the CPU controller: nor have those below it one.
            return;
        }
        for name in children(folder) {
            let Some(child) = open(folder, name.as_slice()) else {
                continue;
            };
            if kind == HierarchyKind::Mounts {
                let kind = self::kind(&child);
                if kind != HierarchyKind::Mounts {
                    self.hierarchies += 1;
                    self.folder(&child, kind, &mut Vec::new());
                }
            } else {
                path.push(name);
                self.folder(&child, kind, path);
                path.pop();
            }
        }
    }

    /// Looks at one; false where the CPU controller is not at work in it.
    fn cgroup(&mut self, folder: &OwnedFd, kind: HierarchyKind, path: &[Vec<u8>]) -> bool {
        let (weight, usual) = match kind {
            HierarchyKind::V1 => ("cpu.shares", "1024"),
            _ => ("cpu.weight", "100"),
        };
        let read = |name: &str| value(folder, name);
        let found = read(weight);
        let is_set = |name: &str, unset: &str| read(name).is_some_and(|value| value != unset);
        let limit = if kind == HierarchyKind::V2 && is_set("cpu.max", "max") {
            Some("cpu.max")
        } else if kind == HierarchyKind::V1 && is_set("cpu.cfs_quota_us", "-1") {
            Some("cpu.cfs_quota_us")
        } else if is_set("cpu.idle", "0") {
            Some("cpu.idle")
        } else if found.as_ref().is_some_and(|value| value != usual) {
            Some(weight)
        } else {
            None
        };
        if let Some(file) = limit {
            self.limits.count(|| scrub(&name(path)), file);
        }
        found.is_some()
    }
}

fn name(path: &[Vec<u8>]) -> Vec<u8> {
    if path.is_empty() {
        return b"/".to_vec();
    }
    path.join(&b'/')
}

/// The first word of a file.
fn value(folder: &OwnedFd, name: &str) -> Option<String> {
    let file = openat(
        folder,
        name,
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .ok()?;
    let mut buffer = [0; LONGEST];
    let length = rustix::io::read(&file, &mut buffer).ok()?;
    let text = String::from_utf8_lossy(buffer.get(..length)?).into_owned();
    Some(text.split_whitespace().next()?.to_owned())
}

/// The folders in a folder, by name. Links are other names of what is there itself.
fn children(folder: &OwnedFd) -> Vec<Vec<u8>> {
    let Ok(entries) = Dir::read_from(folder) else {
        return Vec::new();
    };
    let mut names: Vec<Vec<u8>> = entries
        .flatten()
        .filter(|entry| entry.file_type() == FileType::Directory)
        .map(|entry| entry.file_name().to_bytes().to_vec())
        .filter(|name| name != b"." && name != b"..")
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Looks at a folder as if it were a cgroup of this version.
    fn read_as(kind: HierarchyKind, root: &Path, most: usize) -> CgroupLimits {
        let mut walk = Walk {
            limits: CgroupLimits::default(),
            left: most,
            hierarchies: 1,
        };
        walk.folder(&open(CWD, root).unwrap(), kind, &mut Vec::new());
        walk.limits
    }

    #[test]
    fn every_cgroup_with_a_limit_is_counted_once() {
        let root = std::env::temp_dir().join(format!("dualq-top-cgroups-{}", std::process::id()));
        let cgroup = |path: &str, files: &[(&str, &str)]| {
            fs::create_dir_all(root.join(path)).unwrap();
            for (name, text) in files {
                fs::write(root.join(path).join(name), format!("{text}\n")).unwrap();
            }
        };
        let usual = [
            ("cpu.max", "max 100000"),
            ("cpu.weight", "100"),
            ("cpu.idle", "0"),
        ];
        cgroup("v2/usual", &usual);
        cgroup(
            "v2/usual/quota",
            &[("cpu.max", "20000 100000"), ("cpu.weight", "500")],
        );
        cgroup(
            "v2/usual/weight",
            &[("cpu.max", "max 100000"), ("cpu.weight", "99")],
        );
        cgroup("v2/idle", &[("cpu.idle", "1"), ("cpu.weight", "0")]);
        // Without the controller: what is below it is none of its cgroups.
        cgroup(
            "v2/without/below",
            &[("cpu.max", "1 2"), ("cpu.weight", "1")],
        );
        let found = read_as(HierarchyKind::V2, &root.join("v2"), MANY);
        let named: Vec<(&str, &str)> = found
            .first
            .iter()
            .map(|cgroup| (&*cgroup.path, &*cgroup.file))
            .collect();
        assert_eq!(
            named,
            [
                ("idle", "cpu.idle"),
                ("usual/quota", "cpu.max"),
                ("usual/weight", "cpu.weight")
            ]
        );
        assert_eq!((found.count, found.partial), (3, false));
        assert!(read_as(HierarchyKind::V2, &root.join("v2"), 3).partial);

        cgroup(
            "v1/a",
            &[("cpu.shares", "1024"), ("cpu.cfs_quota_us", "-1")],
        );
        cgroup(
            "v1/a/b",
            &[("cpu.shares", "2"), ("cpu.cfs_quota_us", "50000")],
        );
        cgroup(
            "v1/c",
            &[("cpu.shares", "2048"), ("cpu.cfs_quota_us", "-1")],
        );
        let found = read_as(HierarchyKind::V1, &root.join("v1"), MANY);
        assert_eq!(found.count, 2);
        assert_eq!(found.first[0].file, "cpu.cfs_quota_us");
        // No cgroups at all are not cgroups without limits.
        assert_eq!(read(&root.join("v1"), MANY), None);
        assert_eq!(read(&root.join("nowhere"), MANY), None);
        fs::remove_dir_all(&root).unwrap();
    }
}
