/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps of dispatch: taking a task from each queue, and letting the running task continue.
 */
#ifndef DUALQ_TAKE_H
#define DUALQ_TAKE_H

/*
 * A kernel thread that has used up its turn waits here until the others have had as much CPU time as the last kernel
 * thread from here. In the local DSQ, one of two busy kernel threads would always be there, and the kernel calls dispatch
 * only if the local DSQ is empty (balance_one, kernel/sched/ext.c). CPU time counts, not turns: with turns, a task that
 * wakes often would get every second one, and a hog nothing.
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
/* A CPU looks this far for a task that ran on it last: about one default slice. */
#define NEAR_NS (1ULL << 22)

/* Among those within a slice of the first, takes one that ran on this CPU last, because its cache is here. It comes
 * for a sixth of the work, without the lock of the CPU from which another would be fetched. */
static bool take_near(u64 dsq_id, s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool taken = false;
	u64 place = 0;
	int i;

	if (nr_possible_cpus == 1 || (dsq_id == BATCH_DSQ ? batch_fifo : priority_fifo))
		return false;
	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	bpf_for(i, 0, LOOK_AT) {
		p = bpf_iter_scx_dsq_next(&it);
		if (!p)
			break;
		if (!i)
			place = p->scx.dsq_vtime;
		if (before(place + NEAR_NS, p->scx.dsq_vtime))
			break;
		if (scx_bpf_task_cpu(p) == cpu && bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			taken = dsq_move(&it, p, SCX_DSQ_LOCAL_ON | cpu, 0);
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

/* The place of a BATCH queue's head, or NOBODY if it is empty. */
#define NOBODY ((s64)(~0ULL >> 1))
/* Returns the place of the first task that may run on `cpu`. Tasks that may not are skipped: otherwise a hog pinned to a
 * CPU starves beside a crowd confined to two others, whose head is always ahead of it. If none of the first few may run
 * here, the queue's own virtual time is used. */
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

/* Returns the key of PRIORITY's first task: of the shared queue, or of the CPU's own. */
static s64 first_member(s32 home, s32 cpu, struct cpu_record *c)
{
	u32 only_foreign = c->only_foreign;
	s64 head = head_of(home == SHARED ? PRIORITY_DSQ : PINNED_DSQ(CLASS_PRIORITY, cpu), cpu, c);

	c->only_foreign = only_foreign;
	return head;
}

/* A member runs, and is ahead of the others of its queue. The shared queue and the CPU's own take turns within a level. */
CHECKED_ONCE bool member_stands_first(s32 cpu, struct cpu_record *c __arg_nonnull)
{
	bool own = HOME_OF(c->clock) != SHARED;
	u64 place = place_of(c->vtime);

	c->outranks = false;
	if (!c->settled || c->class != CLASS_PRIORITY)
		return false;
	if (levels_differ) {
		s64 shared = band_of(first_member(SHARED, cpu, c));
		s64 pinned = c->has_pinned ? band_of(first_member(cpu, cpu, c)) : band_of(NOBODY);
		s64 band = HIGHEST_LEVEL - c->level;

		if (shared < band || pinned < band)
			return false;
		if (band < shared && band < pinned) {
			c->outranks = true;
			return true;
		}
	}
	if (priority_fifo || (own ? queued(PRIORITY_DSQ) : pinned_queued(CLASS_PRIORITY, cpu)))
		return false;
	return (s64)in_level(c->level, place) < first_member(own ? cpu : SHARED, cpu, c);
}

/* The higher level first; within a level, the shared queue and the CPU's own take turns. */
static bool pinned_member_goes_first(s32 cpu, struct cpu_record *c)
{
	if (levels_differ) {
		s64 shared = band_of(first_member(SHARED, cpu, c)), pinned = band_of(first_member(cpu, cpu, c));

		if (shared != pinned)
			return pinned < shared;
	}
	return c->turn ^= 1;
}

CHECKED_ONCE bool take_priority(s32 cpu, struct cpu_record *c __arg_nonnull)
{
	u64 pinned = PINNED_DSQ(CLASS_PRIORITY, cpu);
	bool taken;

	if (c->has_pinned && pinned_member_goes_first(cpu, c))
		taken = dsq_take(pinned) || take_shared(PRIORITY_DSQ, cpu);
	else
		taken = take_shared(PRIORITY_DSQ, cpu) || (c->has_pinned && dsq_take(pinned));
	if (!taken)
		c->foreign_priority = c->priority_waits;
	return taken;
}

/* The maximum distance of a CPU's two virtual times if only one of the queues can be served. */
#define MAX_APART_NS ((s64)(4 * batch_slice_ns))

/* Returns true if a BATCH task runs and wants to continue. */
static bool runs_batch(const struct cpu_record *c)
{
	return c->settled && c->class == CLASS_BATCH;
}

/*
 * The virtual times of the shared queue and of a CPU's own queue start at different values and advance at different
 * speeds. While tasks wait in both, their offset stays constant, so a free and a pinned task of the same weight get the
 * same CPU time. (Without an offset, a free hog got nothing beside four that were pinned to each CPU.) The offset has two
 * bounds: other CPUs may serve the shared queue faster than this one, and time that one queue had while the other was
 * empty is no debt.
 */
static void translate_shared(struct cpu_record *c)
{
	bool both = c->shared_place != NOBODY && c->pinned_place != NOBODY;
	s64 now = c->pinned_vtime[1], later;

	/* Debts of a queue's own tasks, by their weights, are kept: their turn comes. */
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

/* Only when it is BATCH's turn: reading the heads of two queues costs more than the rest of a dispatch. */
CHECKED_ONCE int look_up_places(s32 cpu, struct cpu_record *c __arg_nonnull)
{
	c->pinned_place = c->has_pinned ? head_of(PINNED_DSQ(CLASS_BATCH, cpu), cpu, c) : NOBODY;
	c->shared_place = head_of(BATCH_DSQ, cpu, c);
	if (c->pinned_place != NOBODY)
		c->only_foreign = false;
	/* Other CPUs may have taken them. */
	if (c->pinned_place == NOBODY && c->shared_place == NOBODY)
		c->woken = 0;
	c->own_place = runs_batch(c) ? place_of(c->vtime) : NOBODY;
	/* First-come keys are times, which all queues share. Waiting tasks go before a task that has had a turn. */
	if (batch_fifo) {
		if (runs_batch(c))
			c->own_place = NOBODY - 1;
	} else if (c->has_pinned || (runs_batch(c) && HOME_OF(c->clock) != SHARED)) {
		translate_shared(c);
	}
	return 0;
}

/* Returns true if the running task is ahead. At the same place, others go first: it has just had a turn. */
static bool stands_first(const struct cpu_record *c)
{
	return c->own_place != NOBODY &&
	       (c->own_place < c->shared_place || c->shared_place == NOBODY) &&
	       (c->own_place < c->pinned_place || c->pinned_place == NOBODY);
}

/* One in this many turns of overdue tasks goes to a busy kernel thread. With one slice per round of all overdue tasks,
 * a kernel thread was preempted inside an RCU read section, and others waited for pages for minutes: the kernel
 * reported a stall. A larger share would delay the overdue tasks if the thread never sleeps. */
#define WORKING_PART 4

/* The CPU's own queue first: no other CPU can serve it. */
CHECKED_ONCE bool take_overdue(s32 cpu, struct cpu_record *c __arg_nonnull)
{
	c->overdue_turn = (!(++c->overdue_turns % WORKING_PART) && dsq_take(WORKING_DSQ)) ||
			  dsq_take(PINNED_OVERDUE_DSQ(cpu)) || dsq_take(OVERDUE_DSQ) || dsq_take(WORKING_DSQ);
	return c->overdue_turn;
}

CHECKED_ONCE bool take_batch(s32 cpu, struct cpu_record *c __arg_nonnull)
{
	u64 pinned_id = PINNED_DSQ(CLASS_BATCH, cpu);

	if (c->pinned_place < c->shared_place && dsq_take(pinned_id))
		return true;
	if (c->shared_place != NOBODY) {
		if (take_shared(BATCH_DSQ, cpu))
			return true;
		/* None of them may run here, and they must not delay the CPU's own tasks. */
		c->shared_offset = c->pinned_vtime[1] - shared_vtime[1];
	}
	return (c->has_pinned && dsq_take(pinned_id)) || (overdue_queued(cpu) && take_overdue(cpu, c));
}

CHECKED_ONCE int keep(struct task_struct *prev __arg_trusted, struct cpu_record *c __arg_nonnull, s32 cpu)
{
	struct bpf_cpumask *mask = preemptible_cpus;
	/* Nobody at its own level waits for its turn to end. */
	u64 slice = slice_among(c->class, c->outranks ? 0 : c->priority_waits);

	c->settled = false;
	c->outranks = false;
	/* A task that continues has its turn like one that is taken from the queue. */
	if (c->class == CLASS_BATCH || c->class == CLASS_PRIORITY)
		advance_queue(c, c->clock, c->vtime);
	if (mask)
		may_be_preempted(c, cpu, mask);
	begin_turn(c, slice);
	c->slept = false;
	if (tracing)
		trace_continues(cpu, prev->pid, prev->tgid, slice);
	task_set_slice(prev, slice);
	return 0;
}

/* The task continues because no waiting task may run here. This time is not charged, and does not advance the queue's
 * virtual time. Otherwise a task of nice 19, alone on its CPU, advances it a hundred times as fast as a crowd confined
 * to other CPUs can follow, and weights mean nothing there. */
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

/* prev wants to continue. The kernel calls neither stopping nor running for it (put_prev_set_next_task returns early), so
 * its class is looked up again: it may have been moved meanwhile. */
CHECKED_ONCE int weigh(struct task_struct *prev __arg_trusted, struct cpu_record *c __arg_nonnull, s32 cpu)
{
	struct bpf_cpumask *mask = preemptible_cpus;
	struct task_record *t = task_record_of(prev);

	if (!t)
		return 0;
	charge(cpu, c, t, clock_ns());
	c->settled = true;
	c->class = look_up_class(prev, t);
	c->level = t->level;
	t->class = c->class;
	if (c->class == CLASS_BATCH || c->class == CLASS_PRIORITY) {
		/* Bounded like a task that returns to the queue: it may have run past the queue's virtual time, or the other way
		 * round. */
		key_of(t, CLOCK(c->class, HOME_OF(t->clock)));
		c->vtime = t->vtime;
		c->clock = t->clock;
	}
	if (c->class != CLASS_BATCH && mask) {
		may_be_preempted(c, cpu, mask);
	}
	return 0;
}

#endif
