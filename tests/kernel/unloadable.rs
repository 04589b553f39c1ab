//! Obstacles to loading the scheduler are named with their remedies, in the same way by every command; things that only
//! look like obstacles are not.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::Load;
use crate::support::maps;
use crate::support::program::{self, Output, Running, run_ok};

/// Runs the program in mounts of its own, which the script may change.
fn after(script: &str, command: &str) -> Running {
    let script = format!("{script} && exec $DUALQ_TOP {command}");
    Running::from_script(&format!("unshare -m sh -c '{script}'"))
}

/// Refused in one line of these words, with this exit status, by `attach` and by `doctor`.
fn is_refused(start: impl Fn(&str) -> Output, status: i32, words: &[&str]) {
    for command in ["attach", "doctor"] {
        let refused = start(command);
        assert_eq!(
            refused.status.code(),
            Some(status),
            "{command}: {refused:?}"
        );
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
        for word in words {
            assert!(
                refused.stderr.contains(word),
                "{command}: {word}: {refused:?}"
            );
        }
    }
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn doctor_loads_every_program_and_attaches_none() {
    let doctor = run_ok(&["doctor"]);
    let load = doctor.lines().find(|line| line.contains(" load "));
    let load = load.unwrap_or_else(|| panic!("{doctor}"));
    assert!(load.starts_with("ok"), "{load}");
    assert!(load.contains("programs loaded and unloaded"), "{load}");
    assert_eq!(guest::sched_ext_state(), "disabled");
    assert!(!Path::new(maps::PINS).exists(), "pins are left");
    // It does not disturb one that runs.
    let scheduler = Running::attach(&[]);
    run_ok(&["doctor"]);
    assert!(guest::is_attached());
    scheduler.terminate();
}

#[test]
fn verbose_writes_what_the_library_says_to_standard_error() {
    let quiet = program::run(&["doctor"]);
    assert_eq!(quiet.stderr, "");
    let verbose = program::run(&["doctor", "--verbose"]);
    assert!(verbose.status.success(), "{verbose:?}");
    assert!(verbose.stderr.contains("libbpf: "), "{verbose:?}");
    assert_eq!(quiet.stdout.lines().count(), verbose.stdout.lines().count());
}

#[test]
fn without_the_jit_compiler_the_switch_is_named() {
    let switch = "/proc/sys/net/core/bpf_jit_enable";
    if std::fs::write(switch, "0").is_err() {
        // Built to compile always (6.12 of the tests): it cannot be off.
        return;
    }
    let refused = program::run(&["attach"]);
    let doctor = program::run(&["doctor"]);
    std::fs::write(switch, "1").unwrap();
    for refused in [refused, doctor] {
        assert_eq!(refused.status.code(), Some(3), "{refused:?}");
        let remedy = "sysctl net.core.bpf_jit_enable=1";
        assert!(refused.stderr.contains(remedy), "{refused:?}");
    }
    assert_eq!(guest::sched_ext_state(), "disabled");
}

/// Runs the program with every bpf() failing with this error, as under a container's filter.
fn without_bpf(command: &str, errno: i32) -> Output {
    let mut program = program::command();
    program.arg(command);
    let filter = move || -> io::Result<()> {
        let load_number = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
        let equal = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        let answer = (libc::BPF_RET | libc::BPF_K) as u16;
        let refused = libc::SECCOMP_RET_ERRNO | errno.cast_unsigned();
        let number = u32::try_from(libc::SYS_bpf).unwrap();
        let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
        let mut steps = [
            step(load_number, 0, 0, 0),
            step(equal, 0, 1, number),
            step(answer, 0, 0, refused),
            step(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let filter = libc::sock_fprog {
            len: 4,
            filter: steps.as_mut_ptr(),
        };
        // SAFETY: the filter outlives the call, and has as many steps as it says.
        let set = unsafe {
            libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const filter,
            )
        };
        if set == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    // SAFETY: between fork and exec it makes one system call and allocates nothing.
    unsafe { program.pre_exec(filter) };
    Running::spawn(program).wait(PATIENCE)
}

#[test]
fn a_filter_that_denies_bpf_is_named() {
    if !Path::new("/proc/sys/kernel/seccomp").exists() {
        // Built without (6.12 of the tests).
        return;
    }
    for (errno, status) in [(libc::EPERM, 4), (libc::ENOSYS, 3)] {
        let words = &["a filter refuses it", "seccomp"];
        is_refused(|command| without_bpf(command, errno), status, words);
    }
}

#[test]
fn a_hidden_file_system_is_not_called_missing() {
    for (hidden, words) in [
        (
            "mount -t tmpfs none /sys/kernel",
            ["/sys/kernel is hidden", "outside it"],
        ),
        ("umount -l /sys", ["/sys is not mounted", "mount -t sysfs"]),
        (
            "mount -t tmpfs none /sys",
            ["/sys is not mounted", "mount -t sysfs"],
        ),
        ("umount -l /proc", ["/proc is not mounted", "mount -t proc"]),
        (
            "mount -t tmpfs none /proc",
            ["/proc is not mounted", "mount -t proc"],
        ),
        (
            "mount -t tmpfs none /sys/kernel/sched_ext",
            ["/sys/kernel/sched_ext is hidden", "outside it"],
        ),
    ] {
        is_refused(|command| after(hidden, command).wait(PATIENCE), 3, &words);
    }
    let list = after("mount -t tmpfs none /sys/kernel", "list").wait(PATIENCE);
    assert_eq!(list.status.code(), Some(3), "{list:?}");
    assert!(list.stderr.contains("/sys/kernel is hidden"), "{list:?}");
}

#[test]
fn types_that_are_none_are_refused_and_called_so() {
    let file = "/tmp/no-types";
    std::fs::write(file, vec![0; 4096]).unwrap();
    let hidden = format!("mount --bind {file} /sys/kernel/btf/vmlinux");
    let words = &[
        "/sys/kernel/btf/vmlinux",
        "umount it, or boot another build",
    ];
    is_refused(|command| after(&hidden, command).wait(PATIENCE), 3, words);
    std::fs::remove_file(file).unwrap();
}

/// Type information that can be read like the kernel's own, but has another function in it.
#[test]
fn another_kernels_types_are_recognised() {
    let (file, vmlinux) = ("/tmp/other-types", "/sys/kernel/btf/vmlinux");
    let mut types = std::fs::read(vmlinux).unwrap();
    let at = memchr::memmem::find(&types, b"\0scx_bpf_create_dsq\0").unwrap();
    types[at + 1] = b'-';
    std::fs::write(file, types).unwrap();
    let other = format!("mount --bind {file} {vmlinux}");
    let words = &["not the running kernel's", "umount /sys/kernel/btf/vmlinux"];
    is_refused(|command| after(&other, command).wait(PATIENCE), 3, words);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn read_only_bpf_file_system_is_reported_and_it_runs() {
    // Takes away the pins that a scheduler killed by an earlier test has left.
    Running::attach(&[]).terminate();
    let read_only = "mount --bind /sys/fs/bpf /sys/fs/bpf && mount -o remount,bind,ro /sys/fs/bpf";
    let doctor = after(read_only, "doctor").wait(PATIENCE);
    assert!(doctor.status.success(), "{doctor:?}");
    assert!(doctor.stdout.contains("remount,rw"), "{doctor:?}");
    let stay = after(read_only, "attach --stay").wait(PATIENCE);
    assert_eq!(stay.status.code(), Some(3), "{stay:?}");
    assert!(stay.stderr.contains("remount,rw"), "{stay:?}");

    let scheduler = after(read_only, "attach");
    wait_until("it is attached", PATIENCE, || {
        guest::is_attached() && scheduler.stdout().contains("dualq attached")
    });
    assert!(scheduler.stderr().contains("cannot reach this scheduler"));
    assert!(!Path::new(maps::PINS).exists());
    scheduler.terminate();
    assert_eq!(guest::sched_ext_state(), "disabled");
}

#[test]
fn a_limit_of_locked_memory_is_no_obstacle() {
    let scheduler = Running::from_script("sh -c 'ulimit -l 0; exec $DUALQ_TOP attach --no-waits'");
    wait_until("it is attached", PATIENCE, || {
        guest::is_attached() && scheduler.stdout().contains("dualq attached")
    });
    let hog = Load::hog().start();
    run_ok(&["add", &hog.pid().to_string()]);
    assert_eq!(maps::members(), [hog.pid()]);
    scheduler.terminate();
}
