/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of a CPU: a real-time task takes it, it goes offline, it comes back.
 */
#ifndef DUALQ_CPUS_H
#define DUALQ_CPUS_H

/* A real-time task takes the CPU: tasks in its local DSQ return to our queues. Linux 6.12 to 6.18 call this op. User
 * space loads it or the program below, depending on the kernel. */
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

/* From 6.19 on, where the op causes a warning. */
SEC("tp_btf/sched_switch")
int BPF_PROG(dualq_sched_switch, bool preempted, struct task_struct *prev, struct task_struct *next)
{
	if (attached && next->prio < MAX_RT_PRIO && prev->prio >= MAX_RT_PRIO)
		reenqueue_local(SCX_DSQ_LOCAL);
	return 0;
}

/* This op exists so that the kernel does not eject us at hotplug (exit kind 66). */
SEC("struct_ops.s/cpu_online")
void BPF_PROG(dualq_cpu_online, s32 cpu)
{
	struct cpu_record *c = cpu_record_of(cpu);

	/* Also if it comes back before it was offline. */
	if (c)
		c->leaves = false;
}

/* The kernel's first wait has ended; tasks may have been queued in the CPU's own queues since. */
SEC("struct_ops.s/cpu_offline")
void BPF_PROG(dualq_cpu_offline, s32 cpu)
{
	leaves(cpu);
	drain_own_queues(cpu);
}

/* The first step on the way down, before the kernel waits for anything. cpu_offline is called later. */
SEC("tp_btf/cpuhp_enter")
int BPF_PROG(dualq_cpu_leaves, unsigned int cpu, int target, int step)
{
	int active = CPUHP_AP_ACTIVE;

	if (attached && step == active && target < active)
		leaves(cpu);
	return 0;
}

/* Going offline is refused, for example because a deadline task needs the CPU. There is no other event for it. */
SEC("tp_btf/cpuhp_exit")
int BPF_PROG(dualq_cpu_stays, unsigned int cpu, int state, int step, int error)
{
	struct cpu_record *c = cpu_record_of(cpu);

	if (attached && error && c && step == (int)CPUHP_AP_ACTIVE)
		c->leaves = false;
	return 0;
}

#endif
