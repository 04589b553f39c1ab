use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// The number of cgroups that a sentence names.
const NAMED: usize = 3;

/// The cgroups with a CPU limit or weight of their own: none of these holds while our scheduler runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CgroupLimits {
    /// The number of such cgroups.
    pub count: usize,
    /// The first of them, in order of their paths.
    pub first: Vec<LimitedCgroup>,
    /// There are more cgroups than were looked at.
    pub partial: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitedCgroup {
    /// Below the root of its hierarchy, scrubbed: `system.slice/nginx.service`; `/` for the root itself.
    pub path: String,
    /// The file that sets it: `cpu.max`, `cpu.weight`, `cpu.idle`; of version 1 `cpu.cfs_quota_us`,
    /// `cpu.shares`.
    pub file: String,
}

impl CgroupLimits {
    /// Counts one more, and keeps it if it is among the first.
    pub fn count(&mut self, path: impl FnOnce() -> String, file: &str) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(LimitedCgroup {
                path: path(),
                file: file.to_owned(),
            });
        }
    }

    /// `2 cgroups have a CPU limit that does not hold while dualq is attached: a (cpu.max), b (cpu.weight)`;
    /// `None` where there is none.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let verb = if self.count == 1 { "has" } else { "have" };
        Some(format!(
            "{} {verb} a CPU limit that does not hold while dualq is attached: {}",
            self.cgroups()?,
            self.names(|cgroup| format!("{} ({})", cgroup.path, cgroup.file))
        ))
    }

    /// `6 cgroup limits off: nginx.service, user.slice, a.scope …`, and without the names.
    #[must_use]
    pub fn short(&self) -> Option<(String, String)> {
        self.cgroups()?;
        let many = if self.count == 1 { "" } else { "s" };
        let at_least = if self.partial { "≥" } else { "" };
        let short = format!("{at_least}{} cgroup limit{many} off", self.count);
        let names = self.names(|cgroup| {
            let last = cgroup.path.rsplit('/').find(|name| !name.is_empty());
            last.unwrap_or("/").to_owned()
        });
        Some((format!("{short}: {names}"), short))
    }

    /// `6 cgroups`
    fn cgroups(&self) -> Option<String> {
        let at_least = if self.partial { "at least " } else { "" };
        match self.count {
            0 => None,
            1 => Some(format!("{at_least}1 cgroup")),
            many => Some(format!("{at_least}{many} cgroups")),
        }
    }

    fn names(&self, name: impl Fn(&LimitedCgroup) -> String) -> String {
        let names: Vec<String> = self.first.iter().take(NAMED).map(name).collect();
        let mut text = names.join(", ");
        let others = self.count.saturating_sub(self.first.len().min(NAMED));
        if others > 0 {
            let _ = write!(text, " and {others} more");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_counted_and_the_first_named() {
        let mut limits = CgroupLimits::default();
        assert_eq!(limits.sentence(), None);
        limits.count(|| "system.slice/a.service".into(), "cpu.max");
        assert_eq!(
            limits.sentence().unwrap(),
            "1 cgroup has a CPU limit that does not hold while dualq is attached: system.slice/a.service (cpu.max)"
        );
        for name in ["b", "c", "d", "e"] {
            limits.count(|| name.into(), "cpu.weight");
        }
        let (long, short) = limits.short().unwrap();
        assert_eq!(long, "5 cgroup limits off: a.service, b, c and 2 more");
        assert_eq!(short, "5 cgroup limits off");
        assert!(
            limits
                .sentence()
                .unwrap()
                .ends_with("c (cpu.weight) and 2 more")
        );
    }
}
