/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One object serves every kernel from Linux 6.12 to 7.3 and the release after. Each kernel function stands here once,
 * in all the forms that it has or will have, and the rest of the program calls the wrapper.
 *
 * How: every form is declared weak, under a `___suffix` of its own that libbpf strips (the last one only,
 * so that the kernel's own `…___v2` needs two). A weak symbol whose prototype differs from the kernel's
 * counts as absent, so the first form that exists is the right one. The verifier removes the others; where
 * none exists, it names the one that is called last.
 *
 * From 7.0 on many of these functions have a hidden last argument, the calling program, which the verifier
 * fills in (KF_IMPLICIT_ARGS). Kernels that were built by an old pahole show it in their type information, each
 * build in other functions. Declared with that argument such a function loads no better: the verifier looks for
 * a twin, `…_impl`, which is missing there. So it counts as absent; src/scheduler/load/reason.rs names the cause.
 */
#ifndef DUALQ_COMPAT_H
#define DUALQ_COMPAT_H

#define KFUNC extern
#define OPTIONAL __ksym __weak

/* ---- the same on every kernel ---- */
KFUNC s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) OPTIONAL;
KFUNC s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle) OPTIONAL;
KFUNC s32 scx_bpf_dsq_nr_queued(u64 dsq_id) OPTIONAL;
KFUNC void scx_bpf_kick_cpu(s32 cpu, u64 flags) OPTIONAL;
KFUNC const struct cpumask *scx_bpf_get_online_cpumask(void) OPTIONAL;
KFUNC void scx_bpf_put_cpumask(const struct cpumask *cpumask) OPTIONAL;
KFUNC s32 scx_bpf_pick_idle_cpu(const struct cpumask *allowed, u64 flags) OPTIONAL;
KFUNC bool scx_bpf_test_and_clear_cpu_idle(s32 cpu) OPTIONAL;
KFUNC s32 scx_bpf_task_cpu(const struct task_struct *p) OPTIONAL;
KFUNC int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) OPTIONAL;
KFUNC struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it) OPTIONAL;
KFUNC void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) OPTIONAL;
KFUNC int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) OPTIONAL;
KFUNC struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) OPTIONAL;
KFUNC void bpf_iter_task_destroy(struct bpf_iter_task *it) OPTIONAL;
KFUNC struct task_struct *bpf_task_from_pid(s32 pid) OPTIONAL;
KFUNC void bpf_task_release(struct task_struct *p) OPTIONAL;
KFUNC void bpf_rcu_read_lock(void) OPTIONAL;
KFUNC void bpf_rcu_read_unlock(void) OPTIONAL;
KFUNC struct bpf_cpumask *bpf_cpumask_create(void) OPTIONAL;
KFUNC void bpf_cpumask_release(struct bpf_cpumask *mask) OPTIONAL;
KFUNC void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *mask) OPTIONAL;
KFUNC void bpf_cpumask_clear_cpu(u32 cpu, struct bpf_cpumask *mask) OPTIONAL;
KFUNC bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *mask) OPTIONAL;
KFUNC bool bpf_cpumask_test_and_clear_cpu(u32 cpu, struct bpf_cpumask *mask) OPTIONAL;
KFUNC u32 bpf_cpumask_any_and_distribute(const struct cpumask *a, const struct cpumask *b) OPTIONAL;

/* ---- clock: 6.14 on has one that is cheaper inside a scheduling event ---- */
KFUNC u64 scx_bpf_now___compat(void) OPTIONAL;

static inline u64 clock_ns(void)
{
	if (bpf_ksym_exists(scx_bpf_now___compat))
		return scx_bpf_now___compat();
	return bpf_ktime_get_ns();
}

/* ---- insert into a FIFO queue: without an answer at first, with one from 6.19 on (`___v2`), which takes
 * over the plain name later ---- */
KFUNC bool scx_bpf_dsq_insert___coming(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) OPTIONAL;
KFUNC bool scx_bpf_dsq_insert___v2___compat(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) OPTIONAL;
KFUNC void scx_bpf_dsq_insert___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) OPTIONAL;
KFUNC void scx_bpf_dispatch___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) OPTIONAL;

static inline void dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice_ns, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___compat))
		scx_bpf_dsq_insert___v2___compat(p, dsq_id, slice_ns, enq_flags);
	else if (bpf_ksym_exists(scx_bpf_dsq_insert___coming))
		scx_bpf_dsq_insert___coming(p, dsq_id, slice_ns, enq_flags);
	else if (bpf_ksym_exists(scx_bpf_dsq_insert___v1))
		scx_bpf_dsq_insert___v1(p, dsq_id, slice_ns, enq_flags);
	else
		scx_bpf_dispatch___old(p, dsq_id, slice_ns, enq_flags);
}

/* ---- insert into a queue ordered by virtual time ---- */
struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};
KFUNC bool __scx_bpf_dsq_insert_vtime___compat(struct task_struct *p,
					       struct scx_bpf_dsq_insert_vtime_args *args) OPTIONAL;
KFUNC void scx_bpf_dsq_insert_vtime___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
					 u64 enq_flags) OPTIONAL;
KFUNC void scx_bpf_dispatch_vtime___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
					u64 enq_flags) OPTIONAL;

static inline void dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice_ns, u64 vtime, u64 enq_flags)
{
	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime___compat)) {
		struct scx_bpf_dsq_insert_vtime_args args = {
			.dsq_id = dsq_id, .slice = slice_ns, .vtime = vtime, .enq_flags = enq_flags,
		};
		__scx_bpf_dsq_insert_vtime___compat(p, &args);
	} else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime___v1)) {
		scx_bpf_dsq_insert_vtime___v1(p, dsq_id, slice_ns, vtime, enq_flags);
	} else {
		scx_bpf_dispatch_vtime___old(p, dsq_id, slice_ns, vtime, enq_flags);
	}
}

/* ---- take the first task of a queue that may run on this CPU: with flags from 7.1 on (`___v2`), which take
 * over the plain name later ---- */
KFUNC bool scx_bpf_dsq_move_to_local___coming(u64 dsq_id, u64 enq_flags) OPTIONAL;
KFUNC bool scx_bpf_dsq_move_to_local___v2___compat(u64 dsq_id, u64 enq_flags) OPTIONAL;
KFUNC bool scx_bpf_dsq_move_to_local___v1(u64 dsq_id) OPTIONAL;
KFUNC bool scx_bpf_consume___old(u64 dsq_id) OPTIONAL;

CHECKED_ONCE bool dsq_take(u64 dsq_id)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___compat))
		return scx_bpf_dsq_move_to_local___v2___compat(dsq_id, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___coming))
		return scx_bpf_dsq_move_to_local___coming(dsq_id, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v1))
		return scx_bpf_dsq_move_to_local___v1(dsq_id);
	return scx_bpf_consume___old(dsq_id);
}

/* ---- move the task under an iterator to another queue ---- */
KFUNC bool scx_bpf_dsq_move___compat(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags) OPTIONAL;
KFUNC bool scx_bpf_dispatch_from_dsq___old(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags) OPTIONAL;
KFUNC bool scx_bpf_dsq_move_vtime___compat(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags) OPTIONAL;
KFUNC bool scx_bpf_dispatch_vtime_from_dsq___old(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags) OPTIONAL;
KFUNC void scx_bpf_dsq_move_set_slice___compat(struct bpf_iter_scx_dsq *it, u64 slice) OPTIONAL;
KFUNC void scx_bpf_dispatch_from_dsq_set_slice___old(struct bpf_iter_scx_dsq *it, u64 slice) OPTIONAL;
KFUNC void scx_bpf_dsq_move_set_vtime___compat(struct bpf_iter_scx_dsq *it, u64 vtime) OPTIONAL;
KFUNC void scx_bpf_dispatch_from_dsq_set_vtime___old(struct bpf_iter_scx_dsq *it, u64 vtime) OPTIONAL;

static inline bool dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 slice_ns)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move___compat)) {
		if (slice_ns)
			scx_bpf_dsq_move_set_slice___compat(it, slice_ns);
		return scx_bpf_dsq_move___compat(it, p, dsq_id, 0);
	}
	if (slice_ns)
		scx_bpf_dispatch_from_dsq_set_slice___old(it, slice_ns);
	return scx_bpf_dispatch_from_dsq___old(it, p, dsq_id, 0);
}

static inline bool dsq_move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 slice_ns, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_vtime___compat)) {
		scx_bpf_dsq_move_set_slice___compat(it, slice_ns);
		scx_bpf_dsq_move_set_vtime___compat(it, vtime);
		return scx_bpf_dsq_move_vtime___compat(it, p, dsq_id, 0);
	}
	scx_bpf_dispatch_from_dsq_set_slice___old(it, slice_ns);
	scx_bpf_dispatch_from_dsq_set_vtime___old(it, vtime);
	return scx_bpf_dispatch_vtime_from_dsq___old(it, p, dsq_id, 0);
}

/* ---- a task's slice: a plain write until 6.18, which later kernels warn about ---- */
KFUNC bool scx_bpf_task_set_slice___compat(struct task_struct *p, u64 slice) OPTIONAL;

static inline void task_set_slice(struct task_struct *p, u64 slice_ns)
{
	if (bpf_ksym_exists(scx_bpf_task_set_slice___compat))
		scx_bpf_task_set_slice___compat(p, slice_ns);
	else
		p->scx.slice = slice_ns;
}

/* ---- what waits in this CPU's local queue goes through enqueue once more ---- */
/* Any queue, from anywhere: 7.1 on. */
KFUNC void scx_bpf_dsq_reenq___compat(u64 dsq_id, u64 flags) OPTIONAL;
/* The local queue, from anywhere: 6.19 on, and later under the plain name. */
KFUNC void scx_bpf_reenqueue_local___v2___compat(void) OPTIONAL;
KFUNC void scx_bpf_reenqueue_local___coming(void) OPTIONAL;
/* The local queue, from the op cpu_release only. */
KFUNC u32 scx_bpf_reenqueue_local___v1(void) OPTIONAL;

/* From anywhere. User space loads what calls this where the kernel has one of these functions, and the op
 * cpu_release where not (src/scheduler/load.rs). */
static inline void reenqueue_local(u64 local_dsq)
{
	if (bpf_ksym_exists(scx_bpf_dsq_reenq___compat))
		scx_bpf_dsq_reenq___compat(local_dsq, 0);
	else if (bpf_ksym_exists(scx_bpf_reenqueue_local___v2___compat))
		scx_bpf_reenqueue_local___v2___compat();
	else
		scx_bpf_reenqueue_local___coming();
}

/* From the op. */
static inline void reenqueue_local_in_release(void)
{
	scx_bpf_reenqueue_local___v1();
}

/* ---- the first task of a queue, without its lock ---- */
KFUNC struct task_struct *scx_bpf_dsq_peek___compat(u64 dsq_id) OPTIONAL;

/* Otherwise the iterator serves. In 6.19 and 7.0 the answer may be a task that has left the queue: a kernel
 * that is newer is told by the function that came with 7.1. */
static inline bool can_peek(void)
{
	if (!bpf_ksym_exists(scx_bpf_dsq_reenq___compat))
		return false;
	return bpf_ksym_exists(scx_bpf_dsq_peek___compat);
}

static inline struct task_struct *dsq_peek(u64 dsq_id)
{
	return scx_bpf_dsq_peek___compat(dsq_id);
}

#endif
