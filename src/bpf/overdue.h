/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers and hotplug, off the hot path: walks through whole queues for overdue tasks, and draining a CPU that goes offline.
 *
 * A share does not bound a wait: two nice -20 hogs starved a nice 19 task until the watchdog ejected the scheduler. So a
 * timer moves tasks that have waited an eighth of the watchdog's limit to a separate queue, oldest first, and every other
 * turn goes to it. Every turn would be too much: beside thousands of overdue tasks a task that has just woken would wait
 * behind all of them; with 5,000, RCU's own thread was reported as stalled.
 */
#ifndef DUALQ_OVERDUE_H
#define DUALQ_OVERDUE_H

/* The key of a waking kernel thread, ahead of the longest wait: no task can have waited for twice the watchdog's limit. */
static u64 before_all_overdue(const struct task_record *t)
{
	return t->queued_at - 16 * overdue_ns;
}

/* Updates *oldest_wait from the head of the queue. Returns true if the queue is not empty. */
CHECKED_ONCE bool still_waits(u64 overdue_dsq, u64 now, u64 *oldest_wait __arg_nonnull)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;

	if (!queued(overdue_dsq))
		return false;
	bpf_rcu_read_lock();
	bpf_iter_scx_dsq_new(&it, overdue_dsq, 0);
	while ((p = bpf_iter_scx_dsq_next(&it))) {
		struct task_record *t = task_record_of(p);

		/* A kernel thread is ahead of the oldest task. */
		if (!t || t->kernel_thread)
			continue;
		if (t->queued_at && before(*oldest_wait, now - t->queued_at))
			*oldest_wait = now - t->queued_at;
		break;
	}
	bpf_iter_scx_dsq_destroy(&it);
	bpf_rcu_read_unlock();
	return true;
}

/* Checked once, the verifiers of 6.18 to 7.0 fail in it ("verifier bug: backtracking call unexpected regs"), at the
 * comparison of `from` within the walk. */
static u64 bring_forward(u64 from, u64 to, u64 now)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	u64 oldest_wait = 0;

	if (!queued(from))
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_scx_dsq_new(&it, from, 0);
	while ((p = bpf_iter_scx_dsq_next(&it))) {
		struct task_record *t = task_record_of(p);
		bool works_on;
		u64 wait;

		if (!t || !t->queued_at || before(now, t->queued_at))
			continue;
		wait = now - t->queued_at;
		if (oldest_wait < wait)
			oldest_wait = wait;
		/* It was queued before the others were overdue. */
		works_on = t->kernel_thread && from == BATCH_DSQ;
		if (wait < overdue_ns && !(works_on && overdue_lasts))
			continue;
		/* Before the move, because a CPU that takes the task at once reads both. */
		any_overdue = true;
		t->overdue = true;
		if (dsq_move_vtime(&it, p, works_on ? WORKING_DSQ : to, in_ticks(batch_slice_ns), t->queued_at))
			count(bpf_get_smp_processor_id(), STAT_OVERDUE, 1);
		else
			t->overdue = false;
	}
	bpf_iter_scx_dsq_destroy(&it);
	bpf_rcu_read_unlock();
	return oldest_wait;
}

/* An overdue member goes ahead of the others of its queue. */
CHECKED_ONCE int bring_members_forward(u64 dsq_id, u64 now)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;

	if (!queued(dsq_id))
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	while ((p = bpf_iter_scx_dsq_next(&it))) {
		struct task_record *t = task_record_of(p);

		if (!t || t->class != CLASS_PRIORITY || t->overdue || !t->queued_at || now - t->queued_at < overdue_ns)
			continue;
		t->overdue = true;
		if (dsq_move_vtime(&it, p, dsq_id, in_ticks(tick_ns), place_of_overdue_member(t)))
			count(bpf_get_smp_processor_id(), STAT_OVERDUE, 1);
	}
	bpf_iter_scx_dsq_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

static int check_overdue(void *map, int *key, struct overdue_timer *timer)
{
	u64 now = clock_ns(), oldest_wait, wait;
	bool left;
	s32 cpu;

	if (!attached)
		return 0;
	oldest_wait = bring_forward(BATCH_DSQ, OVERDUE_DSQ, now);
	bring_members_forward(PRIORITY_DSQ, now);
	left = still_waits(OVERDUE_DSQ, now, &oldest_wait);
	bpf_for(cpu, 0, nr_possible_cpus) {
		wait = bring_forward(PINNED_DSQ(CLASS_BATCH, cpu), PINNED_OVERDUE_DSQ(cpu), now);
		if (oldest_wait < wait)
			oldest_wait = wait;
		bring_members_forward(PINNED_DSQ(CLASS_PRIORITY, cpu), now);
		left |= still_waits(PINNED_OVERDUE_DSQ(cpu), now, &oldest_wait);
	}
	any_overdue = left || overdue_lasts || queued(WORKING_DSQ);
	overdue_lasts = left;
	timer->oldest_wait_ns = oldest_wait;
	timer->levels_differ = levels_differ;
	/* Not past a look at such a member in this moment. */
	if (timer->levels_differ)
		__sync_bool_compare_and_swap(&levels_differ, (u32)timer->levels_differ, (u32)timer->levels_differ - 1);
	bpf_timer_start(&timer->timer, overdue_check_ns, 0);
	return 0;
}

/* The interval for kicking a CPU that goes offline. */
#define LEAVE_CHECK_NS (10ULL * 1000 * 1000)

CHECKED_ONCE int drain_to_local(u64 dsq_id, s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;

	bpf_rcu_read_lock();
	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	while ((p = bpf_iter_scx_dsq_next(&it)))
		dsq_move(&it, p, SCX_DSQ_LOCAL_ON | cpu, 0);
	bpf_iter_scx_dsq_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

static void drain_own_queues(s32 cpu)
{
	drain_to_local(KERNEL_DSQ(cpu), cpu);
	drain_to_local(PINNED_DSQ(CLASS_PRIORITY, cpu), cpu);
	drain_to_local(PINNED_DSQ(CLASS_BATCH, cpu), cpu);
	drain_to_local(PINNED_OVERDUE_DSQ(cpu), cpu);
}

/*
 * The kernel does not call dispatch on a CPU that goes offline (scx_rq_online in balance_one, kernel/sched/ext.c), and
 * waits twice:
 *
 * For an RCU grace period (synchronize_rcu in sched_cpu_deactivate, kernel/sched/core.c), and so for tasks in the CPU's own
 * queues that were preempted inside an RCU read section.
 *
 * Until only its own threads are runnable there, which it checks whenever it schedules (balance_push). Tasks in the shared
 * queues that last ran on it count until another CPU takes them. That CPU does not wake this one, which is idle by then
 * and would never check again.
 */
static int hurry(void *map, int *key, struct overdue_timer *timer)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	bool again = false;
	s32 cpu;

	bpf_for(cpu, 0, nr_possible_cpus) {
		struct cpu_record *c = cpu_record_of(cpu);

		if (!c || !c->leaves)
			continue;
		if (!bpf_cpumask_test_cpu(cpu, online)) {
			c->leaves = false;
			continue;
		}
		drain_own_queues(cpu);
		scx_bpf_kick_cpu(cpu, 0);
		again = true;
	}
	scx_bpf_put_cpumask(online);
	if (again && attached)
		bpf_timer_start(&timer->timer, LEAVE_CHECK_NS, 0);
	return 0;
}

static void leaves(s32 cpu)
{
	u32 key = TIMER_LEAVE;
	struct overdue_timer *timer = bpf_map_lookup_elem(&overdue_timer, &key);
	struct cpu_record *c = cpu_record_of(cpu);

	if (!timer || !c)
		return;
	c->leaves = true;
	bpf_timer_start(&timer->timer, 0, 0);
}

static int start_timers(void)
{
	u32 key = TIMER_OVERDUE;
	struct overdue_timer *timer = bpf_map_lookup_elem(&overdue_timer, &key);
	int err;

	if (!timer)
		return -EINVAL;
	timer->oldest_wait_ns = 0;
	/* On a second attach of the same object the timers are initialised already, which is no error. */
	bpf_timer_init(&timer->timer, &overdue_timer, CLOCK_MONOTONIC);
	err = bpf_timer_set_callback(&timer->timer, check_overdue);
	if (err)
		return err;
	err = bpf_timer_start(&timer->timer, overdue_check_ns, 0);
	if (err)
		return err;
	key = TIMER_LEAVE;
	timer = bpf_map_lookup_elem(&overdue_timer, &key);
	if (!timer)
		return -EINVAL;
	bpf_timer_init(&timer->timer, &overdue_timer, CLOCK_MONOTONIC);
	return bpf_timer_set_callback(&timer->timer, hurry);
}

#endif
