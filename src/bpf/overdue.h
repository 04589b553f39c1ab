/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks through whole queues, all off the hot path: for BATCH tasks that have waited too long, and
 * to empty the queues of a CPU that goes off.
 *
 * A share bounds no wait: two nice -20 hogs starved a nice 19 task until the watchdog ended the
 * scheduler. So a timer puts what has waited an eighth of the watchdog's limit before all others,
 * oldest first, and tells dispatch to serve it whatever else holds.
 */
#ifndef DUALQ_OVERDUE_H
#define DUALQ_OVERDUE_H

static bool bring_forward(u64 dsq_id, u64 now, u64 *oldest_wait)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool any = false;

	if (!queued(dsq_id))
		return false;
	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	while ((p = bpf_iter_scx_dsq_next(&it))) {
		struct task_record *t = task_record_of(p);
		u64 wait;

		if (!t || !t->queued_at || before(now, t->queued_at))
			continue;
		wait = now - t->queued_at;
		if (*oldest_wait < wait)
			*oldest_wait = wait;
		if (wait < overdue_ns)
			continue;
		any = true;
		if (t->overdue)
			continue;
		/* Microseconds since boot: far below VTIME_ORIGIN, and in order of age. */
		if (dsq_move_vtime(&it, p, dsq_id, batch_slice_ns, t->queued_at / 1000)) {
			t->overdue = true;
			count(bpf_get_smp_processor_id(), STAT_OVERDUE, 1);
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return any;
}

static int check_overdue(void *map, int *key, struct overdue_timer *timer)
{
	u64 now = clock_ns(), oldest_wait = 0;
	bool any;
	s32 cpu;

	if (!attached)
		return 0;
	bpf_rcu_read_lock();
	any = bring_forward(BATCH_DSQ, now, &oldest_wait);
	bpf_for(cpu, 0, nr_possible_cpus)
		any |= bring_forward(PINNED_DSQ(CLASS_BATCH, cpu), now, &oldest_wait);
	bpf_rcu_read_unlock();
	any_overdue = any;
	timer->oldest_wait_ns = oldest_wait;
	bpf_timer_start(&timer->timer, overdue_check_ns, 0);
	return 0;
}

static int start_overdue_timer(void)
{
	u32 key = 0;
	struct overdue_timer *timer = bpf_map_lookup_elem(&overdue_timer, &key);
	int err;

	if (!timer)
		return -EINVAL;
	timer->oldest_wait_ns = 0;
	/* A second attach of the same object finds the timer initialised: that is no error. */
	bpf_timer_init(&timer->timer, &overdue_timer, CLOCK_MONOTONIC);
	err = bpf_timer_set_callback(&timer->timer, check_overdue);
	return err ?: bpf_timer_start(&timer->timer, overdue_check_ns, 0);
}

static void drain_to_local(u64 dsq_id, s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;

	bpf_rcu_read_lock();
	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	while ((p = bpf_iter_scx_dsq_next(&it)))
		dsq_move(&it, p, VALUE(scx_dsq_id_flags, SCX_DSQ_LOCAL_ON) | cpu, 0);
	bpf_iter_scx_dsq_destroy(&it);
	bpf_rcu_read_unlock();
}

#endif
