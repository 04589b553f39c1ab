/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class of a task: the maps of members, and the look-up in constant time. The scheduler and the wait instrument
 * share these maps, so that both use the same members under any scheduler.
 */
#ifndef DUALQ_MEMBERS_H
#define DUALQ_MEMBERS_H

enum class {
	CLASS_NONE,
	CLASS_PRIORITY,
	CLASS_BATCH,
	CLASS_OWN,	/* this program's own processes */
	CLASS_KERNEL,	/* per-CPU kernel threads */
};

/* A process in PRIORITY. */
struct member {
	/* The leader's start time, so that a reused id is not a member. 0: not stamped yet. */
	u64 start_boottime;
	u32 flags;
	/* The chosen process (tgid) that the membership was inherited from. */
	u32 chosen;
};
/* Its children are members too; future ones join when they are created. */
#define MEMBER_WITH_CHILDREN 1
/* The membership is inherited from a parent, and ends with the parent's. */
#define MEMBER_THROUGH_PARENT 2
/* In a change: it says which level. Otherwise a member keeps the level that it has. */
#define MEMBER_LEVEL_GIVEN 8
/* The level, 0 to 255, is in the flags' second byte, with the default as 0: another tool's entry has that level. */
#define DEFAULT_LEVEL 128
#define HIGHEST_LEVEL 255
#define MEMBER_LEVEL 0xff00

static u32 level_in(u32 flags)
{
	return ((flags & MEMBER_LEVEL) >> 8) ^ DEFAULT_LEVEL;
}

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10000);
	__type(key, u32);
	__type(value, struct member);
} priority_pids_map SEC(".maps");

/* This program's own processes: tgid → the leader's start time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, u64);
} own_pids SEC(".maps");

static struct member *member_of(struct task_struct *p)
{
	u32 tgid = p->tgid;
	struct member *m = bpf_map_lookup_elem(&priority_pids_map, &tgid);
	u64 start;

	if (!m)
		return NULL;
	start = p->group_leader->start_boottime;
	/* An entry from another tool has no stamp yet, and applies to the process that lives now. */
	if (!m->start_boottime)
		m->start_boottime = start;
	return m->start_boottime == start ? m : NULL;
}

static bool is_own(struct task_struct *p)
{
	u32 tgid = p->tgid;
	u64 *start = bpf_map_lookup_elem(&own_pids, &tgid);

	return start && *start == p->group_leader->start_boottime;
}

/* Returns the class in the lowest byte, and a member's level in the next. */
CHECKED_ONCE u32 class_with_level(struct task_struct *p __arg_trusted)
{
	struct member *m;

	if ((p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1)
		return CLASS_KERNEL | DEFAULT_LEVEL << 8;
	m = member_of(p);
	if (m)
		return CLASS_PRIORITY | level_in(m->flags) << 8;
	return (is_own(p) ? CLASS_OWN : CLASS_BATCH) | DEFAULT_LEVEL << 8;
}

/* Returns the class, and in *level a member's level. */
static u32 class_and_level_of(struct task_struct *p, u32 *level)
{
	u32 both = class_with_level(p);

	*level = both >> 8;
	return both & 0xff;
}

static u32 class_of(struct task_struct *p)
{
	u32 level;

	return class_and_level_of(p, &level);
}

#endif
