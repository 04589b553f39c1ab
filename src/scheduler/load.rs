//! Loads the scheduler.

use std::{
    mem::MaybeUninit,
    os::fd::AsFd,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use libbpf_rs::{
    OpenObject,
    skel::{OpenSkel, Skel, SkelBuilder},
};

use super::options::{Options, WaitsOption};
use super::tunables::{nanoseconds, tick_ns, whole_ticks};
use crate::kernel::skeletons::dualq::types::rodata;
use crate::kernel::skeletons::dualq::{DualqSkel, DualqSkelBuilder, OpenDualqSkel};
use crate::kernel::types::{self, KernelTypes};
use crate::kernel::{libbpf, load_fault, program};
use crate::refusal::{Refusal, Status};
use crate::waits::{Instrument, WITHOUT_WAITS};

/// Room for the loaded scheduler: for two attempts, since the wait instrument may keep the first one from loading.
pub struct Storage([MaybeUninit<OpenObject>; 2]);

impl Default for Storage {
    fn default() -> Self {
        Self([const { MaybeUninit::uninit() }; 2])
    }
}

/// A scheduler that is loaded, and the wait instrument or the reason why there is none.
pub(super) struct Loaded<'obj> {
    pub skel: DualqSkel<'obj>,
    pub waits: Result<Instrument, String>,
}

/// Loads the scheduler with these options, and the wait instrument if they ask for it. Nothing runs yet. An instrument
/// that cannot be loaded is left out.
pub(super) fn load(storage: &mut Storage, options: Options) -> Result<Loaded<'_>> {
    let types = kernel_types()?;
    let [first, second] = &mut storage.0;
    let mut why = WITHOUT_WAITS.to_owned();
    if options.waits != WaitsOption::Never {
        match load_object(first, options, &types, true) {
            Ok(skel) => {
                let waits = instrument(&skel, options).map_err(|error| format!("{error:#}"));
                return Ok(Loaded { skel, waits });
            }
            Err(error) => why = format!("{error:#}"),
        }
    }
    Ok(Loaded {
        skel: load_object(second, options, &types, false)?,
        waits: Err(why),
    })
}

fn load_object<'obj>(
    storage: &'obj mut MaybeUninit<OpenObject>,
    options: Options,
    types: &KernelTypes,
    waits: bool,
) -> Result<DualqSkel<'obj>> {
    let mut open = DualqSkelBuilder::default()
        .open(storage)
        .context("cannot open the BPF object")?;
    let cpus = libbpf_rs::num_possible_cpus().context("cannot count the possible CPUs")?;
    let cpus = u32::try_from(cpus)?;
    let timeout_ns = u64::try_from(options.timeout.as_nanos())?;
    let rodata = open
        .maps
        .rodata_data
        .as_deref_mut()
        .context("the BPF object has no constants")?;
    fill_in_numbers(rodata, types)?;
    rodata.nr_possible_cpus = cpus;
    rodata.batch_fifo = options.batch_fifo;
    rodata.priority_fifo = options.priority_fifo;
    let tick = tick_ns();
    rodata.tick_ns = tick;
    // An eighth, checked every sixteenth: with its own turn a wait stays below a quarter.
    rodata.overdue_ns = timeout_ns / 8;
    rodata.overdue_check_ns = timeout_ns / 16;
    let data = open.maps.data_data.as_deref_mut();
    let data = data.context("the BPF object has no data")?;
    let tunables = options.tunables;
    data.guarantee_percent = u32::from(tunables.guarantee_percent);
    data.priority_slice_ns = whole_ticks(tunables.priority_slice, tick);
    data.batch_slice_ns = whole_ticks(tunables.batch_slice, tick);
    data.sleeper_credit_percent = u32::from(tunables.sleeper_credit_percent);
    data.protection_ns = nanoseconds(tunables.protection);
    open.maps.cpu_records.set_max_entries(cpus)?;
    open.maps.trace_rings.set_max_entries(cpus)?;
    open.maps
        .priority_pids_map
        .set_max_entries(options.capacity)?;
    open.struct_ops.dualq_mut().timeout_ms = u32::try_from(options.timeout.as_millis())?;
    fit(&mut open, types);
    if !waits {
        Instrument::leave_out(&mut open)?;
    }
    let what = if waits {
        "the scheduler with the wait instrument"
    } else {
        "the scheduler"
    };
    let _ = libbpf::heard();
    open.load().map_err(|error| load_fault::of(what, &error))
}

fn kernel_types() -> Result<KernelTypes> {
    let vmlinux = types::VMLINUX;
    KernelTypes::read(Path::new(vmlinux), &REENQUEUE_ANYWHERE, &ENUMS).map_err(|error| {
        Refusal::new(
            Status::KernelCannot,
            format!(
                "cannot read the kernel's type information ({error}): {vmlinux} is damaged or hidden: umount it, or boot another build of the kernel"
            ),
        )
        .into()
    })
}

/// Those of src/bpf/numbers.h.
const ENUMS: [&str; 6] = [
    "scx_dsq_id_flags",
    "scx_enq_flags",
    "scx_wake_flags",
    "scx_ent_flags",
    "scx_kick_flags",
    "cpuhp_state",
];

/// Fills in the kernel's numbers by their names.
fn fill_in_numbers(constants: &mut rodata, types: &KernelTypes) -> Result<()> {
    macro_rules! fill_in {
        ($($name:ident)*) => {
            $(constants.$name = types.number(stringify!($name)).ok_or_else(|| {
                Refusal::new(
                    Status::KernelCannot,
                    format!(
                        "cannot find {} in the kernel's type information ({}): it is not the running kernel's, or that is newer than this program: umount it, or install a newer dualq-top",
                        stringify!($name),
                        types::VMLINUX
                    ),
                )
            })?;)*
        };
    }
    fill_in!(
        SCX_DSQ_LOCAL SCX_DSQ_LOCAL_ON SCX_ENQ_WAKEUP SCX_ENQ_HEAD SCX_ENQ_PREEMPT SCX_ENQ_REENQ SCX_WAKE_SYNC
        SCX_TASK_QUEUED SCX_KICK_IDLE SCX_KICK_PREEMPT CPUHP_AP_ACTIVE
    );
    Ok(())
}

/// The result of a load without an attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// Number of loaded programs.
    pub programs: usize,
    /// Number of instructions that the verifier processed for all programs; the limit is 1,000,000 per program.
    pub instructions: u32,
    /// Number of instructions that the verifier processed for the largest program.
    pub most_of_one: u32,
    /// The time from reading the kernel's types until the last program is loaded.
    pub took: Duration,
}

/// Loads the scheduler and the wait instrument, attaches neither, and unloads them: nothing of the machine
/// changes.
///
/// # Errors
/// The reason, as a start would give it.
pub fn try_to_load(options: Options) -> Result<Trial> {
    let begun = Instant::now();
    let mut storage = Storage::default();
    let Loaded { skel, waits } = load(&mut storage, options)?;
    if let Err(why) = waits {
        bail!("cannot measure waits: {why}");
    }
    let took = begun.elapsed();
    let programs = skel.object().progs();
    let loaded = programs.filter(libbpf_rs::ProgramImpl::autoload);
    let instructions: Vec<u32> = loaded
        .map(|program| program::verified_instructions(program.as_fd()))
        .collect();
    Ok(Trial {
        programs: instructions.len(),
        instructions: instructions.iter().sum(),
        most_of_one: instructions.into_iter().max().unwrap_or(0),
        took,
    })
}

/// Any of these takes tasks back from a CPU's local queue at any time (src/bpf/compat.h); before 6.19 only
/// the op `cpu_release` may.
const REENQUEUE_ANYWHERE: [&str; 2] = ["scx_bpf_dsq_reenq", "scx_bpf_reenqueue_local___v2"];

/// Leaves out ops that this kernel lacks: libbpf refuses an object that sets an unknown op.
fn fit(open: &mut OpenDualqSkel<'_>, types: &KernelTypes) {
    macro_rules! leave_out_unknown {
        ($($op:ident)*) => {
            $(if !types.has_op(stringify!($op).trim_start_matches("r#")) {
                open.struct_ops.dualq_mut().$op = std::ptr::null_mut();
            })*
        };
    }
    leave_out_unknown!(
        select_cpu enqueue dispatch running stopping r#yield cpu_release init_task enable exit_task
        cpu_online cpu_offline init exit
    );
    // When a real-time task takes a CPU, either says so; where both could, the kernel warns of the op.
    // Where it has no such op, one of the functions is there, under whatever name.
    if types.has_op("cpu_release")
        && !REENQUEUE_ANYWHERE
            .iter()
            .any(|name| types.has_function(name))
    {
        open.progs.dualq_sched_switch.set_autoload(false);
    } else {
        open.struct_ops.dualq_mut().cpu_release = std::ptr::null_mut();
        open.progs.dualq_cpu_release.set_autoload(false);
    }
}

fn instrument(skel: &DualqSkel<'_>, options: Options) -> Result<Instrument> {
    let mut instrument = Instrument::of(skel)?;
    instrument.measure(options.waits == WaitsOption::FromTheStart)?;
    Ok(instrument)
}

#[cfg(test)]
mod tests {
    /// Checks the list of ops in `fit`, which the compiler cannot compare with the BPF program.
    #[test]
    fn ops_that_the_kernel_lacks_are_left_out() {
        let program = include_str!("../bpf/dualq.bpf.c");
        let listed = include_str!("load.rs");
        let listed = listed.split("leave_out_unknown!(").nth(1).unwrap();
        let listed: Vec<&str> = listed
            .split(')')
            .next()
            .unwrap()
            .split_whitespace()
            .map(|op| op.trim_start_matches("r#"))
            .collect();
        let filled = program.lines().filter_map(|line| {
            let (op, value) = line.trim().strip_prefix('.')?.split_once(" = ")?;
            value.starts_with("(void *)dualq_").then_some(op)
        });
        assert_eq!(listed, filled.collect::<Vec<_>>());
    }
}
