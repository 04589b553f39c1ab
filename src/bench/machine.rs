//! The machine on which the figures were measured.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::observe::online_cpus;
use crate::sys::text::scrub;

#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    pub version: &'static str,
    pub kernel: String,
    pub cpu: String,
    pub cpus: usize,
    pub nodes: usize,
    pub memory_mb: u64,
    pub hypervisor: bool,
    /// The `cpufreq` governor; `None` if the machine has none.
    pub governor: Option<String>,
    /// Busy share of all CPUs in the second before the first measurement, in percent.
    pub busy_before_percent: Option<f64>,
}

impl Machine {
    #[must_use]
    pub fn read(busy_before_percent: Option<f64>) -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory_kb = memory.lines().find_map(|line| {
            line.strip_prefix("MemTotal:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        });
        let nodes = (0..1024)
            .filter(|node| Path::new(&format!("/sys/devices/system/node/node{node}")).is_dir());
        let governor = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
        Self {
            version: env!("CARGO_PKG_VERSION"),
            kernel: scrub(rustix::system::uname().release().to_bytes()),
            cpu: scrub(
                field("model name")
                    .unwrap_or_else(|| "unknown".into())
                    .as_bytes(),
            ),
            cpus: online_cpus().len(),
            nodes: nodes.count().max(1),
            memory_mb: memory_kb.unwrap_or(0_u64) / 1024,
            hypervisor: field("flags").is_some_and(|flags| flags.contains("hypervisor")),
            governor: fs::read_to_string(governor)
                .ok()
                .map(|text| scrub(text.trim().as_bytes())),
            busy_before_percent,
        }
    }
}
