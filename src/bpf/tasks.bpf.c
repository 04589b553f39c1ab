// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads all processes in one go, for the dashboard's list: what /proc/PID/stat says of them, at a
 * twentieth of its cost. An object of its own, since it needs no sched_ext: it also serves where
 * the scheduler cannot be loaded.
 *
 * The kernel calls it for each thread, in order of their ids, while the dashboard reads the
 * iterator; it answers with one record for each process.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char _license[] SEC("license") = "GPL";

/* Parsed by src/observe/iterator.rs. */
struct process_record {
	u32 pid;
	u32 parent;
	/* What /proc/PID/stat shows in ticks of 10 ms. */
	u64 start_boottime_ns;
	/* All threads, those that have ended included. */
	u64 cpu_ns;
	/* Grows with each exec. */
	u32 execs;
	/* The owner, as /proc has it: the effective user. */
	u32 uid;
	u32 threads;
	u32 flags;
	u32 state;
	/* A thread was just ending: the CPU time may be wrong by that thread's. */
	u32 uncertain;
	char comm[16];
};

/* Not in kernel.h, since only an iterator meets them. The context's layout is the kernel's promise. */
struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter_task {
	u64 opaque[3];
} __attribute__((aligned(8)));
/* include/uapi/linux/bpf.h has no name for it: the threads of one process. */
#define PROCESS_THREADS 2

extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym;
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;

/* Read anew each time, in the order written here. */
#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))

static u64 runtime_once(struct task_struct *leader, struct signal_struct *signal)
{
	u64 sum = READ_ONCE(signal->sum_sched_runtime);
	struct bpf_iter_task it;
	struct task_struct *thread;

	if (signal->nr_threads == 1)
		return sum + leader->se.sum_exec_runtime;
	bpf_iter_task_new(&it, leader, PROCESS_THREADS);
	while ((thread = bpf_iter_task_next(&it)))
		sum += thread->se.sum_exec_runtime;
	bpf_iter_task_destroy(&it);
	return sum;
}

/*
 * A thread that ends moves its time from itself to the process, under this lock: a sum taken
 * meanwhile counts it twice or not at all, and either would show as a leap of CPU%. Whoever holds the
 * lock may have lost its CPU in a virtual machine, so this does not wait for it.
 */
static bool runtime(struct task_struct *leader, struct signal_struct *signal, u64 *sum)
{
	for (int tries = 0; tries < 3; tries++) {
		u32 before = READ_ONCE(signal->stats_lock.seqcount.seqcount.sequence);

		*sum = runtime_once(leader, signal);
		if (!(before & 1) && before == READ_ONCE(signal->stats_lock.seqcount.seqcount.sequence))
			return true;
	}
	return false;
}

SEC("iter/task")
int dualq_processes(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task, *p;
	struct process_record record;
	struct signal_struct *signal;

	if (!task || task->pid != task->tgid)
		return 0;
	/* The same without the verifier's trust: it looks through all the kernel's types, milliseconds
	 * long, for each pointer that is followed from one that it trusts. */
	p = bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct));
	signal = p->signal;
	__builtin_memset(&record, 0, sizeof(record));
	record.pid = p->tgid;
	record.parent = p->real_parent->tgid;
	record.start_boottime_ns = p->start_boottime;
	record.uncertain = !runtime(task, signal, &record.cpu_ns);
	record.execs = p->self_exec_id;
	record.uid = p->real_cred->euid.val;
	record.threads = signal->nr_threads;
	record.flags = p->flags;
	record.state = p->__state | p->exit_state;
	__builtin_memcpy(record.comm, p->comm, sizeof(record.comm));
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
