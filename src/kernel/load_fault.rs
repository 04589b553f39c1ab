//! Why the kernel did not load a program, in one sentence: the error number alone means little, and what libbpf
//! and the verifier say is long. The whole of it is in the log.

use std::fs;
use std::path::Path;

use anyhow::{Error, anyhow};

use super::libbpf;
use super::types::{self, are_of_another_kernel, shown_hidden_arguments};
use crate::refusal::{Refusal, Status};
use crate::sys::log;

/// Linux's own number for "not supported", which C libraries do not know.
const ENOTSUPP: &str = "524";

/// Explains a load that failed with this error; `what` is the object that could not be loaded.
pub(crate) fn of(what: &str, error: &libbpf_rs::Error) -> Error {
    let heard = libbpf::heard();
    let cause = named(error, &heard).unwrap_or_else(|| {
        let last = last_meaningful(&heard).map_or(String::new(), |line| format!(": {line}"));
        format!(
            "{error}{last}; the whole log is in {}, `--verbose` prints it",
            log::PATH
        )
    });
    anyhow!(Refusal::new(
        Status::KernelCannot,
        format!("cannot load {what}: {cause}"),
    ))
}

/// Causes that are known, each with its remedy.
fn named(error: &libbpf_rs::Error, heard: &[String]) -> Option<String> {
    if jit_is_off() {
        return Some(JIT_OFF.to_owned());
    }
    if error.to_string().contains(ENOTSUPP) {
        return Some(
            "this kernel cannot compile BPF programs (CONFIG_BPF_JIT), or has no memory left for them: see /proc/sys/net/core/bpf_jit_limit"
                .to_owned(),
        );
    }
    let vmlinux = types::VMLINUX;
    if are_of_another_kernel(Path::new(vmlinux)) {
        return Some(format!(
            "the type information in {vmlinux} is not the running kernel's: umount {vmlinux}, or boot another build of the kernel"
        ));
    }
    if let Some(function) = missing_function(heard) {
        let shown = shown_hidden_arguments(Path::new(vmlinux)).unwrap_or_default();
        if shown.is_empty() {
            return Some(format!(
                "this kernel lacks {function}, which it calls: dualq-top runs on Linux 6.12 to 7.3"
            ));
        }
        return Some(damaged_types(&function, shown.len()));
    }
    if heard.iter().any(|text| text.contains("PREEMPT_RT")) {
        return Some(
            "on a real-time kernel (PREEMPT_RT) BPF programs have no timers, which it needs: boot a kernel without"
                .to_owned(),
        );
    }
    match error.kind() {
        libbpf_rs::ErrorKind::OutOfMemory => Some(
            "there is no memory for it: raise the limit of this control group (memory.max) or free some"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The cause and the remedy where the compiler is switched off.
pub(crate) const JIT_OFF: &str = "the kernel does not compile BPF programs (net.core.bpf_jit_enable is 0): sysctl net.core.bpf_jit_enable=1";

/// Only a switch of the kernel's: where it was built to compile always, there is none to be off.
pub(crate) fn jit_is_off() -> bool {
    fs::read_to_string("/proc/sys/net/core/bpf_jit_enable").is_ok_and(|on| on.trim() == "0")
}

/// The build's fault, not the version's: the next build of the same version may have it or not.
fn damaged_types(function: &str, how_many: usize) -> String {
    let others = match how_many {
        0 | 1 => String::new(),
        more => format!(", one of {more}"),
    };
    format!(
        "this kernel's type information is damaged, so that no sched_ext scheduler can be loaded (made by a pahole older than 1.31, it shows a hidden argument of {function}{others}): boot another build of the kernel"
    )
}

/// A function that a program calls and the kernel has not, or not in this form.
fn missing_function(heard: &[String]) -> Option<String> {
    let lines = heard.iter().flat_map(|text| text.lines());
    let name = |line: &str| -> Option<String> {
        let (before, after) = line.split_once("' is referenced but wasn't resolved")?;
        debug_assert!(after.is_empty());
        let name = before.rsplit_once("kfunc '")?.1;
        // The suffix that libbpf strips (src/bpf/compat.h).
        Some(
            name.rsplit_once("___")
                .map_or(name, |(name, _)| name)
                .to_owned(),
        )
    };
    lines.filter_map(name).next_back()
}

/// Of all that was said the last line that tells more than that something failed: the verifier's, before its
/// statistics.
fn last_meaningful(heard: &[String]) -> Option<&str> {
    let empty = |line: &str| {
        line.is_empty()
            || [
                "processed ",
                "verification time",
                "stack depth",
                "--",
                "max_states",
                "mark_precise",
            ]
            .iter()
            .any(|start| line.starts_with(start))
            || line.contains("PROG LOAD LOG --")
            || line.contains("failed to load")
            || line.contains("load failed:")
    };
    heard
        .iter()
        .flat_map(|text| text.lines())
        .map(str::trim)
        .rfind(|line| !empty(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "libbpf: prog 'dualq_enqueue': BPF program load failed: -EACCES
libbpf: prog 'dualq_enqueue': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; u32 class = class_of(p); @ dualq.bpf.c:117
16: (4f) r3 |= r2
R3 bitwise operator |= on pointer prohibited
processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'dualq_enqueue': failed to load: -EACCES
libbpf: failed to load object 'dualq_bpf'
libbpf: failed to load BPF skeleton 'dualq_bpf': -EACCES";

    fn heard(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_verifiers_last_word_is_told_and_not_its_statistics() {
        let words = Some("R3 bitwise operator |= on pointer prohibited");
        assert_eq!(last_meaningful(&heard(REFUSED)), words);
        // In one message, as libbpf gives it.
        assert_eq!(last_meaningful(&[REFUSED.to_owned()]), words);
        assert_eq!(missing_function(&heard(REFUSED)), None);
        assert_eq!(last_meaningful(&[]), None);
    }

    #[test]
    fn missing_kernel_function_is_named_as_in_the_kernel() {
        let text = "110: <invalid kfunc call>\nkfunc 'scx_bpf_dispatch___old' is referenced but wasn't resolved\nprocessed 3 insns";
        assert_eq!(missing_function(&heard(text)).unwrap(), "scx_bpf_dispatch");
    }
}
