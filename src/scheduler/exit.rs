//! Reads why the kernel ended the scheduler, from the record that its `exit` op leaves in a map.

use anyhow::{Context, Result};
use libbpf_rs::{MapCore, MapFlags, MapHandle};

use crate::kernel::layout;
use crate::kernel::skeletons::dualq::types::exit_record;
use crate::model::Exit;
use crate::sys::text::scrub;

/// `SCX_EXIT_UNREG`: detached by user space, no error.
const KIND_DETACHED: u32 = 64;
/// `SCX_EXIT_UNREG_BPF` and `SCX_EXIT_UNREG_KERN`: the kinds with an exit code.
const KIND_BPF: u32 = 65;
const KIND_KERNEL: u32 = 66;

/// `SCX_ECODE_ACT_RESTART`: the kernel asks for the scheduler to be attached again.
const ASKS_RESTART: i64 = 1 << 48;

/// Clears the record, so that an old reason is not taken for the next one.
pub fn reset(map: &MapHandle) -> Result<()> {
    let empty = vec![0; map.value_size() as usize];
    map.update(&0u32.to_ne_bytes(), &empty, MapFlags::ANY)
        .context("cannot reset the exit record")
}

/// Reads the record. `None` while the scheduler runs, and after an ordinary detach.
pub fn read(map: &MapHandle) -> Result<Option<Exit>> {
    let bytes = map
        .lookup(&0u32.to_ne_bytes(), MapFlags::ANY)
        .context("cannot read the exit record")?
        .context("the exit record is missing")?;
    Ok(parse(&bytes))
}

pub(crate) fn parse(bytes: &[u8]) -> Option<Exit> {
    let exit_record {
        exit_code: code,
        kind,
        reason,
        msg,
        dump,
        ..
    } = layout::read(bytes)?;
    if kind == 0 || kind == KIND_DETACHED {
        return None;
    }
    Some(Exit {
        kind: describe(kind, code),
        reason: text(layout::bytes(&reason)),
        message: text(layout::bytes(&msg)),
        dump: lines(layout::bytes(&dump)),
        // Only these kinds have an exit code.
        asks_restart: matches!(kind, KIND_BPF | KIND_KERNEL) && code & ASKS_RESTART != 0,
    })
}

/// Returns the dump as scrubbed lines. A full record means that the dump was truncated.
fn lines(bytes: &[u8]) -> Vec<String> {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let mut lines: Vec<String> = bytes[..end]
        .split(|&b| b == b'\n')
        .map(scrub)
        .skip_while(String::is_empty)
        .collect();
    if end + 1 >= bytes.len() {
        lines.push("(cut here: the record holds 32 KiB)".into());
    }
    while lines.pop_if(|line| line.trim().is_empty()).is_some() {}
    lines
}

/// Returns the kernel's text, scrubbed: it can contain control characters, for example in a task's name.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    scrub(&bytes[..end])
}

/// Describes `enum scx_exit_kind` (kernel/sched/ext_internal.h).
fn describe(kind: u32, code: i64) -> String {
    match kind {
        KIND_BPF => "the scheduler ended itself".to_owned(),
        KIND_KERNEL => format!("ended by the kernel (code {code:#x})"),
        67 => "ended by SysRq-S".to_owned(),
        68 => "its parent scheduler ended".to_owned(),
        69 => "ended by its parent scheduler".to_owned(),
        1024 => "an error in the scheduler".to_owned(),
        1025 => "an error that the scheduler reported".to_owned(),
        1026 => "a runnable task waited too long (the watchdog)".to_owned(),
        1027 => "a task was enqueued repeatedly and never ran".to_owned(),
        1028 => "a task could not be moved from a CPU outside the scheduler".to_owned(),
        other => format!("exit kind {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;
    use std::ops::Range;

    use super::*;

    const CODE: usize = offset_of!(exit_record, exit_code);
    const KIND: usize = offset_of!(exit_record, kind);
    const REASON: Range<usize> = offset_of!(exit_record, reason)..offset_of!(exit_record, msg);
    const MESSAGE: Range<usize> = offset_of!(exit_record, msg)..offset_of!(exit_record, dump);
    const DUMP: Range<usize> = offset_of!(exit_record, dump)..MESSAGE.end + (32 << 10);

    fn record(kind: u32, reason: &str, message: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; size_of::<exit_record>()];
        bytes[KIND..KIND + 4].copy_from_slice(&kind.to_ne_bytes());
        bytes[REASON][..reason.len()].copy_from_slice(reason.as_bytes());
        bytes[MESSAGE][..message.len()].copy_from_slice(message);
        bytes
    }

    #[test]
    fn a_detach_by_its_owner_is_no_fault() {
        assert_eq!(
            parse(&record(64, "unregistered from user space", b"")),
            None
        );
        assert_eq!(parse(&record(0, "", b"")), None);
    }

    #[test]
    fn the_dump_is_kept_line_by_line_and_harmless() {
        let mut bytes = record(67, "sysrq", b"");
        assert!(parse(&bytes).unwrap().dump.is_empty());
        let dump = b"CPU states\n----\nCPU 0: ev\x1b[2Jil\n\n";
        bytes[DUMP][..dump.len()].copy_from_slice(dump);
        let read = parse(&bytes).unwrap().dump;
        assert_eq!(read.len(), 3, "{read:?}");
        assert_eq!(read[1], "----");
        assert!(!read[2].contains('\x1b'));
        // Full to the last byte, without an end.
        bytes[DUMP].fill(b'x');
        assert_eq!(parse(&bytes).unwrap().dump[0].len(), DUMP.len());
    }

    #[test]
    fn exit_kinds_of_newer_kernels_have_words() {
        for kind in [64..70, 1024..1029].into_iter().flatten() {
            let words = describe(kind, 0);
            assert!(
                kind == 64 || !words.contains("exit kind"),
                "{kind}: {words}"
            );
        }
        assert_eq!(describe(4711, 0), "exit kind 4711");
    }

    #[test]
    fn only_an_end_that_asks_for_it_is_followed_by_a_restart() {
        let asks = |kind: u32, code: i64| {
            let mut bytes = record(kind, "", b"");
            bytes[CODE..CODE + 8].copy_from_slice(&code.to_ne_bytes());
            parse(&bytes).unwrap().asks_restart
        };
        assert!(asks(66, 1 << 48 | 1 << 32));
        assert!(asks(65, 1 << 48));
        assert!(!asks(66, 1 << 32));
        assert!(!asks(1026, 1 << 48), "an error is no request");
    }

    #[test]
    fn the_watchdog_is_named_and_the_kernels_text_is_harmless() {
        let exit = parse(&record(
            1026,
            "runnable task stall",
            b"evil\x1b[2J[7] failed",
        ))
        .unwrap();
        assert!(exit.kind.contains("watchdog"));
        assert_eq!(exit.reason, "runnable task stall");
        assert!(!exit.message.contains('\x1b'), "{:?}", exit.message);
        assert!(exit.message.contains("[7] failed"));
    }

    #[test]
    fn the_dump_keeps_its_lines_and_says_where_it_was_cut() {
        let mut bytes = record(1024, "", b"");
        let dump = b"\n\nCPU 0  : nr_run=1\n  R evil\x1b[2J[7]\n\n";
        bytes[DUMP][..dump.len()].copy_from_slice(dump);
        let exit = parse(&bytes).unwrap();
        assert_eq!(exit.dump, ["CPU 0  : nr_run=1", "  R evil·[2J[7]"]);
        bytes[DUMP][..32_767].fill(b'x');
        let exit = parse(&bytes).unwrap();
        assert_eq!(exit.dump.len(), 2);
        assert!(exit.dump[1].contains("cut here"));
        assert_eq!(parse(&record(1024, "", b"")).unwrap().dump, [""; 0]);
    }
}
