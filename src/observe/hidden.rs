//! Finds out whether `/proc` shows all processes. Mounted with `hidepid`, it hides other users' processes
//! from readers without privileges: see proc(5).

use std::path::Path;

use crate::scheduler::preflight;

/// Returns true if `/proc` hides processes from this one.
pub fn processes_are_hidden(root: &Path) -> bool {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let mounts = read("/proc/self/mountinfo");
    hiding(&mounts, root).is_some_and(|group| {
        !preflight::may_look_into_others() && !groups(&read("/proc/self/status")).contains(&group)
    })
}

/// No group at all.
const NOBODY: u32 = u32::MAX;

/// Returns the group that `/proc` hides nothing from, if the last mount at `root` hides processes. The
/// kernel's default is group 0.
pub(crate) fn hiding(mounts: &str, root: &Path) -> Option<u32> {
    // ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS … - TYPE SOURCE OPTIONS
    let options = mounts.lines().rev().find_map(|line| {
        let (place, of_kind) = line.split_once(" - ")?;
        (Path::new(place.split(' ').nth(4)?) == root).then(|| of_kind.split(' ').nth(2))?
    })?;
    let value = |name: &str| {
        let mut options = options.split(',');
        options.find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    };
    match value("hidepid") {
        None | Some("0" | "off") => None,
        Some("4" | "ptraceable") => Some(NOBODY),
        Some(_) => Some(value("gid").and_then(|gid| gid.parse().ok()).unwrap_or(0)),
    }
}

/// Returns this process's groups, from its `status` file.
pub(crate) fn groups(status: &str) -> Vec<u32> {
    let line = |name: &str| {
        let mut lines = status.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
    };
    // The last of the four ids on the first line is the one that file access is checked against.
    let own = line("Gid:").split_whitespace().last();
    own.into_iter()
        .chain(line("Groups:").split_whitespace())
        .filter_map(|gid| gid.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(options: &str) -> String {
        format!(
            "21 1 0:19 / /sys rw - sysfs sysfs rw,hidepid=2\n\
             22 1 0:20 / /proc rw,relatime shared:5 - proc proc rw{options}\n"
        )
    }

    #[test]
    fn a_proc_that_hides_processes_is_told_from_one_that_does_not() {
        let proc = Path::new("/proc");
        assert_eq!(hiding(&mounts(""), proc), None);
        assert_eq!(hiding(&mounts(",hidepid=0"), proc), None);
        assert_eq!(hiding(&mounts(",hidepid=off"), proc), None);
        assert_eq!(hiding(&mounts(",hidepid=2"), proc), Some(0));
        assert_eq!(hiding(&mounts(",gid=27,hidepid=invisible"), proc), Some(27));
        assert_eq!(hiding(&mounts(",hidepid=ptraceable"), proc), Some(NOBODY));
        assert_eq!(hiding("", proc), None);
    }

    #[test]
    fn the_last_mount_at_a_place_is_the_one_that_counts() {
        let twice = format!("{}{}", mounts(",hidepid=2"), mounts(""));
        assert_eq!(hiding(&twice, Path::new("/proc")), None);
    }

    #[test]
    fn the_group_that_checks_files_and_the_others_are_read() {
        let status = "Name:\tx\nUid:\t1\t1\t1\t1\nGid:\t1\t2\t3\t4\nGroups:\t27 100 \n";
        assert_eq!(groups(status), [4, 27, 100]);
        assert_eq!(groups(""), Vec::<u32>::new());
    }
}
