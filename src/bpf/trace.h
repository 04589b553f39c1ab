/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace: which task begins to run on a CPU, from which queue, why it was chosen, and how long it had waited. Each CPU
 * writes its own ring while the kernel holds its run queue's lock. Readers map the rings and each keeps its own place,
 * so any number of them may read.
 *
 * Tracing holds for as long as a reader renews it. A reader that is killed leaves no cost: the first switch after the
 * deadline ends the tracing.
 */
#ifndef DUALQ_TRACE_H
#define DUALQ_TRACE_H

/* Why a task runs; src/trace/event.rs names them in the same order. */
enum reason {
	REASON_QUEUE,		/* it stood first in its queue */
	REASON_IDLE,		/* its CPU was idle */
	REASON_PREEMPTS,	/* it preempted a lesser task */
	REASON_OVERTAKES,	/* a member, ahead of a BATCH task that was dispatched and did not run yet */
	REASON_FOLLOWS,		/* nobody waited, and the task that ran was about to sleep */
	REASON_GUARANTEE,	/* BATCH was owed its share */
	REASON_OVERDUE,		/* it had waited too long */
	REASON_RESUMES,		/* the rest of a slice in which it was preempted */
	REASON_CONTINUES,	/* it ran before, and got another slice */
	REASON_KERNEL,		/* a kernel thread of this CPU */
};

struct trace_event {
	u64 at;			/* when it began to run */
	u64 free_since;		/* when the run before it ended on this CPU */
	u64 waited_ns;		/* 0: unknown, or not at all */
	u64 slice_ns;
	u32 pid;
	u32 tgid;
	u8 class;
	u8 level;
	u8 reason;
	u8 pinned;		/* from the CPU's own queue */
	u32 weight;
	char comm[16];		/* empty with REASON_CONTINUES */
};

#define TRACE_EVENTS 2048

struct trace_ring {
	/* How many events were written so far. */
	u64 written;
	u64 unused[7];
	struct trace_event events[TRACE_EVENTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct trace_ring);
} trace_rings SEC(".maps");

u32 tracing;
/* When it began, and when it ends unless it is renewed, by clock_ns(). */
u64 trace_since;
u64 trace_until;

/* A renewal at the same moment is not lost: it either sees the flag cleared and sets it, or is seen here. */
static bool trace_ends(u64 now)
{
	if (before(now, trace_until))
		return false;
	__sync_lock_test_and_set(&tracing, 0);
	if (before(now, *(volatile u64 *)&trace_until))
		__sync_lock_test_and_set(&tracing, 1);
	return true;
}

/* The place of the next event. It is written before it is counted, so that a reader sees whole events only. */
static struct trace_event *trace_place(struct trace_ring *ring)
{
	return &ring->events[ring->written & (TRACE_EVENTS - 1)];
}

static void trace_count(struct trace_ring *ring)
{
	/* An exchange orders what was written before it and what comes after. */
	__sync_lock_test_and_set(&ring->written, ring->written + 1);
}

static struct trace_ring *trace_ring_of(s32 cpu)
{
	u32 key = cpu;

	return bpf_map_lookup_elem(&trace_rings, &key);
}

/* The task was chosen for a CPU, past the queues or ahead of them. */
static void trace_chosen(struct task_record *t, u8 reason)
{
	t->chosen_at = clock_ns();
	t->reason = reason;
}

static void trace_given(struct task_record *t, s32 cpu, u64 enq_flags)
{
	struct cpu_record *c = cpu_record_of(cpu);

	if (enq_flags & SCX_ENQ_PREEMPT)
		trace_chosen(t, REASON_PREEMPTS);
	else if (enq_flags & SCX_ENQ_HEAD)
		trace_chosen(t, REASON_OVERTAKES);
	else
		trace_chosen(t, c && c->class == CLASS_NONE ? REASON_IDLE : REASON_FOLLOWS);
}

static u8 reason_of(const struct cpu_record *c, const struct task_record *t, u32 class, bool chosen)
{
	if (class == CLASS_KERNEL)
		return REASON_KERNEL;
	if (t->direct)
		return chosen ? t->reason : REASON_IDLE;
	if (t->overdue)
		return REASON_OVERDUE;
	if (c->next_is_rescue && class == CLASS_BATCH)
		return REASON_GUARANTEE;
	if (chosen)
		return t->reason;
	return turn_goes_on(t) ? REASON_RESUMES : REASON_QUEUE;
}

/* The task begins to run. Called before its record and the CPU's are written. */
static void trace_runs(struct task_struct *p, struct task_record *t, const struct cpu_record *c, s32 cpu, u32 class)
{
	struct trace_ring *ring = trace_ring_of(cpu);
	u64 now = clock_ns(), since = t->queued_at;
	struct trace_event *e;
	bool chosen;

	if (!ring || trace_ends(now))
		return;
	/* What an earlier trace left behind is stale. */
	chosen = t->chosen_at && !before(t->chosen_at, trace_since);
	if (!since && chosen)
		since = t->chosen_at;
	e = trace_place(ring);
	e->at = now;
	e->free_since = c->charged_at;
	e->waited_ns = since && before(since, now) ? now - since : 0;
	e->slice_ns = p->scx.slice;
	e->pid = p->pid;
	e->tgid = p->tgid;
	e->class = class;
	e->level = t->level;
	e->reason = reason_of(c, t, class, chosen);
	e->pinned = !t->direct && HOME_OF(t->clock) != SHARED;
	e->weight = p->scx.weight;
	__builtin_memcpy(e->comm, p->comm, sizeof(e->comm));
	trace_count(ring);
	t->chosen_at = 0;
}

/* The running task gets another slice. */
CHECKED_ONCE int trace_continues(s32 cpu, u32 pid, u32 tgid, u64 slice)
{
	struct trace_ring *ring = trace_ring_of(cpu);
	struct cpu_record *c = cpu_record_of(cpu);
	struct trace_event *e;

	if (!ring || !c || trace_ends(c->charged_at))
		return 0;
	e = trace_place(ring);
	e->at = c->charged_at;
	e->free_since = c->charged_at;
	e->waited_ns = 0;
	e->slice_ns = slice;
	e->pid = pid;
	e->tgid = tgid;
	e->class = c->class;
	e->level = c->level;
	e->reason = c->rescue ? REASON_GUARANTEE : REASON_CONTINUES;
	e->pinned = HOME_OF(c->clock) != SHARED;
	e->weight = c->weight;
	__builtin_memset(e->comm, 0, sizeof(e->comm));
	trace_count(ring);
	return 0;
}

/* The argument from user space, and the answer. */
struct trace_lease {
	u64 lease_ns;		/* 0: only asks */
	u64 was_on;
	/* The two clocks at one moment: the events' and CLOCK_MONOTONIC. */
	u64 now;
	u64 monotonic;
};

SEC("syscall")
int dualq_trace(struct trace_lease *lease)
{
	u64 now = clock_ns();

	lease->was_on = tracing;
	lease->now = now;
	lease->monotonic = bpf_ktime_get_ns();
	if (!lease->lease_ns)
		return 0;
	if (!tracing)
		trace_since = now;
	if (before(trace_until, now + lease->lease_ns))
		trace_until = now + lease->lease_ns;
	__sync_lock_test_and_set(&tracing, 1);
	return 0;
}

#endif
