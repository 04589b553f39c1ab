//! The scheduler on the kernel to come. What is announced to be dropped ("COMPAT: removed in v6.22", "v6.23" in
//! kernel/sched/ext of 7.3) is hidden from the program: it gets type information in which those names are others. So is
//! what only the wait instrument needs.

use std::path::Path;
use std::time::Duration;

use crate::support::guest::{self, PATIENCE, wait_until};
use crate::support::hog::{Hog, Load};
use crate::support::program::{Running, run_ok};
use crate::support::shares::{settles, share};

const VMLINUX: &str = "/sys/kernel/btf/vmlinux";
/// The changed type information.
const VIEW: &str = "/tmp/next-kernel.btf";

/// Names that are dropped: the first forms of functions, and two members of `struct sched_ext_ops`.
const DROPPED: [&str; 7] = [
    "scx_bpf_dsq_insert",
    "scx_bpf_dsq_insert_vtime",
    "scx_bpf_dsq_move_to_local",
    "scx_bpf_reenqueue_local",
    "scx_bpf_select_cpu_and",
    "cpu_acquire",
    "cpu_release",
];
/// Later forms, which then take over the plain name.
const UNTAGGED: [&str; 2] = ["scx_bpf_dsq_insert___v2", "scx_bpf_dsq_move_to_local___v2"];
const REENQUEUE: &str = "scx_bpf_reenqueue_local___v2";

/// The kernel's type information with other names; their numbers, by which the kernel is asked, stay.
struct View {
    bytes: Vec<u8>,
    /// The names, from here on (`struct btf_header`).
    strings: usize,
}

impl View {
    fn of_this_kernel() -> Self {
        let bytes = std::fs::read(VMLINUX).unwrap();
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        let strings = usize::try_from(word(4) + word(16)).unwrap();
        Self { bytes, strings }
    }

    /// Returns nothing on a kernel that has not yet what the next one keeps.
    fn of_the_next_kernel() -> Option<Self> {
        let mut view = Self::of_this_kernel();
        view.position(UNTAGGED[0])?;
        for name in DROPPED {
            view.hide(name);
        }
        for name in UNTAGGED {
            view.untag(name);
        }
        Some(view)
    }

    fn position(&self, name: &str) -> Option<usize> {
        let bounded = [b"\0", name.as_bytes(), b"\0"].concat();
        let found = memchr::memmem::find(&self.bytes[self.strings..], &bounded)?;
        Some(self.strings + found + 1)
    }

    fn hide(&mut self, name: &str) {
        let at = self.position(name).unwrap_or_else(|| panic!("no {name}"));
        self.bytes[at] = b'-';
    }

    fn untag(&mut self, name: &str) {
        let at = self.position(name).unwrap_or_else(|| panic!("no {name}"));
        let (plain, _) = name.split_once("___").unwrap();
        self.bytes[at + plain.len()] = 0;
    }

    /// Attaches with this view instead of the kernel's.
    fn attach(&self, options: &str) -> Running {
        std::fs::write(VIEW, &self.bytes).unwrap();
        let script = format!(
            "mount --bind {VIEW} {VMLINUX} && exec $DUALQ_TOP attach {options} --watchdog 30"
        );
        let mut scheduler = Running::from_script(&format!("unshare -m sh -c '{script}'"));
        wait_until("it is attached, or refused", PATIENCE, || {
            scheduler.has_ended() || guest::is_attached() && scheduler.stdout().contains("attached")
        });
        assert!(!scheduler.has_ended(), "{}", scheduler.stderr());
        scheduler
    }
}

/// Four hogs, two of which run when a real-time task takes the second CPU: the one that ran there goes on at the other.
/// The kernel leaves it in that CPU's local queue. On its own it would let it run there for a moment of each second, and
/// it would return to the common queue; so that moment is taken away here.
fn tasks_behind_a_real_time_task_run_on_another_cpu() {
    let _without = guest::WithoutReserve::on(1);
    let hogs: Vec<Hog> = (0..4).map(|_| Load::hog().start()).collect();
    run_ok(&["add", &hogs[0].pid().to_string()]);
    // A hog may have just ended its turn when the real-time task comes, so that none is left behind.
    for _ in 0..5 {
        let real_time = Load::new(&["real-time-hog"]).on_cpu(1).start();
        wait_until("the real-time task has its CPU", PATIENCE, || {
            guest::cpu_time(real_time.pid()) > Duration::ZERO
        });
        for hog in &hogs {
            let before = guest::cpu_time(hog.pid());
            wait_until(
                "each has had a turn elsewhere",
                Duration::from_secs(10),
                || guest::cpu_time(hog.pid()) > before,
            );
        }
    }
    // Its watchdog did not give them back to the kernel.
    assert!(guest::is_attached());
}

#[test]
fn without_the_names_that_the_next_kernel_drops_all_works() {
    let Some(mut view) = View::of_the_next_kernel() else {
        return;
    };
    view.hide(REENQUEUE);
    let scheduler = view.attach("--no-waits");
    let last = guest::cpus() - 1;
    let pair = [(); 2].map(|()| Load::hog().on_cpu(last).start());
    let both = [&pair[0], &pair[1]];
    let first = |got: &[f64]| vec![share(got[0], got[1])];
    settles("even shares", &both, 50.0, 8.0, first);
    run_ok(&["add", &pair[0].pid().to_string()]);
    settles("PRIORITY's share", &both, 90.0, 5.0, first);
    drop(pair);
    tasks_behind_a_real_time_task_run_on_another_cpu();
    scheduler.terminate();
    std::fs::remove_file(Path::new(VIEW)).unwrap();
}

/// Not announced, but of the functions that serve this the one with two arguments is the younger.
#[test]
fn with_only_the_plain_name_to_give_tasks_back_they_move_on() {
    let Some(mut view) = View::of_the_next_kernel() else {
        return;
    };
    view.hide("scx_bpf_dsq_reenq");
    view.untag(REENQUEUE);
    let scheduler = view.attach("--no-waits");
    tasks_behind_a_real_time_task_run_on_another_cpu();
    scheduler.terminate();
    std::fs::remove_file(Path::new(VIEW)).unwrap();
}

/// The instrument is a part of the scheduler's object, which is loaded as a whole.
#[test]
fn instrument_that_cannot_load_is_left_out() {
    let mut view = View::of_this_kernel();
    view.hide("btf_trace_sched_waking");
    let scheduler = view.attach("");
    let text = run_ok(&["stats"]);
    assert!(text.contains("waits are not measured"), "{text}");
    let log = std::fs::read_to_string("/var/log/dualq-top.log").unwrap();
    assert!(log.contains("cannot measure waits"), "{log}");
    scheduler.terminate();
    std::fs::remove_file(Path::new(VIEW)).unwrap();
}
