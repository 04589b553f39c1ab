/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which class a task belongs to: the maps that say so, and the question, answered in constant time.
 * The scheduler and the wait instrument are loaded apart and share these maps, so that both mean the
 * same members, whoever rules the machine.
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

/* A process in PRIORITY. src/scheduler/members.rs has the same layout. */
struct member {
	/* The leader's start, so that an id used again is not a member. 0: not yet stamped. */
	u64 start_boottime;
	u32 flags;
	/* Of one that came through a parent: the process that was chosen, by its tgid. */
	u32 chosen;
};
/* Its children come too, those of the future at their birth. */
#define MEMBER_WITH_CHILDREN 1
/* It was not chosen itself: it came through a parent, and leaves with it. */
#define MEMBER_THROUGH_PARENT 2

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10000);
	__type(key, u32);
	__type(value, struct member);
} priority_pids_map SEC(".maps");

/* This program's own processes: tgid → the leader's start. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, u64);
} own_pids SEC(".maps");

static bool is_member(struct task_struct *p)
{
	u32 tgid = p->tgid;
	struct member *m = bpf_map_lookup_elem(&priority_pids_map, &tgid);
	u64 start;

	if (!m)
		return false;
	start = p->group_leader->start_boottime;
	/* An entry written by another tool has no stamp yet: it means the process that lives now. */
	if (!m->start_boottime)
		m->start_boottime = start;
	return m->start_boottime == start;
}

static bool is_own(struct task_struct *p)
{
	u32 tgid = p->tgid;
	u64 *start = bpf_map_lookup_elem(&own_pids, &tgid);

	return start && *start == p->group_leader->start_boottime;
}

static u32 class_of(struct task_struct *p)
{
	if ((p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1)
		return CLASS_KERNEL;
	if (is_member(p))
		return CLASS_PRIORITY;
	if (is_own(p))
		return CLASS_OWN;
	return CLASS_BATCH;
}

#endif
