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

	if (!c)
		return;
	c->releases = true;
	reenqueue_local_in_release();
	c->releases = false;
}

/* From 6.19 on, where the op draws a warning. */
SEC("tp_btf/sched_switch")
int BPF_PROG(dualq_sched_switch, bool preempted, struct task_struct *prev, struct task_struct *next)
{
	if (attached && next->prio < MAX_RT_PRIO && prev->prio >= MAX_RT_PRIO)
		reenqueue_local();
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

/* The kernel is done with its first wait; some tasks may have come to the CPU's own queues since. */
SEC("struct_ops.s/cpu_offline")
void BPF_PROG(dualq_cpu_offline, s32 cpu)
{
	leaves(cpu);
	drain_own_queues(cpu);
}

/* The first step on the way down, before the kernel waits for anything: cpu_offline is called after that. */
SEC("tp_btf/cpuhp_enter")
int BPF_PROG(dualq_cpu_leaves, unsigned int cpu, int target, int step)
{
	int active = VALUE(cpuhp_state, CPUHP_AP_ACTIVE);

	if (attached && step == active && target < active)
		leaves(cpu);
	return 0;
}

/* It is refused, as where a deadline task needs the CPU: nothing else says so. */
SEC("tp_btf/cpuhp_exit")
int BPF_PROG(dualq_cpu_stays, unsigned int cpu, int state, int step, int error)
{
	struct cpu_record *c = cpu_record_of(cpu);

	if (attached && error && c && step == (int)VALUE(cpuhp_state, CPUHP_AP_ACTIVE))
		c->leaves = false;
	return 0;
}

#endif
