/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guarantee: while tasks of both classes want a CPU, BATCH keeps its share of that CPU's time.
 * Each CPU has an account: PRIORITY's CPU time adds to what BATCH is owed, BATCH's CPU time pays it off, and BATCH is due
 * once a slice is owed. CPU time counts, not dispatches: a member that runs for a tenth of a slice owes a tenth.
 */
#ifndef DUALQ_GUARANTEE_H
#define DUALQ_GUARANTEE_H

/* The maximum debt, for example after a real-time task has held the CPU. */
#define MAX_OWED_NS (4 * (s64)batch_slice_ns)

/* Charges the running task. Time that nobody waited for is not charged: otherwise a hog that was alone falls behind for
 * seconds once others come. */
static void advance_task(s32 cpu, struct cpu_record *c, struct task_record *t, u64 ran, u64 slice)
{
	u64 most = queue_vtime(t->clock) + slice;

	t->vtime = charged_vtime(t->vtime, ran, c->weight);
	t->awake_ns += ran;
	if (before(most, t->vtime) && ((c->class == CLASS_BATCH && c->only_foreign) || !class_queued(c->class, cpu)))
		t->vtime = most;
	c->vtime = t->vtime;
}

/* Returns the counter of a class's CPU time. */
static u32 time_of(u32 class)
{
	return class == CLASS_PRIORITY ? STAT_PRIORITY_NS : class == CLASS_BATCH ? STAT_BATCH_NS :
	       class == CLASS_OWN ? STAT_OWN_NS : STAT_KERNEL_NS;
}

/* Charges the running task's time up to `now`: to the CPU's counters, to its virtual time, and to the account. Runs with
 * the CPU's run queue locked. */
CHECKED_ONCE int charge(s32 cpu, struct cpu_record *c __arg_nonnull, struct task_record *t __arg_nonnull, u64 now)
{
	s64 ran = now - c->charged_at;

	if (ran < 0)
		ran = 0;
	c->charged_at = now;
	if (c->class != CLASS_KERNEL && c->kernel_owes_ns)
		c->kernel_owes_ns = c->kernel_owes_ns > (u64)ran ? c->kernel_owes_ns - ran : 0;
	if (c->class == CLASS_NONE)
		return 0;
	count(cpu, time_of(c->class), ran);
	if (c->class == CLASS_PRIORITY || c->class == CLASS_BATCH)
		advance_task(cpu, c, t, ran, c->class == CLASS_BATCH ? batch_slice_ns : priority_slice_ns);
	switch (c->class) {
	case CLASS_PRIORITY:
	case CLASS_OWN:
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
		earn_credit(c, ran);
		c->owed_ns -= ran;
		/* Uncontested time is no advance on later shares. */
		if (c->owed_ns < 0 && !c->rescue)
			c->owed_ns = 0;
		if (c->owed_ns < -MAX_OWED_NS)
			c->owed_ns = -MAX_OWED_NS;
		break;
	case CLASS_KERNEL:
		/* The time of waking kernel threads that preempt this turn counts as well. At most one turn is owed. */
		if (c->kernel_turn)
			c->kernel_owes_ns += ran;
		if (c->kernel_owes_ns > priority_slice_ns)
			c->kernel_owes_ns = priority_slice_ns;
		break;
	}
	return 0;
}

static bool batch_is_due(const struct cpu_record *c)
{
	return guarantee_percent && c->owed_ns >= (s64)batch_slice_ns;
}

/* Returns true if a PRIORITY task may not preempt this CPU's BATCH task, because the guarantee is being served. */
static bool owes_batch(const struct cpu_record *c)
{
	return guarantee_percent && (batch_is_due(c) || (c->rescue && c->owed_ns > 0));
}

/* Updates the CPU's bit in the mask of preemptible CPUs. All CPUs share this word, so it is written only if it changes. It
 * is not cleared when a task stops: a waker that claims the CPU checks the class. */
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
