/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slice of a task and its place in the queue: functions of the hot path, in constant time.
 */
#ifndef DUALQ_CLASS_H
#define DUALQ_CLASS_H

/* The CPUs share this word, so it is written only if it changes: once per check. */
static void note_level(u32 level)
{
	if (level != DEFAULT_LEVEL && levels_differ != LEVELS_LAST)
		levels_differ = LEVELS_LAST;
}

/* Returns the class, and notes a member's level in its record. */
static u32 look_up_class(struct task_struct *p, struct task_record *t)
{
	u32 level, class = class_and_level_of(p, &level);

	if (t)
		t->level = level;
	note_level(level);
	return class;
}

static bool goes_first(u32 class)
{
	return class == CLASS_PRIORITY || class == CLASS_OWN;
}

/* Slices end at the first tick that finds nothing left. A slice of exactly one tick would last two, because it starts some
 * microseconds after a tick. */
static u64 in_ticks(u64 slice)
{
	return slice - tick_ns / 2;
}

/* The slice shrinks as the queue grows, so that even 5,000 threads of members get their turn. It is at least one tick,
 * because slices end at ticks only. */
static u64 slice_among(u32 class, u64 waiting)
{
	u64 slice;

	if (!goes_first(class))
		return in_ticks(batch_slice_ns);
	/* Turns alternate while BATCH tasks are overdue, so PRIORITY's are short. */
	if (any_overdue && guarantee_percent)
		return in_ticks(tick_ns);
	slice = priority_slice_ns / (1 + waiting / nr_possible_cpus);
	return in_ticks(slice < tick_ns ? tick_ns : slice);
}

/* Uses the queue length of the last dispatch, which spares the hot path a look-up. */
static u64 slice_of(u32 class, s32 cpu)
{
	struct cpu_record *c = cpu_record_of(cpu);

	return slice_among(class, c ? c->priority_waits : 0);
}

/* A BATCH task that has slept gets one slice more: if many tasks pass messages, a preempted writer leaves its reader
 * waiting for a round of all others. The first turn of a member that has slept ends at a tick: of several that wake at
 * once, the first one may work on while the others answer somebody. */
static u64 first_slice(u32 class, s32 cpu, const struct task_record *t)
{
	if (class == CLASS_BATCH && t->slept)
		return in_ticks(2 * batch_slice_ns);
	if (class == CLASS_PRIORITY && t->slept)
		return in_ticks(tick_ns);
	return slice_of(class, cpu);
}

/* A BATCH task that has slept begins its turn. If others that woke wait as well, it has one slice, not two: it may work on
 * while they would answer somebody at once. A Python server with busy threads answered two thirds as often. */
static void make_room_for_woken(struct task_struct *p, const struct task_record *t, struct cpu_record *c, bool was_queued)
{
	if (!t->slept)
		return;
	if (was_queued && c->woken)
		c->woken--;
	if (c->woken && p->scx.slice > in_ticks(batch_slice_ns))
		task_set_slice(p, in_ticks(batch_slice_ns));
}

static u64 queue_vtime(s32 clock)
{
	struct cpu_record *c;

	if (HOME_OF(clock) == SHARED)
		return shared_vtime[clock & 1];
	c = cpu_record_of(HOME_OF(clock));
	return c ? c->pinned_vtime[clock & 1] : VTIME_ORIGIN;
}

/* Advances the queue's virtual time to that of the task whose turn has come; it never goes back. Returns the new time. */
static u64 advance_queue(struct cpu_record *c, s32 clock, u64 vtime)
{
	u64 *now = HOME_OF(clock) == SHARED ? &shared_vtime[clock & 1] : &c->pinned_vtime[clock & 1];

	if (before(*now, vtime))
		*now = vtime;
	return *now;
}

static bool is_fifo(u32 class)
{
	return class == CLASS_BATCH ? batch_fifo : priority_fifo;
}

/*
 * Returns the key of a task: its virtual time, bounded on both sides. Sleep earns a limited credit, and a large debt (nice
 * 19 pays 100 times for its time) is limited too. Virtual times of different queues advance at different speeds, so a
 * task that changes queue keeps its distance instead of its value. A kernel thread that has just woken goes first,
 * because others wait for it: a terminal for its kworker, the whole machine for RCU's grace periods. A busy kernel
 * thread gets its share.
 */
static u64 key_of(struct task_record *t, s32 clock)
{
	u64 now = queue_vtime(clock), lead = batch_lead_ns;

	if (t->clock != clock) {
		t->vtime = now + (t->vtime - queue_vtime(t->clock));
		t->clock = clock;
	}
	if (before(t->vtime, now - batch_lag_ns))
		t->vtime = now - batch_lag_ns;
	if (t->kernel_thread)
		lead = kernel_thread_lead_ns;
	if (before(now + lead, t->vtime))
		t->vtime = now + lead;
	return t->vtime - (t->kernel_thread && t->slept ? kernel_thread_lead_ns : 0);
}

/*
 * Returns the place of a virtual time in the queue. Within a place, first come, first served: with exact order, hundreds
 * of tasks that pass messages switch to each reader for one message.
 */
static u64 place_of(u64 vtime)
{
	return vtime & ~(PLACE_NS - 1);
}

static u64 place_in(struct task_record *t, u32 class, s32 home)
{
	u64 key = key_of(t, CLOCK(class, home));

	return is_fifo(class) ? VTIME_ORIGIN + t->queued_at : place_of(key);
}

/*
 * Levels are bands of keys. Places in PRIORITY grow with time, and all levels grow alike. So a band need only be wider
 * than the distance of two places in one queue: 2^54 ns is half a year. 256 bands fit, because the kernel compares keys
 * by their signed difference (scx_dsq_priq_less, kernel/sched/ext.c), which is below 2^63 then.
 */
#define BAND_BITS 54

static u64 in_level(u32 level, u64 place)
{
	return place + ((u64)(HIGHEST_LEVEL - level) << BAND_BITS);
}

/* Returns the band of a key: 0 for the highest level, negative for what goes ahead of all levels. */
static s64 band_of(u64 key)
{
	return (s64)(key - VTIME_ORIGIN + (1ULL << (BAND_BITS - 1))) >> BAND_BITS;
}

/* A member of a higher level runs there. */
static bool is_outranked(const struct task_record *t, const struct cpu_record *c)
{
	return levels_differ && c->class == CLASS_PRIORITY && c->level > t->level;
}

/* Own tasks go ahead of all members, and overdue members ahead of own tasks. */
static u64 place_of_own(const struct task_record *t)
{
	return t->queued_at;
}

static u64 place_of_overdue_member(const struct task_record *t)
{
	return VTIME_ORIGIN / 2 + t->queued_at;
}

#endif
