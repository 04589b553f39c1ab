/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleeper credit. By strict virtual time, a task that works for a few milliseconds at a time, more than its share but less
 * than a third, waits for a round of all hogs each time. A part of its excess is forgiven while it sleeps, at the speed
 * at which it sleeps. The credit comes from an account of the CPU that grows with BATCH's time there: all sleepers
 * together get at most a third of it by default, so that hogs do not starve behind them.
 */
#ifndef DUALQ_GRACE_H
#define DUALQ_GRACE_H

#define MAX_GRACE_NS (4 * batch_slice_ns)

/* Called with the CPU's run queue locked, like all writers of the record. */
static void earn_grace(struct cpu_record *c, u64 ran)
{
	c->grace_ns += ran * sleeper_credit_percent / 100;
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
