/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU takes from each queue, and what it does when it lets its task go on: the steps of
 * dispatch, which decides among them.
 */
#ifndef DUALQ_TAKE_H
#define DUALQ_TAKE_H

static bool take_priority(s32 cpu, struct cpu_record *c)
{
	u64 pinned = PINNED_DSQ(CLASS_PRIORITY, cpu);

	if (!c->bound)
		return dsq_take(PRIORITY_DSQ);
	c->turn ^= 1;
	if (c->turn)
		return dsq_take(PRIORITY_DSQ) || dsq_take(pinned);
	return dsq_take(pinned) || dsq_take(PRIORITY_DSQ);
}

/* How far the head of a BATCH queue is ahead of that queue's virtual time; NOBODY where it is
 * empty. Comparable between queues, as their virtual times are not. */
#define NOBODY ((s64)(~0ULL >> 1))

/* First-come keys are times, not virtual times: one zero for all queues. */
static s64 lead_of(u64 key, u64 queue_now)
{
	return key - (batch_fifo ? VTIME_ORIGIN : queue_now);
}

static s64 head_lead(u64 dsq_id, u64 queue_now)
{
	struct task_struct *p;
	s64 lead = NOBODY;

	if (bpf_ksym_exists(scx_bpf_dsq_peek___compat)) {
		p = scx_bpf_dsq_peek___compat(dsq_id);
		if (p)
			lead = lead_of(p->scx.dsq_vtime, queue_now);
	} else if (queued(dsq_id)) {
		struct bpf_iter_scx_dsq it;

		bpf_iter_scx_dsq_new(&it, dsq_id, 0);
		p = bpf_iter_scx_dsq_next(&it);
		if (p)
			lead = lead_of(p->scx.dsq_vtime, queue_now);
		bpf_iter_scx_dsq_destroy(&it);
	}
	return lead;
}

/* How far ahead of its queue's virtual time each candidate for BATCH's turn is. Looked up only where
 * that turn has come: the heads of two queues are more work than all the rest of a dispatch. */
struct leads {
	s64 shared;
	s64 pinned;
	s64 own;	/* of the task that runs */
};

static __always_inline struct leads leads_of(s32 cpu, struct cpu_record *c, struct task_record *running)
{
	struct leads leads = {
		.shared = head_lead(BATCH_DSQ, shared_vtime),
		.pinned = c->bound ? head_lead(PINNED_DSQ(CLASS_BATCH, cpu), c->pinned_vtime) : NOBODY,
		.own = NOBODY,
	};

	/* Bounded like one that comes back to the queue: it may have run past the queue's time, or
	 * the queue's time past it. */
	if (running && !batch_fifo)
		leads.own = batch_place(batch_key(running, running->home)) - queue_vtime(running->home);
	return leads;
}

static bool stands_first(const struct leads *leads)
{
	/* At the same place others go before it: it has just had a turn. */
	return (leads->own < leads->shared || leads->shared == NOBODY) &&
	       (leads->own < leads->pinned || leads->pinned == NOBODY);
}

/* The CPU's own first: nobody else can serve them. */
static bool take_overdue(s32 cpu, struct cpu_record *c)
{
	c->overdue_turn = dsq_take(PINNED_OVERDUE_DSQ(cpu)) || dsq_take(OVERDUE_DSQ);
	return c->overdue_turn;
}

static bool take_batch(s32 cpu, struct cpu_record *c, const struct leads *leads)
{
	u64 pinned_id = PINNED_DSQ(CLASS_BATCH, cpu);

	if (leads->pinned < leads->shared && dsq_take(pinned_id))
		return true;
	if (leads->shared != NOBODY && dsq_take(BATCH_DSQ))
		return true;
	return (c->bound && dsq_take(pinned_id)) || (overdue_queued(cpu) && take_overdue(cpu, c));
}

static void keep(struct task_struct *prev, struct cpu_record *c, s32 cpu)
{
	struct bpf_cpumask *mask = preemptible_cpus;

	c->settled = false;
	if (mask && c->class == CLASS_BATCH) {
		if (owes_batch(c))
			bpf_cpumask_clear_cpu(cpu, mask);
		else
			bpf_cpumask_set_cpu(cpu, mask);
	}
	task_set_slice(prev, slice_of(c->class, cpu));
}

/* A task that goes on gets neither stopping nor running (put_prev_set_next_task returns early), so
 * its class is looked up again here: it may have been toggled meanwhile. */
static void look_again(struct task_struct *prev, struct task_record *t, struct cpu_record *c, s32 cpu)
{
	struct bpf_cpumask *mask = preemptible_cpus;

	c->class = class_of(prev);
	t->class = c->class;
	if (mask && c->class != CLASS_BATCH)
		bpf_cpumask_clear_cpu(cpu, mask);
}

#endif
