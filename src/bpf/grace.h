/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grace for BATCH tasks that sleep. Strict virtual time makes a task that works for a few
 * milliseconds at a time, more than its share though less than a third, wait for a round of all hogs
 * each time. Some of what it has had too much is forgiven when it sleeps, as fast as it sleeps,
 * out of an account of its CPU that grows with the time that BATCH has there: sleepers together get
 * a third of that for nothing at most, so that hogs do not starve behind them.
 */
#ifndef DUALQ_GRACE_H
#define DUALQ_GRACE_H

#define MAX_GRACE_NS (4 * batch_slice_ns)

/* With the CPU's run queue locked, like all that writes its record. */
static void earn_grace(struct cpu_record *c, u64 ran)
{
	c->grace_ns += ran / 3;
	if (c->grace_ns > MAX_GRACE_NS)
		c->grace_ns = MAX_GRACE_NS;
}

static void falls_asleep(struct cpu_record *c, struct task_record *t)
{
	s64 lead = t->vtime - queue_vtime(t->clock);

	t->grace_ns = lead <= 0 ? 0 : (u64)lead < c->grace_ns ? (u64)lead : c->grace_ns;
	c->grace_ns -= t->grace_ns;
}

static void wakes_up(struct task_record *t, u64 now)
{
	u64 earned = now - t->stopped_at;

	t->vtime -= t->grace_ns < earned ? t->grace_ns : earned;
	t->grace_ns = 0;
}

#endif
