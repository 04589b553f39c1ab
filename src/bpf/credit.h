/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleeper credit. A task that works for a few milliseconds at a time may need more than its share, but less than a
 * third. By strict virtual time it waits for a round of all hogs each time. A part of its excess is forgiven while it
 * sleeps, at the speed at which it sleeps. The credit comes from an account of the CPU that grows with BATCH's time
 * there. All sleepers together get at most a third of it by default, so that hogs do not starve behind them.
 */
#ifndef DUALQ_CREDIT_H
#define DUALQ_CREDIT_H

#define MAX_CREDIT_NS (4 * batch_slice_ns)

/* Called with the CPU's run queue locked, like all writers of the record. */
static void earn_credit(struct cpu_record *c, u64 ran)
{
	c->credit_ns += ran * sleeper_credit_percent / 100;
	if (c->credit_ns > MAX_CREDIT_NS)
		c->credit_ns = MAX_CREDIT_NS;
}

static void falls_asleep(struct cpu_record *c, struct task_record *t)
{
	s64 lead = t->vtime - queue_vtime(t->clock);

	t->credit_ns = lead <= 0 ? 0 : (u64)lead < c->credit_ns ? (u64)lead : c->credit_ns;
	c->credit_ns -= t->credit_ns;
}

static void wakes_up(struct task_record *t, u64 now)
{
	u64 earned = now - t->stopped_at;

	t->vtime -= t->credit_ns < earned ? t->credit_ns : earned;
	t->credit_ns = 0;
}

#endif
