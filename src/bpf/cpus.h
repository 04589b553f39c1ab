/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What befalls a CPU, not a task: a real-time task takes it, it goes off, it comes back.
 */
#ifndef DUALQ_CPUS_H
#define DUALQ_CPUS_H

/* A real-time task takes the CPU: what waits in its local queue goes back to ours. Linux 6.12 to
 * 6.18 say so by this op; user space loads it, or the program below, after what the kernel has. */
SEC("struct_ops/cpu_release")
void BPF_PROG(dualq_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	struct cpu_record *c = cpu_record_of(cpu);

	if (!c || !bpf_ksym_exists(scx_bpf_reenqueue_local___v1))
		return;
	c->releases = true;
	scx_bpf_reenqueue_local___v1();
	c->releases = false;
}

/* From 6.19 on, where the op draws a warning. */
SEC("tp_btf/sched_switch")
int BPF_PROG(dualq_sched_switch, bool preempted, struct task_struct *prev, struct task_struct *next)
{
	if (attached && next->prio < MAX_RT_PRIO && prev->prio >= MAX_RT_PRIO &&
	    bpf_ksym_exists(scx_bpf_reenqueue_local___v2___compat))
		scx_bpf_reenqueue_local___v2___compat();
	return 0;
}

/* Present so that the kernel does not eject us at a hotplug (exit kind 66). */
SEC("struct_ops.s/cpu_online")
void BPF_PROG(dualq_cpu_online, s32 cpu)
{
	struct cpu_record *c = cpu_record_of(cpu);

	/* Or it comes back before it was off. */
	if (c)
		c->leaves = false;
}

/* 6.12 calls no dispatch on a CPU that goes off, so tasks that only it may run would hold it up
 * until the watchdog ends us: they go to its local queue, its kernel threads from now on. */
SEC("struct_ops.s/cpu_offline")
void BPF_PROG(dualq_cpu_offline, s32 cpu)
{
	leaves(cpu);
	drain_to_local(KERNEL_DSQ(cpu), cpu);
	drain_to_local(PINNED_DSQ(CLASS_PRIORITY, cpu), cpu);
	drain_to_local(PINNED_DSQ(CLASS_BATCH, cpu), cpu);
	drain_to_local(PINNED_OVERDUE_DSQ(cpu), cpu);
}

#endif
