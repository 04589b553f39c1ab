/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps of enqueue: how a task that no CPU takes at once waits, by its class.
 */
#ifndef DUALQ_ENQUEUE_H
#define DUALQ_ENQUEUE_H

/* Kernel threads bypass both queues, because starved ones are the most common cause of stalls. Only a kernel
 * thread that has used up its turn waits for dispatch. */
CHECKED_ONCE int enqueue_kernel(struct task_struct *p __arg_trusted, struct task_record *t, struct cpu_record *c, s32 cpu,
				u64 enq_flags)
{
	bool wakes = enq_flags & SCX_ENQ_WAKEUP;
	bool again = enq_flags & SCX_ENQ_REENQ;
	u64 dsq_id = SCX_DSQ_LOCAL, slice = priority_slice_ns;

	if (wakes && !again) {
		enq_flags |= SCX_ENQ_PREEMPT;
	} else if (t && turn_goes_on(t)) {
		slice = t->turn_left;
	} else if (c && !c->leaves && !again && bpf_get_current_task_btf() == p) {
		dsq_id = KERNEL_DSQ(cpu);
		c->kernel_waits = true;
	}
	dsq_insert(p, dsq_id, slice, enq_flags);
	return 0;
}

/* With one CPU, all tasks are pinned and need no queues of their own. */
static bool has_own_queue(bool pinned)
{
	return pinned && nr_possible_cpus > 1;
}

CHECKED_ONCE int queue_batch(struct task_struct *p __arg_trusted, struct task_record *t __arg_nonnull, s32 cpu, bool pinned,
			     u64 enq_flags)
{
	bool own = has_own_queue(pinned), wakes = enq_flags & SCX_ENQ_WAKEUP;
	u64 place = place_in(t, CLASS_BATCH, own ? cpu : SHARED), slice = first_slice(CLASS_BATCH, cpu, t), dsq_id;
	struct cpu_record *c = cpu_record_of(cpu);

	if (wakes && c)
		c->woken++;
	if (turn_goes_on(t)) {
		slice = t->turn_left;
		place = place_of_cut(t, place);
	}
	dsq_id = own ? PINNED_DSQ(CLASS_BATCH, cpu) : BATCH_DSQ;
	/* If all of BATCH's time goes to overdue tasks, the head of its queue waits until it is overdue itself.
	 * For RCU's thread that was 6 s, and the whole machine waited. */
	if (overdue_lasts && t->kernel_thread && (wakes || turn_goes_on(t))) {
		dsq_id = own ? PINNED_OVERDUE_DSQ(cpu) : OVERDUE_DSQ;
		place = before_all_overdue(t);
		t->overdue = true;
	} else if (overdue_lasts && t->kernel_thread && !own) {
		dsq_id = WORKING_DSQ;
		place = t->queued_at;
		t->overdue = true;
	}
	dsq_insert_vtime(p, dsq_id, slice, place, enq_flags);
	return 0;
}

/* A task of PRIORITY, or an own one. */
CHECKED_ONCE int queue_before_batch(struct task_struct *p __arg_trusted, struct task_record *t __arg_nonnull, s32 cpu,
				    bool pinned, u64 enq_flags)
{
	bool own = has_own_queue(pinned), wakes = enq_flags & SCX_ENQ_WAKEUP;
	struct cpu_record *c = cpu_record_of(cpu);
	u64 slice = first_slice(CLASS_PRIORITY, cpu, t), place, dsq_id;
	u32 class = t->class;
	s32 preempted = -1;

	dsq_id = own ? PINNED_DSQ(CLASS_PRIORITY, cpu) : PRIORITY_DSQ;
	if (c)
		c->priority_waits++;
	/* An own task also after its slice, otherwise it waits for a round of the whole queue. It cannot keep the
	 * CPU: dispatch takes from the queue before it lets a task continue. */
	if (class == CLASS_OWN) {
		place = place_of_own(t);
	} else {
		place = place_in(t, class, own ? cpu : SHARED);
		/* Dispatch chooses, because waiting tasks may be ahead of this one. But it goes before those at its queue's
		 * current place, as if it had got the CPU at once. */
		if (wakes && c && !is_outranked(t, c) && stands_behind(t, class, cpu, clock_ns())) {
			place = before_present(t, place);
			preempted = cpu;
		}
		if (wakes && levels_differ && preempted < 0)
			preempted = claim_lower_level(p, t, cpu, pinned);
	}
	if (turn_goes_on(t)) {
		slice = t->turn_left;
		place = place_of_cut(t, place);
	}
	if (class == CLASS_PRIORITY)
		place = in_level(t->level, place);
	if (preempted >= 0 && tracing)
		trace_chosen(t, REASON_PREEMPTS);
	dsq_insert_vtime(p, dsq_id, slice, place, enq_flags);
	if (preempted >= 0)
		scx_bpf_kick_cpu(preempted, SCX_KICK_PREEMPT);
	return 0;
}

#endif
