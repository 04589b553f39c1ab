/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guarantee: while tasks of both classes want a CPU, BATCH keeps its share of that CPU's time.
 * An account for each CPU: PRIORITY's time adds to what BATCH is owed, BATCH's own time pays it
 * off, and BATCH is due once a slice of its is owed. Time, not dispatches: a member that runs for
 * a tenth of a slice owes a tenth.
 */
#ifndef DUALQ_GUARANTEE_H
#define DUALQ_GUARANTEE_H

/* More debt than this is not carried: after a real-time task has held the CPU, say. */
#define MAX_OWED_NS (4 * (s64)batch_slice_ns)

/* The running task has had so much more of its share. Time that nobody waited for is no debt: a hog that was
 * alone would otherwise stand back for seconds once it has company. */
static void advance_task(s32 cpu, struct cpu_record *c, struct task_record *t, u64 ran, u64 slice)
{
	u64 most = queue_vtime(t->clock) + slice;

	t->vtime = charged_vtime(t->vtime, ran, c->weight);
	t->awake_ns += ran;
	if (before(most, t->vtime) && ((c->class == CLASS_BATCH && c->only_foreign) || !class_queued(c->class, cpu)))
		t->vtime = most;
	c->vtime = t->vtime;
}

/* Counts the running task's time up to `now`: in the CPU's counters, in its own virtual time, and
 * in the account. Runs with the CPU's run queue locked. */
static void charge(s32 cpu, struct cpu_record *c, struct task_record *t, u64 now)
{
	s64 ran = now - c->charged_at;

	if (ran < 0)
		ran = 0;
	c->charged_at = now;
	if (c->class != CLASS_KERNEL && c->kernel_owes_ns)
		c->kernel_owes_ns = c->kernel_owes_ns > (u64)ran ? c->kernel_owes_ns - ran : 0;
	switch (c->class) {
	case CLASS_PRIORITY:
	case CLASS_OWN:
		count(cpu, c->class == CLASS_OWN ? STAT_OWN_NS : STAT_PRIORITY_NS, ran);
		if (c->class == CLASS_PRIORITY)
			advance_task(cpu, c, t, ran, priority_slice_ns);
		if (!guarantee_percent)
			break;
		if (class_queued(CLASS_BATCH, cpu))
			c->owed_ns += ran * guarantee_percent / (100 - guarantee_percent);
		else if (c->owed_ns > 0)
			c->owed_ns = 0;
		if (c->owed_ns > MAX_OWED_NS)
			c->owed_ns = MAX_OWED_NS;
		break;
	case CLASS_BATCH:
		count(cpu, STAT_BATCH_NS, ran);
		advance_task(cpu, c, t, ran, batch_slice_ns);
		earn_grace(c, ran);
		c->owed_ns -= ran;
		/* Time that nobody contested is no advance on later shares. */
		if (c->owed_ns < 0 && !c->rescue)
			c->owed_ns = 0;
		if (c->owed_ns < -MAX_OWED_NS)
			c->owed_ns = -MAX_OWED_NS;
		break;
	case CLASS_KERNEL:
		count(cpu, STAT_KERNEL_NS, ran);
		/* Who woke and cut that turn short counts as well; more than a turn is not owed for it. */
		if (c->kernel_turn)
			c->kernel_owes_ns += ran;
		if (c->kernel_owes_ns > priority_slice_ns)
			c->kernel_owes_ns = priority_slice_ns;
		break;
	}
}

static bool batch_is_due(const struct cpu_record *c)
{
	return guarantee_percent && c->owed_ns >= (s64)batch_slice_ns;
}

/* May a PRIORITY task take this CPU from its BATCH task? Not while BATCH runs off its debt. */
static bool owes_batch(const struct cpu_record *c)
{
	return guarantee_percent && (batch_is_due(c) || (c->rescue && c->owed_ns > 0));
}

/* The CPU's bit among those that may be preempted, after what runs there now. All CPUs share that word, so
 * it is written only where it changes, and stays when a task stops: who claims it looks at the class. */
static void may_be_preempted(const struct cpu_record *c, s32 cpu, struct bpf_cpumask *mask)
{
	bool may = c->class == CLASS_BATCH && !owes_batch(c);

	if (may == bpf_cpumask_test_cpu(cpu, (const struct cpumask *)mask))
		return;
	if (may)
		bpf_cpumask_set_cpu(cpu, mask);
	else
		bpf_cpumask_clear_cpu(cpu, mask);
}

#endif
