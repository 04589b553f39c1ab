/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left of a turn that was cut short. Who works for some milliseconds at a time would wait for a
 * round of all others in the midst of it, if its turn were lost.
 *
 * A PRIORITY task goes on before all of its queue. A kernel thread stays in the local queue, for what is
 * left and no longer: beside one that wakes it would else always be there, and dispatch never asked.
 *
 * A task of BATCH, cut short by a kernel thread, by PRIORITY, by our own processes or by a real-time task, it goes on
 * before all others, the last that was cut first. Where it gave way to another of BATCH that stood before
 * it, it is next, before those at its queue's present place, and that once each time it has slept: where
 * a thousand wake and cut each other short, the last would else go first again and again, and the first
 * waited for 10 ms. A hog that gives way stands where its virtual time puts it.
 */
#ifndef DUALQ_TURN_H
#define DUALQ_TURN_H

/* Its CPU's BATCH task gives way to `p`. Written without that CPU's lock: should it have gone on to
 * another task, that one may be taken for one that gave way, when it is cut short itself. */
static void gives_way_to(const struct task_struct *p, u32 class, struct cpu_record *c)
{
	if (class == CLASS_BATCH && !(p->flags & PF_KTHREAD))
		c->gives_way = true;
}

/*
 * A task that sleeps now and then, or has been off the CPU for a moment only, keeps it for this long before
 * another of BATCH may preempt it, as under the kernel's own scheduler (RUN_TO_PARITY and its base slice,
 * kernel/sched/fair.c). Otherwise a client loses the CPU to its server with each request that it sends. Others
 * that wake do not wait for a hog whose turn comes: for a task that has run for two slices since it slept.
 */
#define PROTECTED_NS (700ULL * 1000)

static void begin_protection(struct cpu_record *c, const struct task_record *t)
{
	bool protect = t->awake_ns < 2 * batch_slice_ns || before(c->charged_at, t->stopped_at + PROTECTED_NS);

	c->protected_until = protect ? c->charged_at + PROTECTED_NS : 0;
}

static void begin_turn(struct cpu_record *c, u64 slice)
{
	c->turn_ends = c->charged_at + slice;
	c->gives_way = false;
}

/* It stops before its slice is over, and wants more. */
static void leave_turn(const struct cpu_record *c, struct task_record *t)
{
	if (!before(c->charged_at, c->turn_ends))
		return;
	if (c->class == CLASS_BATCH && (batch_fifo || (c->gives_way && !c->slept)))
		return;
	t->turn_left = c->turn_ends - c->charged_at;
	t->gave_way = c->gives_way;
	t->slept = c->slept && !c->gives_way;
}

static bool turn_goes_on(const struct task_record *t)
{
	return t->turn_left;
}

/* Before those at its queue's present place, or at its own place if that is before. */
static u64 before_present(const struct task_record *t, u64 place)
{
	u64 next = place_of(queue_vtime(t->clock)) - 1;

	return before(next, place) ? next : place;
}

/* Where it goes on, whose own place is `place`. */
static u64 place_of_cut(const struct task_record *t, u64 place)
{
	return t->gave_way ? before_present(t, place) : VTIME_ORIGIN - t->queued_at;
}

#endif
