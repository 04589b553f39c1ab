/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a waking task bypasses the queues: to an idle CPU, by preempting a lesser task, or where it would be next anyway.
 */
#ifndef DUALQ_WAKEUP_H
#define DUALQ_WAKEUP_H

CHECKED_ONCE int give_to_cpu(struct task_struct *p __arg_trusted, struct task_record *t __arg_nonnull, u32 class, s32 cpu,
			 u64 enq_flags)
{
	struct cpu_record *c;

	t->class = class;
	t->queued_at = 0;
	t->direct = true;
	if (class == CLASS_BATCH) {
		c = cpu_record_of(cpu);
		if (c)
			c->batch_comes = true;
	}
	if (tracing)
		trace_given(t, cpu, enq_flags);
	dsq_insert(p, SCX_DSQ_LOCAL, first_slice(class, cpu, t), enq_flags);
	return 0;
}

/* Preempts the task that runs there: a BATCH task that the caller has claimed, or for an own process any task. */
static void give_by_preempting(struct task_struct *p, struct task_record *t, u32 class, s32 cpu)
{
	struct cpu_record *c = cpu_record_of(cpu);

	if (c)
		gives_way_to(p, class, c);
	give_to_cpu(p, t, class, cpu, SCX_ENQ_PREEMPT);
}

/* A BATCH task was dispatched straight to this CPU and does not run yet. A PRIORITY task goes ahead of it in the local DSQ,
 * otherwise it waits until that task sleeps. Only one may: nothing rescues a task that waits there. */
static bool overtakes(u32 class, struct cpu_record *c)
{
	return goes_first(class) && c->batch_comes && !owes_batch(c) &&
	       __sync_bool_compare_and_swap(&c->batch_comes, true, false);
}

/* Claims this CPU's BATCH task for a preemption. At most one waker succeeds. */
static bool claim(s32 cpu, struct bpf_cpumask *mask)
{
	struct cpu_record *c;

	if (!bpf_cpumask_test_and_clear_cpu(cpu, mask))
		return false;
	c = cpu_record_of(cpu);
	return c && c->class == CLASS_BATCH && !owes_batch(c);
}

/* Returns a CPU whose BATCH task is preempted for this PRIORITY task: the task's previous CPU if possible, because its
 * cache is warm, otherwise any. */
static s32 claim_batch_cpu(struct task_struct *p, s32 prev_cpu, struct bpf_cpumask *mask)
{
	u32 cpu;
	int tries;

	if (bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) && claim(prev_cpu, mask))
		return prev_cpu;
	/* Not unrolled: a kernel that loads this looks at each instruction that is there. */
#pragma clang loop unroll(disable)
	for (tries = 0; tries < 4; tries++) {
		cpu = bpf_cpumask_any_and_distribute((const struct cpumask *)mask, p->cpus_ptr);
		if (cpu >= nr_possible_cpus)
			return -1;
		if (claim(cpu, mask))
			return cpu;
	}
	return -1;
}

/* The running task is protected: its slice ends with the protection, so that dispatch compares it with the task that has
 * just woken. */
static void ends_with_protection(s32 cpu, const struct cpu_record *c, u64 now)
{
	struct task_struct *curr = bpf_get_current_task_btf();
	u64 left = c->protected_until - now;

	if (cpu == (s32)bpf_get_smp_processor_id() && curr->scx.slice > left)
		task_set_slice(curr, left);
}

/* Returns true if the task of the same class on `cpu` is far enough behind this one to be preempted. */
CHECKED_ONCE bool stands_behind(struct task_record *t __arg_nonnull, u32 class, s32 cpu, u64 now)
{
	struct cpu_record *c = cpu_record_of(cpu);
	s64 lead, running;

	if (!c || c->class != class || is_fifo(class))
		return false;
	if (!t->kernel_thread && before(now, c->protected_until)) {
		ends_with_protection(cpu, c, now);
		return false;
	}
	lead = key_of(t, CLOCK(class, HOME_OF(t->clock))) - queue_vtime(t->clock);
	running = c->vtime - queue_vtime(c->clock);
	/* It may have started since. */
	if (before(c->charged_at, now))
		running = charged_vtime(c->vtime, now - c->charged_at, c->weight) - queue_vtime(c->clock);
	return lead + (c->slept ? (s64)batch_preempt_ns : 0) < running;
}

/* Never past a waiting PRIORITY or overdue task, because a direct insert into a local DSQ goes ahead of both. */
static bool batch_gives_way(struct task_record *t, s32 cpu, u64 now)
{
	struct cpu_record *c = cpu_record_of(cpu);

	return c && stands_behind(t, CLASS_BATCH, cpu, now) && !any_overdue && !priority_waits_for(cpu, c);
}

/*
 * Chooses a CPU to preempt for a waking task: PRIORITY preempts BATCH, own processes preempt any task, and a BATCH task one
 * that has had more than its share. A direct insert into the victim's local DSQ has a third of the p99 of queueing and
 * kicking. The victim is chosen in select_cpu, because a remote insert from enqueue is deferred.
 */
CHECKED_ONCE s32 preempt(struct task_struct *p __arg_trusted, struct task_record *t __arg_nonnull, u32 class, s32 prev_cpu,
			 const struct cpu_record *c __arg_nonnull)
{
	struct bpf_cpumask *mask = preemptible_cpus;
	s32 cpu = -1;

	if (!mask)
		return -1;
	if (goes_first(class)) {
		cpu = claim_batch_cpu(p, prev_cpu, mask);
		/* Not behind a real-time task: nothing would return the task from that local DSQ. */
		if (cpu < 0 && class == CLASS_OWN && goes_first(c->class) && bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr))
			cpu = prev_cpu;
	} else if (class == CLASS_BATCH && bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) &&
		   batch_gives_way(t, prev_cpu, clock_ns()) && claim(prev_cpu, mask)) {
		cpu = prev_cpu;
	}
	if (cpu >= 0)
		count(cpu, STAT_PREEMPTIONS, 1);
	return cpu;
}

/* How many CPUs are looked at for a member of a lower level. */
#define LOOK_AT_CPUS 16

/*
 * Returns the CPU, of the nearest few by number, that runs the member of the lowest level, if that is below the waking
 * one's. The level that it is preempted for takes the place of its own, so that the next waker looks for another CPU.
 */
CHECKED_ONCE s32 claim_lower_level(struct task_struct *p __arg_trusted, const struct task_record *t __arg_nonnull, s32 cpu,
				   bool pinned)
{
	u32 lowest = t->level;
	struct cpu_record *c;
	s32 found = -1;
	int i;

	bpf_for(i, 0, LOOK_AT_CPUS) {
		u32 at = (u32)cpu + i;

		if (i && (pinned || i >= (int)nr_possible_cpus))
			break;
		if (at >= nr_possible_cpus)
			at -= nr_possible_cpus;
		c = cpu_record_of(at);
		if (!c || c->class != CLASS_PRIORITY || c->level >= lowest || !bpf_cpumask_test_cpu(at, p->cpus_ptr))
			continue;
		lowest = c->level;
		found = at;
	}
	c = found < 0 ? NULL : cpu_record_of(found);
	if (!c || !__sync_bool_compare_and_swap(&c->level, lowest, (u32)t->level))
		return -1;
	return found;
}

/* A task that has run this long since waking is unlikely to sleep soon. */
#define BRIEF_NS (200ULL * 1000)

/*
 * Nobody waits, and the running task has only just woken itself: the waking task goes to the end of the local DSQ and
 * follows without queueing and without a dispatch. Two tasks that wake each other in turn do so all the time. Not after
 * a task that keeps running, which would ignore places and nice values. And only one task of the same class: the local
 * DSQ goes ahead of our queues, and no other CPU can take from it. Nor a member after one of another level.
 */
CHECKED_ONCE bool follows(u32 class, s32 cpu, const struct task_record *t __arg_nonnull,
			  const struct cpu_record *c __arg_nonnull)
{
	if (class == CLASS_PRIORITY && c->level != t->level)
		return false;
	if (!c->slept || c->class != class || before(c->charged_at + BRIEF_NS, clock_ns()))
		return false;
	/* In a crowd this is known without reading the queue. */
	if (class == CLASS_PRIORITY && c->priority_waits > 1)
		return false;
	return !class_queued(CLASS_BATCH, cpu) && !priority_waits_for(cpu, c) &&
	       !queued(SCX_DSQ_LOCAL_ON | cpu);
}

/* The kernel does not call select_cpu for a pinned task, so an idle CPU or a victim is looked for here. */
CHECKED_ONCE bool pinned_task_runs_now(struct task_struct *p __arg_trusted, struct task_record *t __arg_nonnull, u32 class,
				      s32 cpu, struct cpu_record *c __arg_nonnull)
{
	struct bpf_cpumask *mask = preemptible_cpus;
	bool wins;

	if (c->class == CLASS_NONE && scx_bpf_test_and_clear_cpu_idle(cpu)) {
		give_to_cpu(p, t, class, cpu, 0);
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
		return true;
	}
	wins = goes_first(class) ? c->class == CLASS_BATCH : batch_gives_way(t, cpu, clock_ns());
	if (mask && wins && claim(cpu, mask)) {
		count(cpu, STAT_PREEMPTIONS, 1);
		give_by_preempting(p, t, class, cpu);
		return true;
	}
	if (overtakes(class, c))
		give_to_cpu(p, t, class, cpu, SCX_ENQ_HEAD);
	else if (follows(class, cpu, t, c))
		give_to_cpu(p, t, class, cpu, 0);
	else
		return false;
	return true;
}

#endif
