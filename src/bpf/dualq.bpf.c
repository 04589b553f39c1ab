// SPDX-License-Identifier: GPL-2.0-only
/*
 * dualq: a CPU scheduler with two queues, PRIORITY and BATCH.
 *
 * Members (processes in priority_pids_map) queue in PRIORITY, by level, all others in BATCH. A CPU that needs
 * work takes PRIORITY first, then BATCH, except when BATCH is owed its guarantee. The file reads in
 * the order in which a task lives: born, woken, queued, dispatched, running, stopping, gone.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "compat.h"
#include "numbers.h"
#include "state.h"
#include "class.h"
#include "credit.h"
#include "turn.h"
#include "trace.h"
#include "guarantee.h"
#include "overdue.h"
#include "wakeup.h"
#include "enqueue.h"
#include "take.h"
#include "cpus.h"
#include "membership.h"
#include "tune.h"
#include "waits.h"

char _license[] SEC("license") = "GPL";

/* ---- born ---- */

SEC("struct_ops.s/init_task")
s32 BPF_PROG(dualq_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct task_record *t;

	t = bpf_task_storage_get(&task_records, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t)
		return -ENOMEM;
	/* The record outlives a detach: values of an earlier attach are stale. */
	__builtin_memset(t, 0, sizeof(*t));
	t->vtime = shared_vtime[1];
	t->clock = CLOCK(CLASS_BATCH, SHARED);
	return 0;
}

/* ---- woken ---- */

SEC("struct_ops/select_cpu")
s32 BPF_PROG(dualq_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct task_record *t = task_record_of(p);
	struct cpu_record *c;
	bool is_idle = false;
	u32 class;
	s32 cpu, victim;

	/* With SCX_WAKE_SYNC the waker's own CPU counts as idle (scx_select_cpu_dfl, kernel/sched/ext_idle.c), but a
	 * waker that writes to a pipe or sends a packet may keep running. */
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags & ~SCX_WAKE_SYNC, &is_idle);
	if (!t)
		return cpu;
	class = look_up_class(p, t);
	if (is_idle) {
		/* enqueue and dispatch are skipped, so the task is counted when it runs. */
		give_to_cpu(p, t, class, cpu, 0);
		return cpu;
	}
	if (t->credit_ns)
		wakes_up(t, clock_ns());
	c = cpu_record_of(prev_cpu);
	if (!c)
		return cpu;
	victim = preempt(p, t, class, prev_cpu, c);
	if (victim >= 0) {
		give_by_preempting(p, t, class, victim);
		return victim;
	}
	if (bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) && overtakes(class, c)) {
		give_to_cpu(p, t, class, prev_cpu, SCX_ENQ_HEAD);
		return prev_cpu;
	}
	/* On another CPU, or if the waker does not announce that it will sleep, another CPU may be free sooner. */
	if ((wake_flags & SCX_WAKE_SYNC) && prev_cpu == (s32)bpf_get_smp_processor_id() &&
	    bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) && follows(class, prev_cpu, t, c)) {
		give_to_cpu(p, t, class, prev_cpu, 0);
		return prev_cpu;
	}
	return cpu;
}

/* ---- queued ---- */

SEC("struct_ops/enqueue")
void BPF_PROG(dualq_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_record *t = task_record_of(p);
	s32 cpu = scx_bpf_task_cpu(p);
	struct cpu_record *c = cpu_record_of(cpu);
	bool pinned = is_pinned(p, c), wakes, again;
	u32 class = look_up_class(p, t);

	wakes = enq_flags & SCX_ENQ_WAKEUP;
	again = enq_flags & SCX_ENQ_REENQ;
	if (!t || class == CLASS_KERNEL) {
		if (t) {
			t->class = class;
			if (tracing)
				trace_chosen(t, REASON_KERNEL);
		}
		enqueue_kernel(p, t, c, cpu, enq_flags);
		return;
	}
	if (wakes && t->credit_ns)
		wakes_up(t, clock_ns());
	if (pinned && wakes && !again && c && pinned_task_runs_now(p, t, class, cpu, c))
		return;

	if (has_own_queue(pinned) && c)
		c->has_pinned = true;
	t->class = class;
	t->direct = false;
	t->overdue = false;
	t->kernel_thread = !!(p->flags & PF_KTHREAD);
	t->queued_at = clock_ns();
	/* A task that was returned before it ran is counted already. */
	if (t->counted == CLASS_NONE) {
		t->counted = class;
		if (class != CLASS_OWN)
			count(cpu, class == CLASS_BATCH ? STAT_BATCH_ENQ : STAT_PRIORITY_ENQ, 1);
	}
	if (class == CLASS_BATCH)
		queue_batch(p, t, cpu, pinned, enq_flags);
	else
		queue_before_batch(p, t, cpu, pinned, enq_flags);
	if (!pinned) {
		/* A CPU may have become idle since select_cpu. */
		cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
		if (cpu >= 0)
			scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	}
}

/* ---- dispatched ---- */

SEC("struct_ops/dispatch")
void BPF_PROG(dualq_dispatch, s32 cpu, struct task_struct *prev)
{
	struct cpu_record *c = cpu_record_of(cpu);

	if (!c)
		return;
	expect_no_pinned(cpu, c);
	c->settled = false;
	/* prev is in no queue until this returns (put_prev_task_scx), so it is compared here. Otherwise a lone PRIORITY
	 * hog lets BATCH in after each slice. */
	if (prev && (prev->scx.flags & SCX_TASK_QUEUED))
		weigh(prev, c, cpu);
	c->priority_waits = class_queued(CLASS_PRIORITY, cpu);
	c->foreign_priority = 0;
	if (c->kernel_waits && !c->kernel_owes_ns && take_kernel(cpu, c))
		return;
	c->kernel_turn = false;
	/* At most every other turn, otherwise a round of BATCH that is longer than its limit starves PRIORITY and tasks
	 * that wake in BATCH. */
	c->late = c->overdue_turn ? 0 : overdue_queued(cpu);
	c->overdue_turn = false;

	/* (a) BATCH is due here: by the guarantee, or because a task is overdue. The running task may be the one that
	 * continues. */
	if ((c->priority_waits || (c->settled && goes_first(c->class))) &&
	    (batch_is_due(c) || (c->late && guarantee_percent))) {
		look_up_places(cpu, c);
		if (!c->late && prev && stands_first(c)) {
			c->rescue = true;
			count(cpu, STAT_RESCUES, 1);
			keep(prev, c, cpu);
			return;
		}
		/* All overdue tasks may belong to other CPUs. Then only the guarantee is served. */
		if ((c->late && take_overdue(cpu, c)) || (batch_is_due(c) && take_batch(cpu, c))) {
			c->next_is_rescue = true;
			count(cpu, STAT_RESCUES, 1);
			return;
		}
	}
	/* (b) */
	if (c->priority_waits && !(prev && member_stands_first(cpu, c)) && take_priority(cpu, c))
		return;
	/* (c) */
	if (prev && c->settled && goes_first(c->class)) {
		keep(prev, c, cpu);
		return;
	}
	/* First come, first served: the task that has waited longest is first. */
	if ((c->late || batch_fifo) && overdue_queued(cpu) && take_overdue(cpu, c))
		return;
	/* (d) prev is BATCH: it continues while it is ahead of the head. Otherwise nice values mean nothing between two
	 * tasks, one of which is always outside the queue. */
	look_up_places(cpu, c);
	if (prev && stands_first(c)) {
		c->rescue = false;
		keep(prev, c, cpu);
		return;
	}
	/* (e) */
	if (take_batch(cpu, c) || (c->kernel_waits && take_kernel(cpu, c)))
		return;
	if (prev && c->settled) {
		c->rescue = false;
		stay_near(prev, c);
		keep(prev, c, cpu);
	}
}

/* ---- running ---- */

/* Returns the class in which it was enqueued, or CLASS_NONE. */
CHECKED_ONCE u32 count_dispatch(struct task_record *t __arg_nonnull, u32 class, s32 cpu)
{
	u32 counted = t->counted;

	/* The task was taken during a move to the other class. */
	if (counted != class && takes_over_count(t, counted, class))
		count(cpu, moved_to(class), 1);
	t->counted = CLASS_NONE;
	if (class == CLASS_OWN)
		count(cpu, STAT_OWN_DIS, 1);
	if (class != CLASS_PRIORITY && class != CLASS_BATCH)
		return counted;
	if (t->direct && counted == CLASS_NONE)
		count(cpu, class == CLASS_BATCH ? STAT_BATCH_ENQ : STAT_PRIORITY_ENQ, 1);
	if (t->direct || counted != CLASS_NONE)
		count(cpu, class == CLASS_BATCH ? STAT_BATCH_DIS : STAT_PRIORITY_DIS, 1);
	return counted;
}

SEC("struct_ops/running")
void BPF_PROG(dualq_running, struct task_struct *p)
{
	struct bpf_cpumask *mask = preemptible_cpus;
	struct task_record *t = task_record_of(p);
	s32 cpu = scx_bpf_task_cpu(p);
	struct cpu_record *c = cpu_record_of(cpu);
	u32 class, counted;
	u64 now;

	if (!t || !c)
		return;
	/* Read once: a change of membership may write it at any time. */
	class = *(volatile u8 *)&t->class;
	counted = count_dispatch(t, class, cpu);
	c->class = class;
	/* An overdue member gets its tick whatever wakes meanwhile. */
	c->level = t->overdue ? HIGHEST_LEVEL : t->level;
	if (class == CLASS_BATCH)
		c->batch_comes = false;
	c->tgid = p->tgid;
	c->weight = p->scx.weight;
	if (tracing)
		trace_runs(p, t, c, cpu, class);
	c->charged_at = clock_ns();
	if (class == CLASS_BATCH)
		make_room_for_woken(p, t, c, counted != CLASS_NONE);
	begin_turn(c, p->scx.slice);
	begin_protection(c, t);
	/* It was pinned to another CPU and moved straight to this one. */
	if (HOME_OF(t->clock) != SHARED && HOME_OF(t->clock) != cpu)
		key_of(t, CLOCK(class, SHARED));
	c->vtime = t->vtime;
	c->clock = t->clock;
	c->rescue = c->next_is_rescue && class == CLASS_BATCH;
	c->next_is_rescue = false;

	/* Only a task that was taken by its place advances the queue's virtual time. A task that wakes at this time also
	 * preempts a hog that is less than a place behind it. It does not preempt a task that has slept too: messages among
	 * hundreds would take three times as long, and of two tasks that wake each other neither would fall behind. */
	if (counted != CLASS_NONE && (class == CLASS_BATCH || class == CLASS_PRIORITY) && !t->overdue && !t->gave_way) {
		now = turn_goes_on(t) ? queue_vtime(t->clock) : advance_queue(c, t->clock, t->vtime);
		if (!t->slept && before(c->vtime, now))
			c->vtime = now;
	}
	c->slept = t->slept;
	t->direct = false;
	t->overdue = false;
	t->slept = false;
	t->queued_at = 0;
	if (mask)
		may_be_preempted(c, cpu, mask);
}

/* ---- stopping ---- */

SEC("struct_ops/stopping")
void BPF_PROG(dualq_stopping, struct task_struct *p, bool runnable)
{
	struct task_record *t = task_record_of(p);
	s32 cpu = scx_bpf_task_cpu(p);
	struct cpu_record *c = cpu_record_of(cpu);
	bool ended;

	if (!t || !c)
		return;
	/* Dispatch is called at the end of a slice or on a yield, but not on a preemption. After it has taken the next task,
	 * the queue no longer shows which classes want the CPU. */
	ended = c->settled;
	if (!ended)
		charge(cpu, c, t, clock_ns());
	c->settled = false;
	t->stopped_at = c->charged_at;
	t->turn_left = 0;
	t->gave_way = false;
	if (!runnable) {
		t->slept = true;
		t->awake_ns = 0;
	}
	if (c->class == CLASS_BATCH && !runnable)
		falls_asleep(c, t);
	else if (runnable && !ended && c->class != CLASS_OWN)
		leave_turn(c, t);
	c->class = CLASS_NONE;
	c->tgid = 0;
}

/* The rest of the slice counts as used, but at most a quarter of BATCH's slice: about a turn of the kernel's own scheduler.
 * If nothing counted, many tasks that yield would be ahead of a hog most of the time and take its CPU. A yield to another
 * task (yield_to) does nothing. */
SEC("struct_ops/yield")
bool BPF_PROG(dualq_yield, struct task_struct *from, struct task_struct *to)
{
	struct task_record *t = task_record_of(from);
	s32 cpu = scx_bpf_task_cpu(from);
	struct cpu_record *c = cpu_record_of(cpu);
	u64 now, left;

	if (to || !t || !c)
		return false;
	/* The time until now is charged where the task stops. */
	now = clock_ns();
	if ((c->class == CLASS_BATCH || c->class == CLASS_PRIORITY) && before(now, c->turn_ends)) {
		left = c->turn_ends - now;
		if (left > batch_slice_ns / 4)
			left = batch_slice_ns / 4;
		t->vtime = charged_vtime(t->vtime, left, c->weight);
		c->vtime = t->vtime;
	}
	c->turn_ends = now;
	task_set_slice(from, 0);
	return true;
}

/* ---- begin and end ---- */

SEC("struct_ops.s/init")
s32 BPF_PROG(dualq_init)
{
	struct bpf_cpumask *mask;
	s32 err, cpu;

	err = scx_bpf_create_dsq(PRIORITY_DSQ, -1);
	if (!err)
		err = scx_bpf_create_dsq(BATCH_DSQ, -1);
	if (!err)
		err = scx_bpf_create_dsq(OVERDUE_DSQ, -1);
	if (!err)
		err = scx_bpf_create_dsq(WORKING_DSQ, -1);
	if (err)
		return err;
	bpf_for(cpu, 0, nr_possible_cpus) {
		struct cpu_record *c = cpu_record_of(cpu);

		err = scx_bpf_create_dsq(PINNED_DSQ(CLASS_PRIORITY, cpu), -1);
		if (!err)
			err = scx_bpf_create_dsq(PINNED_DSQ(CLASS_BATCH, cpu), -1);
		if (!err)
			err = scx_bpf_create_dsq(PINNED_OVERDUE_DSQ(cpu), -1);
		if (!err)
			err = scx_bpf_create_dsq(KERNEL_DSQ(cpu), -1);
		if (err)
			return err;
		if (c) {
			__builtin_memset(c, 0, sizeof(*c));
			c->pinned_vtime[0] = c->pinned_vtime[1] = VTIME_ORIGIN;
		}
	}
	mask = bpf_cpumask_create();
	if (!mask)
		return -ENOMEM;
	mask = bpf_kptr_xchg(&preemptible_cpus, mask);
	if (mask)
		bpf_cpumask_release(mask);
	any_overdue = overdue_lasts = false;
	attached = true;
	return start_timers();
}

SEC("struct_ops/exit")
void BPF_PROG(dualq_exit, struct scx_exit_info *info)
{
	u32 key = 0;
	struct exit_record *r = bpf_map_lookup_elem(&exit_record, &key);

	attached = false;
	if (!r)
		return;
	bpf_probe_read_kernel_str(r->reason, sizeof(r->reason), info->reason);
	bpf_probe_read_kernel_str(r->msg, sizeof(r->msg), info->msg);
	bpf_probe_read_kernel_str(r->dump, sizeof(r->dump), info->dump);
	r->exit_code = info->exit_code;
	r->kind = info->kind;
}

SEC(".struct_ops.link")
struct sched_ext_ops dualq = {
	.select_cpu = (void *)dualq_select_cpu,
	.enqueue = (void *)dualq_enqueue,
	.dispatch = (void *)dualq_dispatch,
	.running = (void *)dualq_running,
	.stopping = (void *)dualq_stopping,
	.yield = (void *)dualq_yield,
	.cpu_release = (void *)dualq_cpu_release,
	.init_task = (void *)dualq_init_task,
	.enable = (void *)dualq_enable,
	.exit_task = (void *)dualq_exit_task,
	.cpu_online = (void *)dualq_cpu_online,
	.cpu_offline = (void *)dualq_cpu_offline,
	.init = (void *)dualq_init,
	.exit = (void *)dualq_exit,
	.timeout_ms = 30000,
	.name = "dualq",
};
