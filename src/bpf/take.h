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

/* Where the head of a BATCH queue stands; NOBODY where it is empty. */
#define NOBODY ((s64)(~0ULL >> 1))

static s64 head_of(u64 dsq_id)
{
	struct task_struct *p;
	s64 place = NOBODY;

	if (bpf_ksym_exists(scx_bpf_dsq_peek___compat)) {
		p = scx_bpf_dsq_peek___compat(dsq_id);
		if (p)
			place = p->scx.dsq_vtime;
	} else if (queued(dsq_id)) {
		struct bpf_iter_scx_dsq it;

		bpf_iter_scx_dsq_new(&it, dsq_id, 0);
		p = bpf_iter_scx_dsq_next(&it);
		if (p)
			place = p->scx.dsq_vtime;
		bpf_iter_scx_dsq_destroy(&it);
	}
	return place;
}

/* Where each candidate for BATCH's turn stands, in the virtual time of this CPU's own queue. Looked
 * up only where that turn has come: the heads of two queues are more work than all the rest of a
 * dispatch. */
struct places {
	s64 shared;
	s64 pinned;
	s64 own;	/* of the task that runs */
};

/* How far apart the two times of a CPU may be, where one is served and the other cannot be. */
#define MAX_APART_NS ((s64)(4 * batch_slice_ns))

/*
 * The shared queue's virtual time and that of a CPU's own run at different speeds, from different
 * beginnings. While tasks wait in both, the one is the other and an offset that stays the same: so a
 * task that may run anywhere and one that is bound get the same time by the same weight. (Where each
 * counted from its own time alone, a hog had nothing beside four that were bound to each CPU.)
 * Two bounds: other CPUs may serve the shared queue faster than this one could, and what one queue had
 * while nobody waited in the other is no debt.
 */
static void translate_shared(struct cpu_record *c, struct places *places)
{
	bool both = places->shared != NOBODY && places->pinned != NOBODY;
	s64 now = c->pinned_vtime, later;

	/* Debts of a queue's own tasks, by their weights, are not cut short: their turn comes. */
	if (both && now < places->pinned)
		now = places->pinned;
	later = shared_vtime + c->shared_offset - now;
	if (later > MAX_APART_NS)
		c->shared_offset -= later - MAX_APART_NS;
	else if (!both && later < -MAX_APART_NS)
		c->shared_offset -= later + MAX_APART_NS;
	if (places->shared != NOBODY)
		places->shared += c->shared_offset;
}

static __always_inline struct places places_of(s32 cpu, struct cpu_record *c, struct task_record *running)
{
	bool both = c->bound || (running && running->home != SHARED);
	struct places places = {
		.shared = head_of(BATCH_DSQ),
		.pinned = c->bound ? head_of(PINNED_DSQ(CLASS_BATCH, cpu)) : NOBODY,
		.own = NOBODY,
	};

	/* First-come keys are times, not virtual times: the same for all queues. */
	if (batch_fifo)
		return places;
	if (both)
		translate_shared(c, &places);
	/* Bounded like one that comes back to the queue: it may have run past the queue's time, or
	 * the queue's time past it. */
	if (running) {
		places.own = batch_place(batch_key(running, running->home));
		if (both && running->home == SHARED)
			places.own += c->shared_offset;
	}
	return places;
}

static bool stands_first(const struct places *places)
{
	/* At the same place others go before it: it has just had a turn. */
	return (places->own < places->shared || places->shared == NOBODY) &&
	       (places->own < places->pinned || places->pinned == NOBODY);
}

/* The CPU's own first: nobody else can serve them. */
static bool take_overdue(s32 cpu, struct cpu_record *c)
{
	c->overdue_turn = dsq_take(PINNED_OVERDUE_DSQ(cpu)) || dsq_take(OVERDUE_DSQ);
	return c->overdue_turn;
}

static bool take_batch(s32 cpu, struct cpu_record *c, const struct places *places)
{
	u64 pinned_id = PINNED_DSQ(CLASS_BATCH, cpu);

	if (places->pinned < places->shared && dsq_take(pinned_id))
		return true;
	if (places->shared != NOBODY) {
		if (dsq_take(BATCH_DSQ))
			return true;
		/* None of them may run here: they must not hold up the CPU's own. */
		c->shared_offset = c->pinned_vtime - shared_vtime;
	}
	return (c->bound && dsq_take(pinned_id)) || (overdue_queued(cpu) && take_overdue(cpu, c));
}

static void keep(struct task_struct *prev, struct cpu_record *c, s32 cpu)
{
	struct bpf_cpumask *mask = preemptible_cpus;
	u64 slice = slice_of(c->class, cpu);

	c->settled = false;
	/* Who goes on has its turn like one that is taken from the queue. */
	if (c->class == CLASS_BATCH)
		advance_queue(c, c->home, c->vtime);
	if (mask && c->class == CLASS_BATCH) {
		if (owes_batch(c))
			bpf_cpumask_clear_cpu(cpu, mask);
		else
			bpf_cpumask_set_cpu(cpu, mask);
	}
	c->turn_ends = c->charged_at + slice;
	c->slept = false;
	task_set_slice(prev, slice);
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
