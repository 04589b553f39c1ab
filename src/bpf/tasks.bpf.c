// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads all processes for the dashboard's list: the values of /proc/PID/stat at a fortieth of its cost. A separate object,
 * because it needs no sched_ext and also works if the scheduler cannot be loaded.
 *
 * Each run continues along the kernel's list of processes for some hundreds of them. The kernel's iterator of type
 * iter/task goes through all ids instead, including those of threads, at twice the cost.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "compat.h"

char _license[] SEC("license") = "GPL";

/* Parsed by src/observe/iterator.rs. */
struct process_record {
	u32 pid;
	u32 parent;
	/* The start time, which /proc/PID/stat shows in ticks of 10 ms. */
	u64 start_boottime_ns;
	/* CPU time of all threads, including threads that have ended. */
	u64 cpu_ns;
	/* Grows with each exec. */
	u32 execs;
	/* The owner, as in /proc: the effective user. */
	u32 uid;
	u32 threads;
	u32 flags;
	u32 state;
	/* A thread was just ending, so the CPU time may be wrong by that thread's. */
	u16 uncertain;
	/* The first thread's scheduling policy, e.g. SCHED_FIFO. */
	u16 policy;
	char comm[16];
};

/* The number of processes per walk under the kernel's read lock: a tenth of a millisecond. */
#define MOST 512

/* The result of one run. */
struct page {
	u32 filled;
	u32 pad;
	struct process_record records[MOST];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct page);
} page SEC(".maps");

/* The argument of a run. */
struct walk {
	/* The process to begin with; afterwards the one to continue with, or 0 at the end. */
	u32 from;
	u32 pad;
};

/* The return values of a run. */
enum answer {
	DONE,
	/* The process to begin with does not exist. */
	GONE,
};

/* include/uapi/linux/bpf.h has no name for it: the threads of one process. An iterator over all
 * processes, the kernel has too, but that one can begin nowhere but at the first. */
#define PROCESS_THREADS 2

/* Read each time, in this order. */
#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))

static u64 runtime_once(struct task_struct *leader, struct signal_struct *signal)
{
	u64 sum = READ_ONCE(signal->sum_sched_runtime);
	struct task_struct *held, *thread;
	struct bpf_iter_task it;

	if (signal->nr_threads == 1)
		return sum + leader->se.sum_exec_runtime;
	/* Held, or the verifier does not trust it with the next call. */
	held = bpf_task_from_pid(leader->pid);
	if (!held)
		return sum + leader->se.sum_exec_runtime;
	bpf_iter_task_new(&it, held, PROCESS_THREADS);
	while ((thread = bpf_iter_task_next(&it)))
		sum += thread->se.sum_exec_runtime;
	bpf_iter_task_destroy(&it);
	bpf_task_release(held);
	return sum;
}

/*
 * A thread that ends moves its CPU time to the process under this lock. A sum that is taken meanwhile counts it twice or
 * not at all, and CPU% would jump. The holder of the lock may be without a CPU in a virtual machine, so this does not
 * wait for it.
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

/* The same without the verifier's trust: it looks through all the kernel's types, milliseconds long, for
 * each pointer that is followed from one that it trusts. */
static struct task_struct *plain(struct task_struct *task)
{
	return bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct));
}

static void describe(struct task_struct *p, struct process_record *record)
{
	struct signal_struct *signal = p->signal;
	u64 cpu_ns = 0;

	record->uncertain = !runtime(p, signal, &cpu_ns);
	record->pid = p->tgid;
	record->parent = p->real_parent->tgid;
	record->start_boottime_ns = p->start_boottime;
	record->cpu_ns = cpu_ns;
	record->execs = p->self_exec_id;
	record->uid = p->real_cred->euid.val;
	record->threads = signal->nr_threads;
	record->flags = p->flags;
	record->policy = p->policy;
	record->state = p->__state | p->exit_state;
	__builtin_memcpy(record->comm, p->comm, sizeof(record->comm));
}

/* The position of a run. */
struct place {
	struct task_struct *task;
};

/* Returns the next process on the kernel's list of all processes. */
static struct task_struct *after(struct task_struct *p)
{
	void *next = READ_ONCE(p->tasks.next);

	return next - bpf_core_field_offset(struct task_struct, tasks);
}

static int one(u32 index, struct place *place)
{
	u32 first = 0;
	struct page *found = bpf_map_lookup_elem(&page, &first);
	struct task_struct *p = plain(place->task);

	/* The list is a ring, closed by the idle task. */
	if (!found || index >= MOST || !p->tgid)
		return 1;
	describe(p, &found->records[index]);
	found->filled = index + 1;
	place->task = after(p);
	return 0;
}

SEC("syscall")
int dualq_processes(struct walk *walk)
{
	u32 first = 0, from = walk->from, next = 0;
	struct page *found = bpf_map_lookup_elem(&page, &first);
	struct task_struct *begin;
	struct place place;
	int answer = GONE;

	if (!found)
		return GONE;
	found->filled = 0;
	/* After this, a task that is found by its id is on the list, and its successors stay. */
	bpf_rcu_read_lock();
	begin = bpf_task_from_pid(from);
	if (begin) {
		place.task = plain(begin);
		/* The id may belong to a thread by now; threads are not on the list. */
		if (place.task->pid == place.task->tgid) {
			bpf_loop(MOST, one, &place, 0);
			next = plain(place.task)->tgid;
			answer = DONE;
		}
		bpf_task_release(begin);
	}
	bpf_rcu_read_unlock();
	walk->from = next;
	return answer;
}
