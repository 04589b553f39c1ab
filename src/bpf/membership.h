/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of membership: by user space, and at the creation and end of processes.
 *
 * A change runs in a BPF program instead of writing to the map. So the kernel stamps the entry with the process's start
 * time, and tasks that are already queued or running change class at once.
 */
#ifndef DUALQ_MEMBERSHIP_H
#define DUALQ_MEMBERSHIP_H

/* The argument from user space. */
struct change {
	u32 tgid;
	u32 kind;
	/* The start time that the caller saw, in ticks of 10 ms as in /proc/PID/stat; 0: any. */
	u64 start_ticks;
	/* The flags of the new entry: as in struct member. */
	u32 flags;
	u32 chosen;
};
enum change_kind {
	CHANGE_ADD,
	CHANGE_REMOVE,
	CHANGE_OWN,
	/* Of a member: the level that `flags` has. */
	CHANGE_LEVEL,
};
/* Results besides 0 and -errno. */
#define NOT_A_LEADER 1
#define KERNEL_THREAD 2
#define OTHER_PROCESS 3
#define OWN_PROCESS 4

#define NS_PER_TICK 10000000ULL

/* From programs that hold no run queue's lock. */
static void count_here(u32 stat)
{
	u64 *value = bpf_map_lookup_elem(&queue_stats, &stat);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/*
 * Moves a waiting task's count to the other class. A CPU may take the task meanwhile, from either queue, and count its
 * dispatch in the task's current class: so only the first of the two changes the count.
 */
static bool takes_over_count(struct task_record *t, u32 from, u32 to)
{
	bool both = (from == CLASS_PRIORITY && to == CLASS_BATCH) || (from == CLASS_BATCH && to == CLASS_PRIORITY);

	return both && __sync_bool_compare_and_swap(&t->counted, from, to);
}

static u32 moved_to(u32 class)
{
	return class == CLASS_BATCH ? STAT_MOVED_TO_BATCH : STAT_MOVED_TO_PRIORITY;
}

CHECKED_ONCE u64 slice_after_move(u32 class, s32 cpu)
{
	return slice_among(class, class_queued(CLASS_PRIORITY, cpu));
}

CHECKED_ONCE u64 place_after_move(struct task_record *t, u32 class, s32 home)
{
	if (!t)
		return 0;
	return class == CLASS_PRIORITY ? in_level(t->level, place_in(t, class, home)) : place_in(t, class, home);
}

/* Moves the queued tasks of a process to the queue of their current class, or within PRIORITY to their current level. */
CHECKED_ONCE int move_queued(u64 from, u64 to, u32 tgid, u32 to_class, s32 home)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool moved;

	if (!queued(from))
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_scx_dsq_new(&it, from, 0);
	while ((p = bpf_iter_scx_dsq_next(&it))) {
		struct task_record *t;
		u32 level;
		u64 slice;
		s32 cpu;

		if (p->tgid != tgid)
			continue;
		t = task_record_of(p);
		if (!t || class_and_level_of(p, &level) != to_class)
			continue;
		/* An overdue member stands ahead of all levels. */
		if (from == to && (t->level == level || t->overdue))
			continue;
		t->level = level;
		note_level(level);
		cpu = scx_bpf_task_cpu(p);
		/* Before the move, because a CPU may take the task at once. It is right even if the move fails: then a CPU has just
		 * taken the task. */
		t->class = to_class;
		t->overdue = false;
		slice = slice_after_move(to_class, cpu);
		moved = dsq_move_vtime(&it, p, to, slice, place_after_move(t, to_class, home));
		if (moved && takes_over_count(t, to_class == CLASS_BATCH ? CLASS_PRIORITY : CLASS_BATCH, to_class))
			count_here(moved_to(to_class));
	}
	bpf_iter_scx_dsq_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

static void reclassify(u32 tgid, u32 to_class)
{
	struct member *m = bpf_map_lookup_elem(&priority_pids_map, &tgid);
	u32 level = m ? level_in(m->flags) : 0;
	s32 home;

	bpf_for(home, SHARED, (s32)nr_possible_cpus) {
		struct cpu_record *c;

		u64 priority = home == SHARED ? PRIORITY_DSQ : PINNED_DSQ(CLASS_PRIORITY, home);
		u64 batch = home == SHARED ? BATCH_DSQ : PINNED_DSQ(CLASS_BATCH, home);
		u64 overdue = home == SHARED ? OVERDUE_DSQ : PINNED_OVERDUE_DSQ(home);

		if (to_class == CLASS_BATCH) {
			move_queued(priority, batch, tgid, to_class, home);
		} else {
			move_queued(batch, priority, tgid, to_class, home);
			move_queued(overdue, priority, tgid, to_class, home);
			if (levels_differ)
				move_queued(priority, priority, tgid, to_class, home);
		}
		if (home == SHARED)
			continue;
		c = cpu_record_of(home);
		/* Dispatch may have found its queues empty before the moves, and the CPU may be idle now. */
		if (c && any_in_own_queues(home)) {
			c->has_pinned = true;
			scx_bpf_kick_cpu(home, SCX_KICK_IDLE);
		}
		/* The kick makes dispatch reconsider a running task. A member of a lower level may have to give way. */
		if (c && (c->tgid == tgid || (c->class == CLASS_PRIORITY && c->level < level)))
			scx_bpf_kick_cpu(home, SCX_KICK_PREEMPT);
	}
}

static int add(struct task_struct *p, u32 tgid, struct change *change)
{
	struct member member = {
		.start_boottime = p->start_boottime,
		.flags = change->flags & ~MEMBER_LEVEL_GIVEN,
		.chosen = change->chosen,
	};
	u64 start = p->start_boottime;
	int err;

	if (p->pid != p->tgid)
		return NOT_A_LEADER;
	if (p->flags & PF_KTHREAD)
		return KERNEL_THREAD;
	if (change->start_ticks && change->start_ticks != start / NS_PER_TICK)
		return OTHER_PROCESS;
	if (change->kind == CHANGE_ADD && is_own(p))
		return OWN_PROCESS;
	if (change->kind == CHANGE_OWN) {
		err = bpf_map_update_elem(&own_pids, &tgid, &start, BPF_ANY);
	} else {
		struct member *is = bpf_map_lookup_elem(&priority_pids_map, &tgid);

		/* A process that is chosen again keeps its children, and its level if the change names none. */
		if (is && is->start_boottime == start) {
			member.flags |= is->flags & MEMBER_WITH_CHILDREN;
			if (!(change->flags & MEMBER_LEVEL_GIVEN))
				member.flags |= is->flags & MEMBER_LEVEL;
		}
		/* A process that is already a member does not inherit. */
		err = bpf_map_update_elem(&priority_pids_map, &tgid, &member,
					  change->flags & MEMBER_THROUGH_PARENT ? BPF_NOEXIST : BPF_ANY);
	}
	if (err || p->signal->live.counter)
		return err;
	/* It ended meanwhile; its exit may have looked for the entry before it existed. */
	bpf_map_delete_elem(&own_pids, &tgid);
	bpf_map_delete_elem(&priority_pids_map, &tgid);
	return -ESRCH;
}

/* A process that has been added again meanwhile, with the same id, is another one. */
static int change_level(u32 tgid, const struct change *change)
{
	struct member *is = bpf_map_lookup_elem(&priority_pids_map, &tgid);

	if (!is)
		return -ENOENT;
	if (change->start_ticks && is->start_boottime && change->start_ticks != is->start_boottime / NS_PER_TICK)
		return OTHER_PROCESS;
	is->flags = (is->flags & ~MEMBER_LEVEL) | (change->flags & MEMBER_LEVEL);
	note_level(level_in(is->flags));
	return 0;
}

SEC("syscall")
int dualq_change(struct change *change)
{
	struct task_struct *p;
	u32 tgid = change->tgid;
	int err;

	if (change->kind == CHANGE_REMOVE) {
		err = bpf_map_delete_elem(&priority_pids_map, &tgid);
	} else if (change->kind == CHANGE_LEVEL) {
		err = change_level(tgid, change);
	} else if (change->kind == CHANGE_OWN) {
		/* The caller itself: the id that it passed may belong to another pid namespace. */
		p = bpf_get_current_task_btf()->group_leader;
		return add(p, p->tgid, change);
	} else {
		p = bpf_task_from_pid(tgid);
		if (!p)
			return -ESRCH;
		err = add(p, tgid, change);
		bpf_task_release(p);
		if (err)
			return err;
	}
	if (err)
		return err;
	return 0;
}

/* Separate from the change, so that a scheduler that is not attached (no queues) can be prepared. User space calls it
 * twice: an enqueue in progress during the first call may have read the old class. */
SEC("syscall")
int dualq_reclassify(struct change *change)
{
	reclassify(change->tgid, change->kind == CHANGE_REMOVE ? CLASS_BATCH : CLASS_PRIORITY);
	return 0;
}

/*
 * The creation and end of processes are tracked twice. The tracing programs run in time, but are sometimes skipped: if
 * a task is preempted inside one (7.x), the program is skipped for all others on that CPU until the task continues. See
 * `active` in __bpf_trace_run, kernel/trace/bpf_trace.c: two of each in 40 s of forks and exits. The ops run under the
 * run queue's lock and are never skipped. But `enable` covers only tasks of sched_ext, and there are no ops while a
 * standby instance tracks the members.
 */

/* The last thread of a process has ended; runs before the id can be reused. The leader may have ended long before, so
 * the thread group's count decides. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(dualq_process_exit, struct task_struct *p)
{
	u32 tgid = p->tgid;

	if (p->signal->live.counter)
		return 0;
	bpf_map_delete_elem(&own_pids, &tgid);
	if (!bpf_map_delete_elem(&priority_pids_map, &tgid))
		count_here(STAT_MEMBER_EXITS);
	return 0;
}

/* The id may belong to a later process by now. */
SEC("struct_ops/exit_task")
void BPF_PROG(dualq_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	u32 tgid = p->tgid;
	struct member *m;
	u64 *own;

	if (p->signal->live.counter)
		return;
	own = bpf_map_lookup_elem(&own_pids, &tgid);
	if (own && !before(p->start_boottime, *own))
		bpf_map_delete_elem(&own_pids, &tgid);
	m = bpf_map_lookup_elem(&priority_pids_map, &tgid);
	if (m && !before(p->start_boottime, m->start_boottime) && !bpf_map_delete_elem(&priority_pids_map, &tgid))
		count_here(STAT_MEMBER_EXITS);
}

/* Counts a child without room once: standby instances run these programs as well (src/scheduler/standby.rs). */
static bool is_first_to_notice(struct task_struct *child)
{
	struct task_record *t = bpf_task_storage_get(&task_records, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	bool first = !t || !t->left_out;

	if (t)
		t->left_out = true;
	return first;
}

/* A member whose children are members has a new child. Not done in init_task, where the child still has its parent's
 * start time. A full map fails no fork: the child stays in BATCH, and is counted. */
static void notice_birth(struct task_struct *child)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	u32 parent_tgid = parent->tgid, tgid = child->tgid;
	struct member *m = bpf_map_lookup_elem(&priority_pids_map, &parent_tgid);
	struct member born = {};

	if (!m || !(m->flags & MEMBER_WITH_CHILDREN) || child->pid != child->tgid || !member_of(parent))
		return;
	born.start_boottime = child->start_boottime;
	born.flags = MEMBER_WITH_CHILDREN | MEMBER_THROUGH_PARENT | (m->flags & MEMBER_LEVEL);
	born.chosen = m->flags & MEMBER_THROUGH_PARENT ? m->chosen : parent_tgid;
	if (bpf_map_update_elem(&priority_pids_map, &tgid, &born, BPF_NOEXIST) == -E2BIG && is_first_to_notice(child))
		count_here(STAT_CHILDREN_LEFT_OUT);
}

SEC("tp_btf/task_newtask")
int BPF_PROG(dualq_newtask, struct task_struct *child, u64 clone_flags)
{
	notice_birth(child);
	return 0;
}

/* A task that its parent is still creating (include/linux/sched.h). */
#define TASK_NEW 0x800

/* Called by the parent (scx_post_fork in kernel/sched/ext.c), or when a task comes from another scheduling class. */
SEC("struct_ops/enable")
void BPF_PROG(dualq_enable, struct task_struct *p)
{
	if (p->__state & TASK_NEW)
		notice_birth(p);
}

#endif
