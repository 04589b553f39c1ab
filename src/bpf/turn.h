/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rest of a preempted task's slice. Without it, a task that works for some milliseconds at a time waits for a round of
 * all others in the middle of its work.
 *
 * A preempted PRIORITY task resumes ahead of its queue. A kernel thread stays in the local DSQ for the rest of its
 * slice only. Otherwise the local DSQ would never be empty beside a waking kernel thread, and ops.dispatch() would
 * never run.
 *
 * A BATCH task that was preempted by another class resumes ahead of the queue, most recently preempted first. If another
 * BATCH task preempted it, it resumes ahead of tasks at the queue's current place, once per sleep. Otherwise, among a
 * thousand tasks that wake and preempt each other, the last one runs first again and again, and the first one waited for
 * 10 ms. A hog is queued by its virtual time.
 */
#ifndef DUALQ_TURN_H
#define DUALQ_TURN_H

/* The CPU's BATCH task is preempted by `p`. Written without the CPU's lock: if the CPU has switched to another task, that
 * task may count as preempted by BATCH later. */
static void gives_way_to(const struct task_struct *p, u32 class, struct cpu_record *c)
{
	if (class == CLASS_BATCH && !(p->flags & PF_KTHREAD))
		c->gives_way = true;
}

/*
 * A task that sleeps now and then, or was off the CPU only briefly, is protected from preemption by BATCH for a moment.
 * The kernel's own scheduler does the same (RUN_TO_PARITY and its base slice, kernel/sched/fair.c). Otherwise a client
 * loses the CPU to its server with each request. A hog, which has run for two slices since it slept, is not protected.
 */
static void begin_protection(struct cpu_record *c, const struct task_record *t)
{
	bool protect = t->awake_ns < 2 * batch_slice_ns || before(c->charged_at, t->stopped_at + protection_ns);

	c->protected_until = protect ? c->charged_at + protection_ns : 0;
}

static void begin_turn(struct cpu_record *c, u64 slice)
{
	c->turn_ends = c->charged_at + slice;
	c->gives_way = false;
}

/* The task stops before its slice is over and wants to continue. */
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

/* Returns a place ahead of tasks at the queue's current place, or the task's own place if that is earlier. */
static u64 before_present(const struct task_record *t, u64 place)
{
	u64 next = place_of(queue_vtime(t->clock)) - 1;

	return before(next, place) ? next : place;
}

/* Returns the place at which a preempted task resumes; its own place is `place`. */
static u64 place_of_cut(const struct task_record *t, u64 place)
{
	return t->gave_way ? before_present(t, place) : VTIME_ORIGIN - t->queued_at;
}

#endif
