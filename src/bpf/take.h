/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU takes from each queue, and what it does when it lets its task go on: the steps of
 * dispatch, which decides among them.
 */
#ifndef DUALQ_TAKE_H
#define DUALQ_TAKE_H

/*
 * A kernel thread that goes on after its turn waits here, and is the first once the others have had as much
 * time as the last one from here: if it went on in the local queue, of two that never sleep one would always
 * be there, and the kernel asks dispatch only where it is empty (balance_one, kernel/sched/ext.c). Time, not
 * choices: every other one would be for whoever wakes often, and a hog have nothing.
 */
static bool take_kernel(s32 cpu, struct cpu_record *c)
{
	c->kernel_turn = dsq_take(KERNEL_DSQ(cpu));
	c->kernel_waits = c->kernel_turn;
	c->kernel_owes_ns = 0;
	return c->kernel_turn;
}

/* How many of a shared queue's tasks are looked at. */
#define LOOK_AT 16

/* Among those at the same place as the first, one that ran on this CPU last: its cache is here, and it comes for
 * a sixth of the work, without the lock of the CPU from which another would be fetched. */
static bool take_near(u64 dsq_id, s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool taken = false;
	u64 place = 0;
	int i;

	if (nr_possible_cpus == 1)
		return false;
	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	bpf_for(i, 0, LOOK_AT) {
		p = bpf_iter_scx_dsq_next(&it);
		if (!p || (i && p->scx.dsq_vtime != place))
			break;
		place = p->scx.dsq_vtime;
		if (scx_bpf_task_cpu(p) == cpu && bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			taken = dsq_move(&it, p, VALUE(scx_dsq_id_flags, SCX_DSQ_LOCAL_ON) | cpu, 0);
			break;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return taken;
}

static bool take_shared(u64 dsq_id, s32 cpu)
{
	return take_near(dsq_id, cpu) || dsq_take(dsq_id);
}

static bool take_priority(s32 cpu, struct cpu_record *c)
{
	u64 pinned = PINNED_DSQ(CLASS_PRIORITY, cpu);
	bool taken;

	if (c->bound && (c->turn ^= 1))
		taken = dsq_take(pinned) || take_shared(PRIORITY_DSQ, cpu);
	else
		taken = take_shared(PRIORITY_DSQ, cpu) || (c->bound && dsq_take(pinned));
	if (!taken)
		c->foreign_priority = c->priority_waits;
	return taken;
}

/* Where the head of a BATCH queue stands; NOBODY where it is empty. */
#define NOBODY ((s64)(~0ULL >> 1))
/* The first that may run on `cpu`, one that may not run there does not hold up: a hog bound to a CPU would
 * starve beside a crowd that is bound to two others, whose head always stands before it. Where none of
 * the first few may, it is as if one stood at the queue's own time. */
static s64 head_of_mixed(u64 dsq_id, s32 cpu, struct cpu_record *c)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	s64 place = NOBODY;
	int i;

	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	bpf_for(i, 0, LOOK_AT) {
		p = bpf_iter_scx_dsq_next(&it);
		if (!p)
			break;
		c->only_foreign = !bpf_cpumask_test_cpu(cpu, p->cpus_ptr);
		if (!c->only_foreign) {
			place = p->scx.dsq_vtime;
			break;
		}
		place = place_of(shared_vtime[1]);
	}
	bpf_iter_scx_dsq_destroy(&it);
	return place;
}

static s64 head_of(u64 dsq_id, s32 cpu, struct cpu_record *c)
{
	struct task_struct *p;

	c->only_foreign = false;
	if (can_peek()) {
		p = dsq_peek(dsq_id);
		if (!p)
			return NOBODY;
		if (p->nr_cpus_allowed == nr_possible_cpus || bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
			return p->scx.dsq_vtime;
	} else if (!queued(dsq_id)) {
		return NOBODY;
	}
	return head_of_mixed(dsq_id, cpu, c);
}

/* A member runs, and stands before the others of its queue. Those of the shared queue and of the CPU's own take
 * turns. */
static bool member_stands_first(s32 cpu, struct cpu_record *c)
{
	bool own = HOME_OF(c->clock) != SHARED;
	u32 only_foreign = c->only_foreign;
	s64 head;

	if (priority_fifo || !c->settled || c->class != CLASS_PRIORITY ||
	    (own ? queued(PRIORITY_DSQ) : bound_queued(CLASS_PRIORITY, cpu)))
		return false;
	head = head_of(own ? PINNED_DSQ(CLASS_PRIORITY, cpu) : PRIORITY_DSQ, cpu, c);
	c->only_foreign = only_foreign;
	return (s64)place_of(c->vtime) < head;
}

/* How far apart the two times of a CPU may be, where one is served and the other cannot be. */
#define MAX_APART_NS ((s64)(4 * batch_slice_ns))

/* Does a task of BATCH run, and want to go on? */
static bool runs_batch(const struct cpu_record *c)
{
	return c->settled && c->class == CLASS_BATCH;
}

/*
 * The shared queue's virtual time and that of a CPU's own run at different speeds, from different
 * beginnings. While tasks wait in both, the one is the other and an offset that stays the same: so a
 * task that may run anywhere and one that is bound get the same time by the same weight. (Where each
 * counted from its own time alone, a hog had nothing beside four that were bound to each CPU.)
 * Two bounds: other CPUs may serve the shared queue faster than this one could, and what one queue had
 * while nobody waited in the other is no debt.
 */
static void translate_shared(struct cpu_record *c)
{
	bool both = c->shared_place != NOBODY && c->pinned_place != NOBODY;
	s64 now = c->pinned_vtime[1], later;

	/* Debts of a queue's own tasks, by their weights, are not cut short: their turn comes. */
	if (both && now < c->pinned_place)
		now = c->pinned_place;
	later = shared_vtime[1] + c->shared_offset - now;
	if (later > MAX_APART_NS)
		c->shared_offset -= later - MAX_APART_NS;
	else if (!both && later < -MAX_APART_NS)
		c->shared_offset -= later + MAX_APART_NS;
	if (c->shared_place != NOBODY)
		c->shared_place += c->shared_offset;
	if (runs_batch(c) && HOME_OF(c->clock) == SHARED)
		c->own_place += c->shared_offset;
}

/* Only where BATCH's turn has come: the heads of two queues are more work than all the rest of a
 * dispatch. */
static void look_up_places(s32 cpu, struct cpu_record *c)
{
	c->pinned_place = c->bound ? head_of(PINNED_DSQ(CLASS_BATCH, cpu), cpu, c) : NOBODY;
	c->shared_place = head_of(BATCH_DSQ, cpu, c);
	if (c->pinned_place != NOBODY)
		c->only_foreign = false;
	c->own_place = runs_batch(c) ? place_of(c->vtime) : NOBODY;
	/* First-come keys are times, not virtual times, the same for all queues; and others go before
	 * who has had a turn. */
	if (batch_fifo) {
		if (runs_batch(c))
			c->own_place = NOBODY - 1;
	} else if (c->bound || (runs_batch(c) && HOME_OF(c->clock) != SHARED)) {
		translate_shared(c);
	}
}

/* Does who runs? At the same place others go before it: it has just had a turn. */
static bool stands_first(const struct cpu_record *c)
{
	return c->own_place != NOBODY &&
	       (c->own_place < c->shared_place || c->shared_place == NOBODY) &&
	       (c->own_place < c->pinned_place || c->pinned_place == NOBODY);
}

/* One in so many of these turns is for a kernel thread that works on. With a slice in each round of all who are
 * overdue one was cut short as it read under RCU, and others waited for minutes for pages: the kernel reported
 * a stall. A larger part would make the overdue wait, if it never sleeps. */
#define WORKING_PART 4

/* The CPU's own first: nobody else can serve them. */
static bool take_overdue(s32 cpu, struct cpu_record *c)
{
	c->overdue_turn = (!(++c->overdue_turns % WORKING_PART) && dsq_take(WORKING_DSQ)) ||
			  dsq_take(PINNED_OVERDUE_DSQ(cpu)) || dsq_take(OVERDUE_DSQ) || dsq_take(WORKING_DSQ);
	return c->overdue_turn;
}

static bool take_batch(s32 cpu, struct cpu_record *c)
{
	u64 pinned_id = PINNED_DSQ(CLASS_BATCH, cpu);

	if (c->pinned_place < c->shared_place && dsq_take(pinned_id))
		return true;
	if (c->shared_place != NOBODY) {
		if (take_shared(BATCH_DSQ, cpu))
			return true;
		/* None of them may run here: they must not hold up the CPU's own. */
		c->shared_offset = c->pinned_vtime[1] - shared_vtime[1];
	}
	return (c->bound && dsq_take(pinned_id)) || (overdue_queued(cpu) && take_overdue(cpu, c));
}

static void keep(struct task_struct *prev, struct cpu_record *c, s32 cpu)
{
	struct bpf_cpumask *mask = preemptible_cpus;
	u64 slice = slice_of(c->class, cpu);

	c->settled = false;
	/* Who goes on has its turn like one that is taken from the queue. */
	if (c->class == CLASS_BATCH || c->class == CLASS_PRIORITY)
		advance_queue(c, c->clock, c->vtime);
	if (mask)
		may_be_preempted(c, cpu, mask);
	begin_turn(c, slice);
	c->slept = false;
	task_set_slice(prev, slice);
}

/* It goes on because nobody else may run here, though some wait for other CPUs: that is no debt, and their
 * queue's virtual time does not move on by it. One of nice 19, alone on its CPU, would else drive it on a
 * hundred times as fast as a crowd that is bound to others can follow, and their weights mean nothing. */
static void stay_near(struct task_struct *prev, struct cpu_record *c)
{
	struct task_record *t = task_record_of(prev);
	u64 now;

	if (!t || c->class != CLASS_BATCH || HOME_OF(c->clock) != SHARED || !c->only_foreign)
		return;
	now = shared_vtime[1];
	if (before(now, t->vtime))
		c->vtime = t->vtime = now;
}

/* prev goes on wanting the CPU. A task that goes on gets neither stopping nor running
 * (put_prev_set_next_task returns early), so its class is looked up again here: it may have been toggled
 * meanwhile. */
static void weigh(struct task_struct *prev, struct cpu_record *c, s32 cpu)
{
	struct bpf_cpumask *mask = preemptible_cpus;
	struct task_record *t = task_record_of(prev);

	if (!t)
		return;
	charge(cpu, c, t, clock_ns());
	c->settled = true;
	c->class = class_of(prev);
	t->class = c->class;
	if (c->class == CLASS_BATCH || c->class == CLASS_PRIORITY) {
		/* Bounded like one that comes back to the queue: it may have run past the queue's time,
		 * or the queue's time past it. */
		key_of(t, CLOCK(c->class, HOME_OF(t->clock)));
		c->vtime = t->vtime;
		c->clock = t->clock;
	}
	if (c->class != CLASS_BATCH && mask) {
		may_be_preempted(c, cpu, mask);
	}
}

#endif
